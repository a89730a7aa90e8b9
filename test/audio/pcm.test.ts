import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { plainSummer, stepLevels, wasmSummer } from '../../src/audio/level.ts';
import * as pcm from '../../src/audio/pcm.ts';
import { exact } from '../../src/backends/tolerances.ts';
import { ArgumentError, InputTooShortError } from '../../src/errors.ts';
import { type ChunkOptions, settleChunk } from '../../src/options.ts';
import { largestDifference } from '../support/parity.ts';

const toPcm = async (input: Omit<ChunkOptions, 'models'>) => pcm.toPcm(settleChunk({ models: [], ...input }));

const step = (fill: (i: number) => number) => Int16Array.from({ length: 1024 }, (_, i) => fill(i));

async function refused(input: unknown, argument: string, ...parts: RegExp[]): Promise<void> {
  try {
    await toPcm(input as Parameters<typeof toPcm>[0]);
  } catch (error) {
    assert.instance(error, ArgumentError);
    assert.is((error as ArgumentError).argument, argument);
    for (const part of parts) assert.match((error as Error).message, part);
    return;
  }
  assert.unreachable(`${argument} should have been refused`);
}

test('int16 at 16 kHz passes untouched', async () => {
  const data = step((i) => i - 500);
  assert.equal(await toPcm({ data }), data);
});

test('audio is copied before the call returns, whatever it is', async () => {
  const long = 300_000;
  const floats = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i / 20) / 2);
  const ints = (length: number) => Int16Array.from(floats(length), (value) => value * 32767);
  for (const sampleRate of [16000, 44100]) {
    for (const length of [6000, long]) {
      for (const make of [() => ints(length), () => floats(length), () => new Uint8Array(ints(length).buffer)]) {
        for (const layout of [{}, { channels: 2, channel: 1 }, { channels: 2, channel: 'mix' }] as const) {
          const expected = await toPcm({ data: make(), sampleRate, ...layout });
          const data = make();
          const answer = toPcm({ data, sampleRate, ...layout });
          data.fill(99);
          assert.is(largestDifference(await answer, expected), exact);
        }
      }
    }
  }
  const coded = new Uint8Array(8000).map((_, i) => i);
  const expected = await toPcm({ data: coded.slice(), encoding: 'mulaw' });
  const answer = toPcm({ data: coded, encoding: 'mulaw' });
  structuredClone(coded.buffer, { transfer: [coded.buffer] });
  assert.equal(await answer, expected);
});

test('encodings of bytes: the same audio in each', async () => {
  const codes = new Uint8Array(8000).map((_, i) => i % 256);
  for (const [encoding, points] of [
    ['mulaw', { 0xff: 0, 0x80: 32124, 0x00: -32124, 0xf0: 120 }],
    ['alaw', { 0xd5: 8, 0x55: -8, 0xaa: 32256, 0x2a: -32256, 0x80: 5504 }],
  ] as const) {
    // At 16 kHz each code is one sample of the answer.
    const pcm = await toPcm({ data: codes, encoding, sampleRate: 16000 });
    for (const [code, value] of Object.entries(points)) assert.is(pcm[Number(code)], value);
    const telephone = await toPcm({ data: codes, encoding });
    assert.is(telephone.length, 16000, 'without a rate it is 8000 Hz');
    assert.equal(telephone, await toPcm({ data: pcm, sampleRate: 8000 }));
  }
  const floats = Float32Array.from({ length: 1024 }, (_, i) => Math.cos(i / 7));
  const shifted = new Uint8Array(4097);
  shifted.set(new Uint8Array(floats.buffer), 1);
  assert.equal(await toPcm({ data: shifted.subarray(1), encoding: 'f32le' }), await toPcm({ data: floats }));
  assert.equal(await toPcm({ data: floats.buffer, encoding: 'f32le' }), await toPcm({ data: floats }));
  await refused({ data: codes, encoding: 'opus' }, 'encoding', /"opus"/, /"s16le", "f32le", "mulaw", "alaw"/);
  await refused({ data: codes.subarray(0, 4098), encoding: 'f32le' }, 'data', /4098 bytes/, /multiple of 4/);
  await refused({ data: floats, encoding: 'mulaw' }, 'encoding', /"mulaw" for a Float32Array/, /only bytes/);
  await refused(
    { data: Float32Array.of(...floats.subarray(1), NaN).buffer, encoding: 'f32le' },
    'data',
    /NaN at index 1023/,
  );
});

test('the mean of all channels, to the same bits from int16 and floats', async () => {
  const data = Int16Array.from({ length: 3 * 2048 }, (_, i) => ((i * 7919) % 65536) - 32768);
  const mean = (i: number) => Math.round((data[3 * i] + data[3 * i + 1] + data[3 * i + 2]) / 3);
  const mix = await toPcm({ data, channels: 3, channel: 'mix' });
  assert.ok(mix.every((value, i) => Math.abs(value - mean(i)) <= 1));
  const floats = Float32Array.from(data, (value) => value / 32768);
  assert.equal(await toPcm({ data: floats, channels: 3, channel: 'mix' }), mix);
  const mono = data.subarray(0, 1024);
  assert.equal(await toPcm({ data: mono, channel: 'mix' }), mono.slice());
  const loud = new Float32Array(2048).fill(1);
  assert.ok((await toPcm({ data: loud, channels: 2, channel: 'mix' })).every((value) => value === 32767));
});

test('long audio is worked on in slices: the event loop has its turn', async () => {
  let turns = 0;
  let done = false;
  const answer = toPcm({ data: new Float32Array(4_000_000), sampleRate: 48000 }).then(() => (done = true));
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await answer;
  assert.ok(turns > 5, `${turns} turns`);
});

test('buffers that were given away are named', async () => {
  for (const data of [new Int16Array(2048), new Float32Array(2048), new Uint8Array(4096), new ArrayBuffer(4096)]) {
    const buffer = data instanceof ArrayBuffer ? data : data.buffer;
    structuredClone(buffer, { transfer: [buffer] });
    await refused({ data }, 'data', /detached/);
  }
});

test('bytes, floats and int16 of the same audio are equal', async () => {
  const data = step((i) => ((i * 7919) % 65536) - 32768);
  assert.equal(await toPcm({ data: new Uint8Array(data.buffer) }), data);
  assert.equal(await toPcm({ data: Float32Array.from(data, (value) => value / 32768) }), data);
});

test('bytes at an odd address, as sockets and parsers give them', async () => {
  const data = step((i) => i * 31);
  const shifted = new Uint8Array(2049);
  shifted.set(new Uint8Array(data.buffer), 1);
  assert.equal(await toPcm({ data: shifted.subarray(1) }), data);
  assert.equal(await toPcm({ data: Buffer.from(data.buffer) }), data);
});

test('arrays of another realm are arrays', async () => {
  for (const code of ['new Int16Array(1024).fill(7)', 'new Uint8Array(2048).map((_, i) => (i % 2 ? 0 : 7))']) {
    const data = runInNewContext(code);
    assert.equal(Array.from(await toPcm({ data })), new Array(1024).fill(7));
    assert.equal(Array.from(await toPcm({ data: data.buffer })), new Array(1024).fill(7));
  }
});

test('floats beyond full scale are clipped', async () => {
  const data = Float32Array.from({ length: 1024 }, (_, i) => [1, -1, 1.5, -4][i % 4]);
  assert.equal(Array.from((await toPcm({ data })).subarray(0, 4)), [32767, -32768, 32767, -32768]);
});

test('one channel is taken out of interleaved audio', async () => {
  const data = Int16Array.from({ length: 3 * 1024 }, (_, i) => (i % 3) * 1000 + (Math.floor(i / 3) % 100));
  for (const channel of [0, 1, 2]) {
    assert.equal(
      await toPcm({ data, channels: 3, channel }),
      step((i) => channel * 1000 + (i % 100)),
    );
  }
});

test('channels are picked before resampling', async () => {
  const left = Int16Array.from({ length: 4410 }, (_, i) => 8000 * Math.sin(i / 9));
  const both = Int16Array.from({ length: 8820 }, (_, i) => (i % 2 ? 5000 : left[i / 2]));
  assert.equal(
    await toPcm({ data: both, channels: 2, channel: 0, sampleRate: 44100 }),
    await toPcm({ data: left, sampleRate: 44100 }),
  );
});

test('what is wrong is named, with what came and what is allowed', async () => {
  const data = new Int16Array(2048);
  await refused({ data: [1, 2, 3] }, 'data', /an array/, /Int16Array.*Float32Array.*Uint8Array/);
  await refused({ data: undefined }, 'data', /undefined/);
  await refused({ data: new Float64Array(2048) }, 'data', /Float64Array/);
  await refused({ data: new Uint16Array(2048) }, 'data', /Uint16Array/);
  await refused({ data: 'sound.wav' }, 'data', /"sound.wav"/);
  await refused({ data: new Uint8Array(4097) }, 'data', /4097 bytes/, /even/);
  for (const sampleRate of [7999, 192001, 0, -16000, NaN, Infinity, 16000.5, '16000', null]) {
    if (sampleRate !== null) await refused({ data, sampleRate }, 'sampleRate', /8000 to 192000/);
  }
  for (const channels of [0, -1, 1.5, 257, '2', NaN]) await refused({ data, channels }, 'channels', /1 to 256/);
  await refused({ data, channels: 2 }, 'channel', /undefined/, /0 to 1/);
  for (const channel of [2, -1, 0.5, '0']) await refused({ data, channels: 2, channel }, 'channel', /0 to 1/);
  await refused({ data, channel: 1 }, 'channel', /got 1/, /1 channel, or 'mix'$/);
  await refused({ data: new Int16Array(2049), channels: 2, channel: 0 }, 'data', /2049 samples/, /multiple of 2/);
});

test('NaN, infinity and integers cast to float are refused with their index', async () => {
  for (const [value, sentence] of [
    [NaN, /NaN at index 1500.*finite/],
    [Infinity, /Infinity at index 1500.*finite/],
    [-Infinity, /-Infinity at index 1500/],
    [4.1, /at index 1500.*cast, not normalised/],
    [-12000, /-12000 at index 1500.*cast, not normalised/],
  ] as const) {
    const data = new Float32Array(2048);
    data[1500] = value;
    await refused({ data }, 'data', sentence);
  }
});

test('shorter than a step, and empty: both lengths at the rate of the caller', async () => {
  for (const [length, sampleRate, needed] of [
    [1023, 16000, 1024],
    [0, 16000, 1024],
    [511, 8000, 512],
    [2822, 44100, 2823],
  ]) {
    try {
      await toPcm({ data: new Int16Array(length), sampleRate });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, InputTooShortError);
      assert.match((error as Error).message, new RegExp(`${length} samples at ${sampleRate} Hz.*${needed} samples`));
    }
    assert.ok(
      (await toPcm({ data: new Int16Array(needed), sampleRate })).length >= 1024,
      `${needed} samples at ${sampleRate} Hz make a step`,
    );
  }
});

test('levels: RMS on the [-1, 1] scale, whole steps only', () => {
  assert.equal(stepLevels(new Int16Array(2500)), [0, 0]);
  assert.equal(stepLevels(step(() => -32768)), [1]);
  const sine = step((i) => 16384 * Math.sin((2 * Math.PI * i) / 64));
  assert.ok(Math.abs(stepLevels(sine)[0] - 0.5 / Math.SQRT2) < 1e-4);
  const both = new Int16Array(2048);
  both.set(
    step(() => 327),
    1024,
  );
  assert.equal(
    stepLevels(both).map((level) => level.toFixed(4)),
    ['0.0000', '0.0100'],
  );
});

test('levels: with and without WebAssembly the same to the bit, however many steps', () => {
  const [plain, wasm] = [plainSummer(), wasmSummer()];
  const count = plain.samples.length / 1024;
  for (const summer of [plain, wasm]) {
    for (let i = 0; i < summer.samples.length; i++) summer.samples[i] = i < 1024 ? -32768 : (i * 7919) % 65536;
    summer.sum(count);
  }
  assert.is(plain.sums[0], 1024 * 2 ** 30);
  assert.equal([...wasm.sums], [...plain.sums]);
  const long = Int16Array.from({ length: 150 * 1024 + 5 }, (_, i) => (i * 7919) % 65536);
  const levels = stepLevels(long);
  assert.is(levels.length, 150);
  for (const i of [0, 63, 64, 149])
    assert.equal(stepLevels(long.subarray(i * 1024, (i + 1) * 1024)), [levels[i]], `step ${i}`);
});

test.run();
