import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { audio, type CallMessage, createClient, openCall } from '../client/src/index.ts';
import { startServer } from '../src/index.ts';
import { call, frames, key, settingsWith, speech, start, wait } from './support/service.ts';

const test = suite('the client');
// Node 20 has no WebSocket of its own.
globalThis.WebSocket ??= WebSocket as never;

test('paths are called by their types', async () => {
  const server = await start();
  const client = createClient({ url: server.url, key });
  const query = { models: ['Speech', 'Gender'], encoding: 's16le' as const };
  const { data, error } = await client.POST('/v1/chunk', { params: { query }, ...audio(speech) });
  assert.is(error, undefined);
  assert.is(data?.results['gender']?.result, 'female');
  const job = await client.POST('/file-processing/jobs', { params: { query: { models: ['Speech'] } }, ...audio(call) });
  const path = { id: job.data?.id ?? '' };
  let state = job.data?.state;
  for (let i = 0; i < 500 && state !== 'done'; i++) {
    await wait(20);
    state = (await client.GET('/file-processing/jobs/{id}', { params: { path } })).data?.state;
  }
  const results = await client.GET('/file-processing/jobs/{id}/results', { params: { path } });
  assert.is(results.error, undefined);
  assert.is(results.data?.channels['0']?.time_series.length, 17);
  const wrong = await createClient({ url: server.url, key: 'wrong' }).POST('/v1/chunk', audio(speech));
  assert.is(wrong.error?.error.code, 'unauthorized');
  await server.close();
});

test('a call outlives the process that it was on', async () => {
  const first = await startServer(settingsWith());
  const port = Number(new URL(first.url).port);
  const live = openCall({ url: first.url, key, models: ['Speech', 'Gender'] });
  const periods: unknown[] = [];
  const heard = (async () => {
    for await (const message of live) if (message.message_type === 'results') periods.push(channel(message));
  })();
  const packets = frames(speech, 640);
  for (const packet of packets.splice(0, 100)) live.write(packet);
  while (periods.length < 1) await wait(10);
  await first.close();
  for (const packet of packets.splice(0, 50)) live.write(packet);
  const second = await startServer(settingsWith({ port }));
  for (const packet of packets) live.write(packet);
  live.end();
  await heard;
  const wanted: unknown[] = [];
  for await (const period of second.engine.processStream([speech], { models: ['Speech', 'Gender'] }))
    wanted.push(period);
  assert.is(periods.length, wanted.length);
  assert.equal(labels(periods), labels(wanted));
  await second.close();
});

test('a call that is refused says why', async () => {
  const server = await start();
  let message = '';
  try {
    for await (const _ of openCall({ url: server.url, key, models: ['age'] })) assert.unreachable();
  } catch (error) {
    message = String(error);
  }
  assert.match(message, /no model/);
  await server.close();
});

test('openapi.json and the types are what the service gives', () => {
  const tool = fileURLToPath(new URL('../tools/openapi.ts', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', tool, '--check'], { stdio: ['ignore', 'ignore', 'pipe'] });
});

const channel = (message: CallMessage) => ('results' in message ? message.results.channels['0'] : undefined);

function labels(periods: unknown[]): unknown[] {
  const typed = periods as { timestamp: number; results: Record<string, { result: string }> }[];
  return typed.map(({ timestamp, results }) => [timestamp, results['speech']?.result, results['gender']?.result]);
}

test.run();
