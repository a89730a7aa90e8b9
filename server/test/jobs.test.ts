import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { LocalJobs } from '../src/jobs/local.ts';
import { FolderStore } from '../src/jobs/store.ts';
import { openBase } from '../src/process.ts';
import { ask, call, eventually, type Json, post, readingRoom, settingsWith, start } from './support/service.ts';

const test = suite('jobs in the process');
const other = 'another-key-of-tests';
const folder = mkdtempSync(join(tmpdir(), 'undertone-test-'));
let server: Server;
test.before(async () => {
  server = await start({ keys: ['a-key-for-tests-0001', other], results: folder, retrySeconds: 0.01 });
});
test.after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const path = '/file-processing/jobs';
const ended = (id: string) =>
  eventually(
    async () => (await ask(server, `${path}/${id}`)).body,
    ({ state }: Json) => state === 'done' || state === 'error',
  );

test('a job ends with what a file gives at once; its audio is gone then', async () => {
  const { status, headers, body } = await post(server, `${path}?models=speech&include_summary=true`, call);
  assert.is(status, 202);
  assert.is(headers.get('location'), `${path}/${body.id}`);
  assert.match(body.state, /^(new|started)$/);
  const job = await ended(body.id);
  assert.equal([job.state, job.tries], ['done', 1]);
  assert.ok(job.finished_at >= job.created_at);
  const results = await ask(server, `${path}/${body.id}/results`);
  assert.equal(results.body, await server.engine.processFile(call, { models: ['Speech'], includeSummary: true }));
  assert.equal(readdirSync(join(folder, 'jobs')), [`${body.id}.json`]);
});

test('a job that fails says why, after three tries', async () => {
  const { body } = await post(server, path, 'no audio, however often it is tried');
  const job = await ended(body.id);
  assert.equal([job.state, job.tries, job.error.code], ['error', 3, 'unreadable_audio']);
  const results = await ask(server, `${path}/${body.id}/results`);
  assert.equal([results.status, results.body.error.code], [422, 'unreadable_audio']);
});

test('results that are not there yet are said to be so', async () => {
  const { body } = await post(server, path, Buffer.concat(Array.from({ length: 1 }, () => call)));
  const early = await ask(server, `${path}/${body.id}/results`);
  if (early.status !== 200)
    assert.equal([early.status, early.body.error.code, early.headers.get('retry-after')], [409, 'not_done', '1']);
  await ended(body.id);
  assert.is((await ask(server, `${path}/${body.id}/results`)).status, 200);
});

test('the same Idempotency-Key is the same job, with another request it is refused', async () => {
  const init = { headers: { 'idempotency-key': 'order-7' } };
  const answers = await Promise.all([post(server, path, readingRoom, init), post(server, path, readingRoom, init)]);
  assert.is(answers[0].body.id, answers[1].body.id);
  assert.is((await ended(answers[0].body.id)).tries, 1);
  assert.is((await post(server, path, readingRoom, init)).body.id, answers[0].body.id);
  const other = await post(server, path, call, init);
  assert.equal([other.status, other.body.error.code], [422, 'idempotency_mismatch']);
  assert.is((await post(server, `${path}?models=speech`, readingRoom, init)).status, 422);
  assert.is((await post(server, path, readingRoom, { headers: { 'idempotency-key': 'a b' } })).status, 400);
});

test('a job is seen by its owner alone, until it is deleted', async () => {
  const { body } = await post(server, path, readingRoom);
  await ended(body.id);
  assert.is((await ask(server, `${path}/${body.id}`, { key: other })).status, 404);
  assert.is((await ask(server, `${path}/${body.id}/results`, { key: other })).status, 404);
  assert.is((await ask(server, `${path}/${body.id}`, { method: 'DELETE', key: other })).status, 404);
  assert.is((await ask(server, `${path}/${body.id}`, { method: 'DELETE' })).status, 204);
  assert.is((await ask(server, `${path}/${body.id}`)).status, 404);
  assert.not(readdirSync(join(folder, 'jobs')).includes(`${body.id}.json`));
  assert.is((await ask(server, `${path}/../../etc/passwd`)).status, 404);
  assert.is((await ask(server, `${path}/no-id`)).status, 400);
});

test('no more jobs wait than may, and results are forgotten in time', async () => {
  const small = await start({ maxJobs: 1, concurrency: 1, keepHours: 0.001 });
  const minutes = new Uint8Array(600 * 8000).fill(0x5a);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await post(small, `${path}?encoding=mulaw`, minutes));
  const refused = answers.find(({ status }) => status === 429);
  assert.equal([refused?.body.error.code, refused?.headers.get('retry-after')], ['too_many_jobs', '30']);
  const { id } = answers.find(({ status }) => status === 202)?.body ?? {};
  await eventually(
    async () => (await ask(small, `${path}/${id}`)).body.state,
    (state) => state === 'done',
  );
  await new Promise((resolve) => setTimeout(resolve, 3700));
  await post(small, path, readingRoom);
  assert.is((await ask(small, `${path}/${id}`)).status, 404);
  await small.close();
});

test('at the end jobs under way are finished', async () => {
  const settings = settingsWith({ concurrency: 1 });
  const base = await openBase(settings);
  const jobs = new LocalJobs(base, settings);
  const file = join(folder, 'reading-room.wav');
  writeFileSync(file, readingRoom);
  const shop = { ...base, fileAt: async () => file };
  const own = new LocalJobs(shop, settings);
  await own.add('0'.repeat(32), { source: { kind: 'file', path: 'x' }, asked: {} });
  await own.close(new AbortController().signal);
  assert.is((await own.find('0'.repeat(32)))?.status.state, 'done');
  assert.is(await own.ready(), false);
  await jobs.close(AbortSignal.abort());
  await base.free();
});

test('old results are swept away, others stay', async () => {
  const store = new FolderStore(folder);
  const { body } = await post(server, path, readingRoom);
  await ended(body.id);
  await store.sweep(3_600_000);
  assert.is((await ask(server, `${path}/${body.id}/results`)).status, 200);
  await store.sweep(-1);
  assert.equal(readdirSync(join(folder, 'jobs')), []);
  assert.is((await ask(server, `${path}/${body.id}/results`)).status, 404);
});

test.run();
