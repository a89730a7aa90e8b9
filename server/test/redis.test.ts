import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import Fastify from 'fastify';
import { Engine } from 'undertone';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job } from '../src/jobs/jobs.ts';
import { type JobQueue, openQueue } from '../src/jobs/redis.ts';
import { end, ended, Redis, run } from './support/redis.ts';
import {
  ask,
  call,
  eventually,
  type Json,
  post,
  readingRoom,
  settingsWith,
  speech,
  start,
  wait,
} from './support/service.ts';

const test = suite('jobs on Redis');
/** All of it takes minutes: more files, more kills. */
const full = process.env['UNDERTONE_SERVER_FULL'] === '1';
const files = full ? 300 : 80;
const kills = full ? 10 : 4;
const redis = new Redis();
let queue: JobQueue;
let results: string;
let folder: string;
const workers = new Set<ReturnType<typeof run>>();

test.before(async () => {
  await redis.start();
  results = join(redis.folder, 'results');
  folder = join(redis.folder, 'recordings');
  queue = openQueue({ ...settingsWith(), redis: redis.url });
  await queue.waitUntilReady();
});
test.after(async () => {
  for (const worker of workers) await end(worker, 'SIGKILL');
  await queue.close();
  await redis.stop();
});

function startWorker(...more: string[]) {
  const own = [
    '--redis',
    redis.url,
    '--results',
    results,
    '--files',
    folder,
    '--lock-seconds',
    '3',
    '--threads',
    '1',
    ...more,
  ];
  const worker = run('undertone-worker', ...own);
  workers.add(worker);
  worker.on('exit', () => workers.delete(worker));
  return worker;
}

const counts = async (): Promise<Json> => queue.getJobCounts().catch(() => ({}));

/** A second of reading-room.wav, from another place for each file. */
function second(i: number): Buffer {
  const from = Math.floor((i * 7919) % (speech.length / 2 - 16_000)) * 2;
  const wav = Buffer.concat([readingRoom.subarray(0, 44), speech.subarray(from, from + 32_000)]);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.writeUInt32LE(32_000, 40);
  return wav;
}

test('workers killed at random, Redis killed in the middle: each file has its result, none ended twice', async () => {
  for (let i = 0; i < files; i++) {
    const place = join(folder, `day-${i % 7}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `call-${i}.wav`), second(i));
  }
  const list = join(redis.folder, 'list.tsv');
  const enqueue = () =>
    run('undertone-server', 'enqueue', folder, '--redis', redis.url, '--models', 'speech,gender', '--list', list);
  const filling = enqueue();
  assert.is(await ended(filling), 0, filling.text);
  assert.match(filling.text, new RegExp(`${files} files found, ${files} queued, 0 known already`));
  const again = enqueue();
  await ended(again);
  assert.match(again.text, new RegExp(`${files} files found, 0 queued, ${files} known already`));

  startWorker();
  startWorker();
  const every = Math.floor(files / (kills + 1));
  let restarted = false;
  for (let killed = 0; killed < kills; killed++) {
    await eventually(counts, ({ completed = 0 }) => completed >= every * (killed + 1), 120);
    await wait(Math.random() * 100);
    const victim = [...workers][Math.floor(Math.random() * workers.size)];
    await end(victim, 'SIGKILL');
    startWorker();
    if (!restarted && killed >= kills / 2) {
      await redis.kill();
      await wait(500);
      await redis.start();
      restarted = true;
    }
  }
  const over = await eventually(
    counts,
    ({ waiting, active, delayed }) => waiting === 0 && active === 0 && delayed === 0,
    180,
  );
  assert.ok(restarted);
  assert.equal([over.completed, over.failed], [files, 0]);

  const endings = new Map<string, number>();
  const client = (await queue.client) as unknown as {
    xrange(key: string, from: string, to: string): Promise<[string, string[]][]>;
  };
  for (const [, fields] of await client.xrange(queue.toKey('events'), '-', '+')) {
    const entry: Json = Object.fromEntries(fields.flatMap((field, i) => (i % 2 ? [] : [[field, fields[i + 1]]])));
    if (entry['event'] === 'completed') endings.set(entry['jobId'], (endings.get(entry['jobId']) ?? 0) + 1);
  }
  assert.is(endings.size, files);
  assert.ok([...endings.values()].every((times) => times === 1));

  const engine = await Engine.create({ device: 'cpu', threads: 1 });
  const written = readdirSync(join(results, 'results'), { recursive: true })
    .map(String)
    .filter((name) => !/^..$/.test(name));
  assert.is(written.length, files);
  const listed = new Map(
    readFileSync(list, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
  assert.is(listed.size, files);
  for (const [id, path] of listed) {
    const result = JSON.parse(readFileSync(join(results, 'results', id.slice(0, 2), `${id}.json`), 'utf8'));
    assert.is(result.file, path);
    const { channels } = await engine.processFile(join(folder, path), { models: ['Speech', 'Gender'] });
    assert.equal(result.channels, channels);
  }
  await engine.dispose();
});

test('a file that can not be read ends in the failed set with its reason, after three tries', async () => {
  writeFileSync(join(folder, 'broken.wav'), readingRoom.subarray(0, 60));
  const filling = run(
    'undertone-server',
    'enqueue',
    folder,
    '--redis',
    redis.url,
    '--models',
    'speech,gender',
    '--retry-seconds',
    '0.1',
  );
  await ended(filling);
  assert.match(filling.text, /1 queued/);
  await eventually(counts, ({ failed = 0 }) => failed === 1, 60);
  const [failed] = await queue.getFailed();
  assert.equal([failed?.attemptsMade, failed?.data.source], [3, { kind: 'file', path: 'broken.wav' }]);
  assert.match(failed?.failedReason ?? '', /^unreadable_audio: audio: /);
});

test('a path that leads out of the folder is no file of it', async () => {
  const secret = join(redis.folder, 'secret.wav');
  writeFileSync(secret, readingRoom);
  await queue.add(
    'file',
    { source: { kind: 'file', path: '../secret.wav' }, asked: {} },
    { attempts: 1, jobId: 'f'.repeat(32) },
  );
  const job = await eventually(
    () => queue.getJob('f'.repeat(32)),
    (found) => found?.finishedOn !== undefined,
    60,
  );
  assert.match(job?.failedReason ?? '', /^outside: /);
});

test('a worker that is told to end finishes its jobs and leaves the rest', async () => {
  const [worker, other] = [...workers];
  assert.ok(worker && other);
  assert.is(await end(other, 'SIGTERM'), 0);
  const options = { attempts: 3 };
  for (let i = 0; i < 20; i++) {
    await queue.add(
      'file',
      { source: { kind: 'file', path: `day-${i % 7}/call-${i}.wav` }, asked: { output_period: 64 * (i + 1) } },
      options,
    );
  }
  assert.is(await end(worker, 'SIGTERM'), 0);
  assert.match(worker.text, /"ended"/);
  assert.not.match(worker.text, /call-\d+\.wav/);
  assert.is((await counts()).active, 0);
  startWorker();
  await eventually(counts, ({ waiting, active }) => waiting + active === 0, 60);
});

test('the API is the same over Redis, and says so when Redis is away', async () => {
  const server = await start({ redis: redis.url, results, retrySeconds: 0.1 });
  const path = '/file-processing/jobs';
  const init = { headers: { 'idempotency-key': 'over-redis' } };
  const { status, body } = await post(server, `${path}?models=speech`, call, init);
  assert.is(status, 202);
  const over = (id: string) =>
    eventually(
      async () => (await ask(server, `${path}/${id}`)).body,
      ({ state }) => state === 'done' || state === 'error',
      60,
    );
  assert.is((await over(body.id)).state, 'done');
  assert.is((await post(server, `${path}?models=speech`, call, init)).body.id, body.id);
  assert.is((await post(server, `${path}?models=gender`, call, init)).status, 422);
  const found = await ask(server, `${path}/${body.id}/results`);
  assert.equal(found.body, await server.engine.processFile(call, { models: ['Speech'] }));
  const broken = await post(server, path, 'this is no audio');
  const failed = await over(broken.body.id);
  assert.equal([failed.state, failed.tries, failed.error.code], ['error', 3, 'unreadable_audio']);
  assert.match((await ask(server, '/metrics')).body, /undertone_jobs\{state="done"\} \d+/);
  assert.is((await ask(server, `${path}/${body.id}`, { method: 'DELETE' })).status, 204);
  assert.is((await ask(server, `${path}/${body.id}`)).status, 404);
  await eventually(
    () => readdirSync(join(results, 'jobs')),
    (names) => names.length === 0,
  );

  await redis.kill();
  const away = await eventually(
    () => post(server, path, readingRoom),
    ({ status }) => status === 503,
    30,
  );
  assert.equal([away.body.error.code, away.headers.get('retry-after')], ['queue_unavailable', '5']);
  assert.is((await ask(server, '/readyz')).status, 503);
  assert.is((await ask(server, '/metrics')).status, 200);
  assert.is((await post(server, '/v1/chunk?encoding=s16le', speech)).status, 200);
  await redis.start();
  await eventually(
    async () => (await ask(server, '/readyz')).status,
    (status) => status === 200,
    30,
  );
  const back = await post(server, path, readingRoom);
  assert.is((await over(back.body.id)).state, 'done');
  await server.close();
});

test("BullMQ's dashboard shows the queue", async () => {
  const adapter = new FastifyAdapter();
  createBullBoard({ queues: [new BullMQAdapter(queue as unknown as Queue<Job>)], serverAdapter: adapter });
  const app = Fastify();
  adapter.setBasePath('/board');
  await app.register(adapter.registerPlugin(), { prefix: '/board' });
  const { queues } = (
    await app.inject('/board/api/queues?activeQueue=undertone&status=failed&page=1&jobsPerPage=10')
  ).json();
  assert.is(queues[0].name, 'undertone');
  assert.ok(queues[0].counts.completed >= files);
  assert.ok(queues[0].jobs.some(({ failedReason }: Json) => /^unreadable_audio/.test(failedReason)));
  await app.close();
  rmSync(folder, { recursive: true });
});

test.run();
