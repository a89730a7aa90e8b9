import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, InvalidSampleError, type UndertoneError } from '../../src/errors.ts';
import type { StreamResult } from '../../src/listening/tracks.ts';
import type { StreamOptions } from '../../src/options.ts';
import { FakeListener } from '../support/fake-listener.ts';
import { openStream, processAudioBytes } from '../support/listening.ts';
import { seeded } from '../support/random.ts';

const models = ['Speech', 'Gender'];
const everything = { models, outputPeriod: 256, includeSummary: true, includeTransitions: true };
const open = (options: Partial<StreamOptions> = {}, newListener = () => new FakeListener()) =>
  openStream({ ...everything, ...options }, newListener);
const pause = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));

function noise(length: number, seed: string): Int16Array {
  const { normal } = seeded(seed);
  return Int16Array.from({ length }, () => 3000 * normal());
}

async function all(stream: AsyncIterable<StreamResult>): Promise<StreamResult[]> {
  const results: StreamResult[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

const rejected = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => assert.unreachable('should have been refused'),
    (error) => error,
  );

async function whole(data: Int16Array, options: Partial<StreamOptions> = {}) {
  return (await processAudioBytes({ ...everything, ...options, data }, () => new FakeListener())).channels['0'];
}

for (const sampleRate of [16000, 44100]) {
  test(`${sampleRate} Hz: what is pushed in any pieces is what the whole gives`, async () => {
    const data = noise(sampleRate * 3, `push ${sampleRate}`);
    const expected = await whole(data, { sampleRate });
    for (const size of [160, 333, 1024, 1e9]) {
      const stream = await open({ sampleRate });
      for (let start = 0; start < data.length; start += size) await stream.write(data.subarray(start, start + size));
      await stream.end();
      assert.equal(await all(stream), expected.time_series);
      const { time_series: _, ...rest } = expected;
      assert.equal(stream.overview(), { channels: { 0: rest } });
    }
  });
}

test('writes that nobody waits for keep their order, and the chunk may be written over at once', async () => {
  const data = noise(48000, 'order');
  const stream = await open();
  const buffer = new Int16Array(500);
  for (let start = 0; start < data.length; start += 500) {
    buffer.set(data.subarray(start, start + 500));
    void stream.write(buffer);
    buffer.fill(9999);
  }
  void stream.end();
  assert.equal(await all(stream), (await whole(data)).time_series);
});

test('a period is there as soon as its audio is, before anything else is written', async () => {
  const stream = await open();
  const results = stream[Symbol.asyncIterator]();
  for (let period = 0; period < 5; period++) {
    for (let i = 0; i < 4; i++) await stream.write(noise(1024, `${period}/${i}`));
    const { value } = await results.next();
    assert.is((value as StreamResult).timestamp, period * 256);
  }
  stream.cancel();
});

test('write waits while 4 s are not analysed; a writer that never waits is refused at ten minutes', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const slow = await open({}, () => new FakeListener(() => gate));
  const other = await open();
  let waiting = true;
  const written = slow.write(new Int16Array(1024 * 400)).then(() => (waiting = false));
  await pause(5);
  assert.ok(waiting, 'write should wait for room');
  await other.write(noise(8192, 'other'));
  await other.end();
  assert.is((await all(other)).length, 2);
  release();
  await written;
  slow.cancel();

  let go = () => {};
  const closed = new Promise<void>((resolve) => (go = resolve));
  const stuck = await open({}, () => new FakeListener(() => closed));
  let error: Error | undefined;
  let taken = 0;
  for (let second = 0; second < 700; second++) {
    stuck.write(new Int16Array(16000)).catch((reason) => (error ??= reason));
    await Promise.resolve();
    if (!error) taken++;
  }
  assert.match(error!.message, /write: 60\d s of audio wait/);
  go();
  await stuck.end();
  assert.is((await all(stuck)).length, Math.ceil(Math.floor((taken * 16000) / 1024) / 4), 'what was taken is heard');
});

test('a long write waits, however long', async () => {
  for (const sampleRate of [16000, 48000]) {
    const stream = await open({ sampleRate, outputPeriod: 64_000 });
    const seconds = 11 * 60;
    const written = stream.write(new Int16Array(seconds * sampleRate));
    let done = false;
    void written.then(() => (done = true));
    await pause(0);
    assert.not(done, 'it should wait');
    await written;
    await stream.end();
    assert.is((await all(stream)).length, Math.ceil(seconds / 64));
  }
});

test('end and reset resolve though nothing is read', async () => {
  const stream = await open({ outputPeriod: 64 });
  await stream.write(new Int16Array(1024 * 4000));
  void stream.write(new Int16Array(1024 * 3000));
  await stream.reset();
  void stream.write(new Int16Array(1024 * 3000));
  await stream.end();
  assert.is((await all(stream)).length, 10000);
});

test('a consumer that does not read holds its own stream only', async () => {
  let heard = 0;
  const unread = await open({ outputPeriod: 64 }, () => new FakeListener((steps) => void (heard += steps)));
  const other = await open();
  const writer = (async () => {
    for (let i = 0; i < 100; i++) await unread.write(new Int16Array(1024 * 100));
    await unread.end();
  })();
  await pause(100);
  assert.ok(heard < 5000, `${heard} steps were analysed though only 4096 results fit`);
  await other.write(noise(4096, 'other'));
  await other.end();
  assert.is((await all(other)).length, 1);
  assert.is((await all(unread)).length, 10000);
  await writer;
  assert.is(heard, 10000);
});

test('a bad chunk is refused and left out: what came before and comes behind is heard', async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const data = noise(48000, 'good');
  const long = new Float32Array(200_000);
  long[150_000] = 9;
  const stream = await open();
  for (let start = 0; start < data.length; start += 4096) {
    void stream.write(data.subarray(start, start + 4096));
    for (const bad of [Float32Array.of(1), 'audio', new Float64Array(4), null])
      assert.instance(await rejected(stream.write(bad as never)), ArgumentError);
  }
  await stream.end();
  assert.equal(await all(stream), (await whole(data)).time_series);

  const floats = await open();
  assert.match((await rejected(floats.write(long))).message, /9 at index 150000/);
  await floats.write(Float32Array.from(data, (value) => value / 32768));
  await floats.end();
  assert.ok((await all(floats)).length > 0);
  await pause(5);
  process.off('unhandledRejection', listen);
  assert.equal(unhandled, []);
});

test('samples that are no numbers count as silence, and their place is told', async () => {
  const data = Float32Array.from(noise(48000, 'nan'), (value) => value / 32768);
  const expected = data.slice();
  expected.fill(0, 20000, 20003);
  data.fill(NaN, 20000, 20003);
  const warnings: UndertoneError[] = [];
  const stream = await open({ onWarning: (warning) => warnings.push(warning) });
  for (let start = 0; start < data.length; start += 1000) await stream.write(data.subarray(start, start + 1000));
  await stream.end();
  const silenced = await processAudioBytes({ ...everything, data: expected }, () => new FakeListener());
  assert.equal(await all(stream), silenced.channels['0'].time_series);
  assert.is(warnings.length, 1);
  assert.instance(warnings[0], InvalidSampleError);
  assert.match(warnings[0].message, /sample 20000 of channel 0 \(1\.250 s into the stream\)/);

  const strict = await open({ invalidSamples: 'error' });
  assert.match((await rejected(strict.write(data))).message, /NaN at index 20000/);
  strict.cancel();
});

test('skip is silence of its length; timestamps stay true', async () => {
  const data = noise(16000, 'skip');
  const gap = new Int16Array(16 * 730);
  const stream = await open();
  await stream.write(data);
  await stream.skip(730);
  await stream.write(data);
  await stream.end();
  const together = new Int16Array(32000 + gap.length);
  together.set(data);
  together.set(data, 16000 + gap.length);
  assert.equal(await all(stream), (await whole(together)).time_series);
  const other = await open();
  for (const wrong of [-1, NaN, Infinity, '5', undefined, 1e12]) {
    const error = await rejected(other.skip(wrong as never));
    assert.instance(error, ArgumentError);
    assert.is(error.argument, 'milliseconds');
  }
  // An hour, which is more than may wait, and nobody reads.
  void other.skip(3_600_000);
  await other.end();
  assert.is((await all(other)).length, Math.ceil(3_600_000 / 64 / 4));
});

test('a stream goes on from a snapshot, in another process or here, to the bit', async () => {
  const options = { sampleRate: 44100, channels: 2, includeSummary: true, includeTransitions: true, outputPeriod: 640 };
  const data = new Uint8Array(noise(44100 * 2 * 4, 'snapshot').buffer);
  const expected = await open(options);
  void expected.write(data);
  await expected.end();
  const results: StreamResult[] = [];
  let stream = await open(options);
  for (let start = 0; start < data.length; start += 70_001) {
    await stream.write(data.subarray(start, start + 70_001));
    const snapshot = await stream.snapshot();
    void stream.end();
    const read = await all(stream);
    // The end of the old stream closes a period that is not complete; the new one gives it whole.
    results.push(...read.filter(({ timestamp }) => (timestamp + 640) * 44.1 * 4 <= start + 70_001 - 8000));
    assert.ok(snapshot.length < 100_000, `${snapshot.length} bytes`);
    stream = await open({ ...options, resume: snapshot });
  }
  await stream.end();
  results.push(...(await all(stream)));
  assert.equal(stream.overview(), expected.overview());
  const unique = new Map(results.map((result) => [`${result.timestamp} ${result.channel}`, result]));
  assert.equal([...unique.values()], await all(expected));
});

test('a snapshot that is none, was altered, or is of another stream is refused', async () => {
  const stream = await open();
  await stream.write(noise(6000, 'refused'));
  const snapshot = await stream.snapshot();
  const altered = snapshot.slice();
  altered[altered.length - 1] ^= 1;
  for (const [resume, message] of [
    [altered, /altered/],
    [snapshot.subarray(0, 50), /altered/],
    [new Uint8Array(3), /no snapshot/],
    [new Uint8Array(100), /no snapshot/],
    ['abc', /"abc"/],
    [null, /null/],
  ] as const) {
    const error = await rejected(open({ resume: resume as never }));
    assert.instance(error, ArgumentError);
    assert.is(error.argument, 'resume');
    assert.match(error.message, message);
  }
  const other = await rejected(open({ resume: snapshot, outputPeriod: 64 }));
  assert.match(other.message, /outputPeriod 256, but it must be of one with 64/);
  const resumed = await openStream({ resume: Buffer.from(snapshot) }, () => new FakeListener());
  void resumed.end();
  assert.is((await all(resumed)).length, 1);
});

test('thirty streams on one signal: no warning of a leak, and all of them end', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const controller = new AbortController();
  const streams = await Promise.all(Array.from({ length: 30 }, () => open({ signal: controller.signal })));
  streams[3].cancel();
  await pause(5);
  controller.abort(new Error('all'));
  for (const stream of streams.slice(4)) assert.match((await rejected(all(stream))).message, /all/);
  assert.equal(await all(streams[3]), []);
  process.off('warning', listen);
  assert.equal(warnings, []);
});

test('an error of the device ends the stream', async () => {
  const lost = new Error('device lost');
  const stream = await open(
    {},
    () =>
      new FakeListener(() => {
        throw lost;
      }),
  );
  void stream.write(noise(4096, 'lost'));
  assert.is(await rejected(all(stream)), lost);
});

test('abort and cancel', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const stream = await open({ signal: controller.signal });
  await stream.write(noise(1024, 'abort'));
  setTimeout(() => controller.abort(reason), 5);
  assert.is(await rejected(all(stream)), reason);
  assert.is(await rejected(stream.write(noise(1024, 'abort'))), reason);
  assert.is(await rejected(open({ signal: AbortSignal.abort(reason) })), reason);

  const cancelled = await open();
  setTimeout(() => cancelled.cancel(), 5);
  assert.equal(await all(cancelled), []);
  assert.match((await rejected(cancelled.write(new Int16Array(1)))).message, /write: the stream has ended/);
  await cancelled.end();
  cancelled.cancel();

  const left = await open();
  await left.write(noise(40960, 'left'));
  for await (const _ of left) break;
  assert.match((await rejected(left.write(new Int16Array(1)))).message, /has ended/);
});

test('reset: what was written is heard out, then all begins anew', async () => {
  const [first, second] = [noise(5500, 'first'), noise(20000, 'second')];
  const stream = await open({ sampleRate: 8000 });
  await stream.write(first);
  await stream.reset();
  await stream.write(second);
  await stream.end();
  const expected = [
    ...(await whole(first, { sampleRate: 8000 })).time_series,
    ...(await whole(second, { sampleRate: 8000 })).time_series,
  ];
  assert.equal(await all(stream), expected);
  assert.is(stream.overview().channels['0'].transitions!.speech.at(-1)!.timestamp_end, 39 * 64);
});

test('channels, and bytes that split samples', async () => {
  const both = noise(40000, 'both');
  const expected = await processAudioBytes({ ...everything, data: both, channels: 2 }, () => new FakeListener());
  const stream = await open({ channels: 2 });
  const bytes = new Uint8Array(both.buffer);
  for (let start = 0; start < bytes.length; start += 777) await stream.write(bytes.subarray(start, start + 777));
  await stream.end();
  const results = await all(stream);
  for (const channel of [0, 1]) {
    assert.equal(
      results.filter((result) => result.channel === channel).map(({ channel: _, ...result }) => result),
      expected.channels[channel].time_series,
    );
  }
});

test('as a Web transform', async () => {
  const data = noise(30000, 'web');
  const expected = (await whole(data)).time_series;
  const source = Readable.toWeb(
    Readable.from(
      (function* () {
        for (let i = 0; i < 30000; i += 1000) yield data.subarray(i, i + 1000);
      })(),
    ),
  ) as ReadableStream<Int16Array>;
  const stream = await open();
  assert.equal(await all(source.pipeThrough(stream.asTransform())), expected);

  const bad = await open();
  const broken = new ReadableStream<Int16Array>({ pull: (controller) => controller.error(new Error('lost')) });
  assert.match((await rejected(all(broken.pipeThrough(bad.asTransform())))).message, /lost/);

  const half = await open();
  const results: StreamResult[] = [];
  const spoilt = ReadableStream.from([data.subarray(0, 10240), 'no audio' as never, data]);
  const error = await rejected(
    (async () => {
      for await (const result of spoilt.pipeThrough(half.asTransform())) results.push(result);
    })(),
  );
  assert.instance(error, ArgumentError);
  assert.is(results.length, 3, 'what came before is given first');
});

test('many streams at once, each as if alone, and ended with nothing left', async () => {
  const count = 100;
  const inputs = Array.from({ length: count }, (_, i) => noise(6000 + 100 * i, `many ${i}`));
  const streams = await Promise.all(
    inputs.map(() => open({}, () => new FakeListener(() => pause(0) as Promise<void>))),
  );
  const outputs = streams.map((stream) => all(stream));
  for (let start = 0; start < 16000; start += 500)
    await Promise.all(
      streams.map((stream, i) => start < inputs[i].length && stream.write(inputs[i].subarray(start, start + 500))),
    );
  await Promise.all(streams.map((stream) => stream.end()));
  for (const [i, output] of (await Promise.all(outputs)).entries())
    assert.equal(output, (await whole(inputs[i])).time_series);
});

test('wrong options are named', async () => {
  for (const [wrong, argument] of [
    [{ sampleRate: 4000 }, 'sampleRate'],
    [{ channels: 0 }, 'channels'],
    [{ channels: 2, channel: 2 }, 'channel'],
    [{ outputPeriod: 65 }, 'outputPeriod'],
  ] as const) {
    const error = await rejected(open(wrong));
    assert.instance(error, ArgumentError);
    assert.is(error.argument, argument);
  }
});

test.run();
