import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TimeSeriesOutput } from '../../src/answers/series.ts';
import type { AudioData } from '../../src/audio/format.ts';
import { ArgumentError, DecodeError, InputTooShortError } from '../../src/errors.ts';
import type { StreamSource } from '../../src/listening/pull.ts';
import type { StreamOverview, StreamResult } from '../../src/listening/tracks.ts';
import type { StreamOptions } from '../../src/options.ts';
import { FakeListener } from '../support/fake-listener.ts';
import { processAudioBytes, processFile, processStream } from '../support/listening.ts';
import { seeded } from '../support/random.ts';
import { wavBytes } from '../support/wav.ts';

const models = ['Speech', 'Gender'];
const newListener = () => new FakeListener();
const everything = {
  models,
  includeRawValues: true,
  includeSummary: true,
  includeTransitions: true,
  outputPeriod: 256,
};
const fixtures = fileURLToPath(new URL('../fixtures/audio/', import.meta.url));

function noise(length: number, seed: string): Int16Array {
  const { normal } = seeded(seed);
  // Loud and quiet by turns, so that there is silence as well.
  return Int16Array.from({ length }, (_, i) => (Math.floor(i / 5000) % 3 === 2 ? 20 : 3000) * normal());
}

function* chunksOf<T extends Exclude<AudioData, ArrayBuffer>>(data: T, sizes: readonly number[]): Generator<T> {
  for (let start = 0, k = 0; start < data.length; k++) {
    const size = sizes[k % sizes.length];
    yield data.subarray(start, start + size) as T;
    start += size;
  }
}

async function drain(
  source: StreamSource,
  options: Partial<StreamOptions> = {},
): Promise<{ results: StreamResult[]; overview: StreamOverview }> {
  const stream = processStream(source, { ...everything, ...options }, newListener);
  const results: StreamResult[] = [];
  while (true) {
    const next = await stream.next();
    if (next.done) return { results, overview: next.value };
    results.push(next.value);
  }
}

async function rejected(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.unreachable('should have been refused') as never,
    (error) => error,
  );
}

const one = (output: TimeSeriesOutput) => output.channels['0'];

test('the output has the shape, the keys and the order of the published one', async () => {
  const data = noise(16000, 'shape');
  const output = await processAudioBytes({ data, ...everything }, newListener);
  assert.equal(Object.keys(output), ['channels']);
  assert.equal(Object.keys(one(output)), ['time_series', 'summary', 'transitions']);
  assert.equal(
    one(output).time_series.map(({ timestamp }) => timestamp),
    [0, 256, 512, 768],
  );
  assert.equal(Object.keys(one(output).time_series[0]), ['timestamp', 'results', 'raw']);
  assert.equal(Object.keys(one(output).time_series[0].results), ['gender', 'speech']);
  assert.equal(one(output).transitions!.speech.at(-1)!.timestamp_end, 15 * 64);
  assert.equal(Object.keys(one(await processAudioBytes({ data, models }, newListener))), ['time_series']);
});

for (const sampleRate of [16000, 8000, 22050, 44100, 48000]) {
  test(`${sampleRate} Hz: file, bytes and streams of any chunks and types are the same`, async () => {
    const data = noise(Math.round(sampleRate * 9.3), `same ${sampleRate}`);
    const file = await processFile(
      wavBytes([Float32Array.from(data, (value) => value / 32768)], { sampleRate }),
      everything,
      newListener,
    );
    const bytes = await processAudioBytes({ ...everything, data, sampleRate }, newListener);
    assert.equal(bytes, file);
    assert.is(one(file).time_series.length, Math.ceil((Math.round(9.3 * 16000) >> 10) / 4));
    const floats = Float32Array.from(data, (value) => value / 32768);
    const raw = new Uint8Array(data.buffer);
    for (const [chunked, sizes] of [
      [data, [333]],
      [data, [1024]],
      [data, [sampleRate * 10]],
      [floats, [4001, 1]],
      [raw, [3, 8191, 1]],
    ] as const) {
      const { results, overview } = await drain(chunksOf<Exclude<AudioData, ArrayBuffer>>(chunked, sizes), {
        sampleRate,
      });
      assert.equal(results, one(file).time_series);
      const { time_series: _, ...rest } = one(file);
      assert.equal(overview, { channels: { 0: rest } });
    }
  });
}

test('one sample at a time is the same as all at once', async () => {
  const data = noise(6000, 'single');
  assert.equal((await drain(chunksOf(data, [1]))).results, (await drain([data])).results);
});

test('channels are heard on their own, each with its own state', async () => {
  const [left, right] = [noise(40000, 'left'), noise(40000, 'right')];
  const both = Int16Array.from({ length: 80000 }, (_, i) => (i % 2 === 0 ? left : right)[i >> 1]);
  const output = await processAudioBytes({ ...everything, data: both, channels: 2 }, newListener);
  assert.equal(Object.keys(output.channels), ['0', '1']);
  const alone = await Promise.all([left, right].map((data) => processAudioBytes({ ...everything, data }, newListener)));
  assert.equal(output.channels['0'], one(alone[0]));
  assert.equal(output.channels['1'], one(alone[1]));
  const picked = await processAudioBytes({ ...everything, data: both, channels: 2, channel: 1 }, newListener);
  assert.equal(picked, { channels: { 1: output.channels['1'] } });
  const wav = wavBytes([left, right].map((data) => Float32Array.from(data, (value) => value / 32768)));
  assert.equal(await processFile(wav, everything, newListener), output);
  assert.equal(await processFile(wav, { ...everything, channel: 1 }, newListener), picked);

  const { results, overview } = await drain(chunksOf(both, [777]), { channels: 2 });
  for (const channel of [0, 1]) {
    const own = results.filter((result) => result.channel === channel).map(({ channel: _, ...result }) => result);
    assert.equal(own, output.channels[channel].time_series);
  }
  assert.equal(
    results.map(({ timestamp }) => timestamp),
    [...results.map(({ timestamp }) => timestamp)].sort((a, b) => a - b),
  );
  assert.equal(Object.keys(overview.channels), ['0', '1']);
  assert.not('channel' in (await drain(chunksOf(both, [777]), { channels: 2, channel: 0 })).results[0]);
});

test('the last, partial period counts; less than a step at the end is not heard', async () => {
  for (const [samples, periods] of [
    [1024, 1],
    [4096, 1],
    [4096 + 1023, 1],
    [5120, 2],
  ]) {
    assert.is(
      one(await processAudioBytes({ ...everything, data: noise(samples, 'partial') }, newListener)).time_series.length,
      periods,
    );
  }
});

test('a period comes as soon as its audio is there, and nothing is read ahead', async () => {
  let given = 0;
  async function* live() {
    for (const chunk of chunksOf(noise(40960, 'live'), [1024])) {
      given++;
      yield chunk;
    }
  }
  let seen = 0;
  for await (const { timestamp } of processStream(live(), { models, outputPeriod: 256 }, newListener)) {
    assert.is(timestamp, 256 * seen++);
    assert.is(given, 4 * seen);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.is(seen, 10);
});

test('Node and Web streams are sources', async () => {
  const data = noise(20000, 'node');
  const raw = Buffer.from(data.buffer);
  const expected = (await drain([data])).results;
  assert.equal((await drain(Readable.from(chunksOf(raw, [777]), { objectMode: false }))).results, expected);
  assert.equal(
    (await drain(Readable.toWeb(Readable.from(chunksOf(raw, [777]))) as unknown as StreamSource)).results,
    expected,
  );
});

test('too short, empty: the error with both lengths; an ended stream just ends', async () => {
  for (const data of [new Int16Array(0), new Int16Array(511)]) {
    const error = await rejected(processAudioBytes({ models, data, sampleRate: 8000 }, newListener));
    assert.instance(error, InputTooShortError);
    assert.match(error.message, new RegExp(`${data.length} samples at 8000 Hz.*512`));
    const ofFile = await rejected(processFile(wavBytes([data], { sampleRate: 8000 }), { models }, newListener));
    if (data.length > 0) assert.instance(ofFile, InputTooShortError);
    else assert.match(ofFile.message, /^data: it holds no samples/);
  }
  assert.equal((await drain([])).results, []);
  assert.equal((await drain([new Int16Array(1000)])).results, []);
});

test('what is wrong is named before any audio is read', async () => {
  const data = noise(2048, 'wrong');
  const cases: readonly (readonly [object, string])[] = [
    [{ outputPeriod: 100 }, 'outputPeriod'],
    [{ outputPeriod: 0 }, 'outputPeriod'],
    [{ includeSummary: 1 }, 'includeSummary'],
    [{ includeTransitions: 'yes' }, 'includeTransitions'],
    [{ useChunking: 'no' }, 'useChunking'],
    [{ channel: 1.5 }, 'channel'],
    [{ channel: 1 }, 'channel'],
    [{ signal: {} }, 'signal'],
  ];
  for (const [wrong, argument] of cases) {
    for (const call of [
      () => processAudioBytes({ models, data, ...wrong }, newListener),
      () => processFile(wavBytes([data]), { models, ...wrong }, newListener),
      async () => processStream([data], { models, ...wrong }, newListener),
    ]) {
      const error = await rejected(call());
      assert.instance(error, ArgumentError, `${argument}: ${error.message}`);
      assert.is((error as ArgumentError).argument, argument);
    }
  }
  for (const source of [undefined, null, 5, 'file.wav', new Int16Array(4), {}]) {
    assert.throws(() => processStream(source as never, { models }, newListener), /^source: got|source/);
  }
  const badChunk = await rejected(drain([new Int16Array(5), 'text' as never]));
  assert.is((badChunk as ArgumentError).argument, 'data');
  assert.is(
    ((await rejected(processAudioBytes({ models, data: new Uint8Array(4097) }, newListener))) as ArgumentError)
      .argument,
    'data',
  );
});

test('an abort ends everything with its reason, even while the source is silent', async () => {
  const reason = new Error('enough');
  const data = noise(160000, 'abort');
  const controller = new AbortController();
  let stretches = 0;
  const slow = () =>
    new FakeListener(() => {
      if (++stretches === 2) controller.abort(reason);
    });
  assert.is(await rejected(processAudioBytes({ models, data, signal: controller.signal }, slow)), reason);
  assert.is(
    await rejected(processFile(wavBytes([data]), { models, signal: AbortSignal.abort(reason) }, newListener)),
    reason,
  );

  let closed = false;
  const waiting = new AbortController();
  const source: AsyncIterable<Int16Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => setTimeout(() => waiting.abort(reason), 10)),
      return: async () => {
        closed = true;
        return { done: true, value: undefined };
      },
    }),
  };
  assert.is(await rejected(drain(source, { signal: waiting.signal })), reason);
  assert.ok(closed, 'the source is closed');
});

test("a source's own error comes through, after what was heard before it; leaving early closes the source", async () => {
  const failure = new Error('connection lost');
  async function* broken() {
    yield noise(4096, 'broken');
    throw failure;
  }
  const stream = processStream(broken(), { models, outputPeriod: 256 }, newListener);
  assert.is((await stream.next()).done, false);
  assert.is(await rejected(stream.next()), failure);
  let closed = false;
  async function* endless() {
    try {
      while (true) yield noise(4096, 'endless');
    } finally {
      closed = true;
    }
  }
  for await (const _ of processStream(endless(), { models }, newListener)) break;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(closed);
});

test('files: the format is decoded, progress told, damage named or warned of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'series-'));
  const progress: number[] = [];
  const output = await processFile(
    join(fixtures, 'tone.flac'),
    { ...everything, onProgress: ({ seconds }) => progress.push(seconds) },
    newListener,
  );
  assert.equal(Object.keys(output.channels), ['0', '1']);
  assert.is(output.channels['1'].time_series.length, 4);
  assert.ok(Math.abs(progress.at(-1)! - 1) < 0.01);
  const path = join(folder, 'cut.wav');
  await writeFile(path, wavBytes([noise(32000, 'cut').map((value) => value)]).subarray(0, 40000));
  const error = await rejected(processFile(path, everything, newListener));
  assert.instance(error, DecodeError);
  assert.match(error.message, /cut\.wav: it is cut off/);
  const warned: string[] = [];
  const part = await processFile(
    path,
    { ...everything, partial: true, onWarning: ({ message }) => warned.push(message) },
    newListener,
  );
  assert.equal(part.warnings, warned);
  assert.match(warned[0], /only the part/);
  assert.is(one(part).time_series.length, 5);
  await rm(folder, { recursive: true });
});

test('useChunking changes nothing but is taken', async () => {
  const wav = wavBytes([Float32Array.from(noise(50000, 'chunking'), (value) => value / 32768)]);
  assert.equal(
    await processFile(wav, { ...everything, useChunking: true }, newListener),
    await processFile(wav, { ...everything, useChunking: false }, newListener),
  );
});

test.run();
