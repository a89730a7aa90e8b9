/** What an engine tells those who watch it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, type RunMessage } from '../src/index.ts';
import { sampleVoice } from './support/sample.ts';

const voice = await sampleVoice();

test('runs, their sizes, audio and speed are counted', async () => {
  await using engine = await Engine.create({ device: 'cpu', threads: 1 });
  const empty = engine.stats();
  assert.equal(empty, {
    streamsOpen: 0,
    jobsWaiting: 0,
    runsUnderWay: 0,
    batches: { count: 0, sizes: {}, meanSize: 0 },
    audioSeconds: 0,
    realTimeFactor: 0,
    writeWaits: 0,
    errors: {},
  });
  const data = voice.subarray(0, 16 * 1024);
  const calls = Array.from({ length: 5 }, () => engine.processAudioChunk({ data, models: ['Speech'] }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(engine.stats().jobsWaiting + engine.stats().runsUnderWay > 0);
  await Promise.all(calls);
  const { batches, audioSeconds, realTimeFactor, jobsWaiting, runsUnderWay } = engine.stats();
  assert.equal([jobsWaiting, runsUnderWay], [0, 0]);
  const jobs = Object.entries(batches.sizes).reduce((sum, [size, count]) => sum + Number(size) * count, 0);
  assert.is(jobs, 5);
  assert.is(batches.meanSize, 5 / batches.count);
  assert.ok(Math.abs(audioSeconds - 5 * 1.024) < 1e-9, `${audioSeconds}`);
  assert.ok(realTimeFactor > 0);
});

test('streams that are open, writes that waited, errors by kind', async () => {
  await using engine = await Engine.create({ device: 'cpu', threads: 1 });
  const stream = await engine.openStream({ models: ['Speech'] });
  assert.is(engine.stats().streamsOpen, 1);
  const long = new Int16Array(16000 * 30);
  await stream.write(long);
  assert.ok(engine.stats().writeWaits >= 1);
  await stream.end();
  assert.is(engine.stats().streamsOpen, 0);

  const pulled = engine.processStream([voice], { models: ['Speech'] });
  await pulled.next();
  assert.is(engine.stats().streamsOpen, 1);
  await pulled.return({ channels: {} });
  assert.is(engine.stats().streamsOpen, 0);

  await engine.processAudioChunk({ data: new Int16Array(3), models: ['Speech'] }).catch(() => {});
  await engine.processFile('/nowhere.wav', { models: ['Speech'] }).catch(() => {});
  const abort = new AbortController();
  const failing = await engine.openStream({ models: ['Speech'], signal: abort.signal });
  abort.abort();
  await failing.end().catch(() => {});
  assert.equal(engine.stats().errors, { InputTooShortError: 1, DecodeError: 1, AbortError: 1 });
  assert.is(engine.stats().streamsOpen, 0);
});

test('runs and errors are published on diagnostics channels', async () => {
  await using engine = await Engine.create({ device: 'cpu', threads: 1 });
  const runs: RunMessage[] = [];
  const errors: unknown[] = [];
  const onRun = (message: unknown) => void runs.push(message as RunMessage);
  const onError = (message: unknown) => void errors.push((message as { error: unknown }).error);
  subscribe('undertone:run', onRun);
  subscribe('undertone:error', onError);
  try {
    await engine.processAudioChunk({ data: voice.subarray(16384, 16384 + 3 * 1024), models: ['Gender'] });
    await engine.processAudioChunk({ data: 5 as never, models: ['Gender'] }).catch(() => {});
  } finally {
    unsubscribe('undertone:run', onRun);
    unsubscribe('undertone:error', onError);
  }
  assert.is(runs.length, 1);
  assert.equal([runs[0].models, runs[0].jobs, runs[0].steps], [['gender', 'speech'], 1, 3]);
  assert.ok(runs[0].milliseconds >= 0);
  assert.is((errors[0] as Error).name, 'ArgumentError');
});

test.run();
