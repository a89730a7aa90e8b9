import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel, Encoding } from '../../src/audio/format.ts';
import { aLaw, muLaw } from '../../src/audio/g711.ts';
import { resample } from '../../src/audio/pcm.ts';
import { pickChannel } from '../../src/audio/samples.ts';
import { type InvalidSample, StreamInput } from '../../src/audio/stream-input.ts';
import { exact } from '../../src/backends/tolerances.ts';
import { largestDifference } from '../support/parity.ts';
import { seeded } from '../support/random.ts';

interface Layout {
  sampleRate: number;
  channels: number;
  channel?: Channel;
  encoding?: Encoding;
}

/** All steps of each channel that is heard, from chunks of the sizes given over and over. */
async function throughStream(
  data: Int16Array | Float32Array | Uint8Array,
  sizes: readonly number[],
  layout: Layout,
): Promise<{ steps: number[][]; heard: readonly Channel[] }> {
  const input = await StreamInput.open(layout);
  const steps: number[][] = input.heard.map(() => []);
  const take = (block: readonly Int16Array[]) => {
    assert.ok(block.every((pcm) => pcm.length % 1024 === 0 && pcm.length === block[0].length));
    block.forEach((pcm, i) => {
      for (const sample of pcm) steps[i].push(sample);
    });
  };
  for (let start = 0, k = 0; start < data.length; k++) {
    const size = sizes[k % sizes.length];
    for (const block of input.push(data.subarray(start, start + size))) take(block);
    start += size;
  }
  take(input.finish());
  return { steps, heard: input.heard };
}

const noise = (length: number, seed: string) => {
  const { normal } = seeded(seed);
  return Int16Array.from({ length }, () => 4000 * normal());
};

for (const sampleRate of [16000, 8000, 44100, 48000]) {
  for (const channels of [1, 2, 3]) {
    test(`${sampleRate} Hz, ${channels} channels: any chunks of any type are the whole, to the bit`, async () => {
      const data = noise(Math.round(sampleRate * 0.4) * channels, `${sampleRate}/${channels}`);
      const floats = Float32Array.from(data, (value) => value / 32768);
      const bytes = new Uint8Array(data.buffer);
      const whole = await Promise.all(
        Array.from({ length: channels }, async (_, channel) => {
          const pcm = await resample(pickChannel(data, channels, channel), sampleRate);
          return pcm.subarray(0, pcm.length - (pcm.length % 1024));
        }),
      );
      for (const [chunked, sizes] of [
        [data, [1]],
        [data, [333, 1, 2]],
        [data, [1024]],
        [data, [1e6]],
        [floats, [7, 500]],
        [bytes, [1]],
        [bytes, [3, 5, 1, 0, 999]],
        [bytes, [4096]],
      ] as const) {
        const { steps, heard } = await throughStream(chunked, sizes, { sampleRate, channels });
        assert.equal(
          heard,
          Array.from({ length: channels }, (_, i) => i),
        );
        steps.forEach((pcm, channel) => assert.is(largestDifference(pcm, whole[channel]), exact));
      }
      const last = await throughStream(bytes, [17], { sampleRate, channels, channel: channels - 1 });
      assert.equal(last.heard, [channels - 1]);
      assert.is(largestDifference(last.steps[0], whole[channels - 1]), exact);
    });
  }
}

test('a chunk larger than is worked on at a time comes in several blocks', async () => {
  const input = await StreamInput.open({ sampleRate: 16000, channels: 1 });
  const blocks = [...input.push(new Int16Array(200000))];
  assert.ok(blocks.length > 1);
  assert.is(
    blocks.reduce((sum, [pcm]) => sum + pcm.length, 0),
    199680,
  );
});

test('steps are copies: a chunk may be written over afterwards', async () => {
  const input = await StreamInput.open({ sampleRate: 16000, channels: 1 });
  const chunk = new Int16Array(1500).fill(5);
  const [[pcm]] = [...input.push(chunk)];
  chunk.fill(9);
  const [[next]] = [...input.push(new Int16Array(600).fill(7))];
  assert.ok(pcm.every((sample) => sample === 5));
  assert.equal([next[0], next[475], next[476]], [5, 5, 7]);
});

test('encodings of bytes in any chunks', async () => {
  const floats = Float32Array.from(noise(6000, 'floats'), (value) => value / 32768);
  const layout = { sampleRate: 8000, channels: 2 };
  const whole = await throughStream(floats, [6000], layout);
  const bytes = await throughStream(new Uint8Array(floats.buffer), [1, 7, 2, 640], { ...layout, encoding: 'f32le' });
  assert.equal(bytes.steps, whole.steps);
  const codes = Uint8Array.from({ length: 6000 }, (_, i) => (i * 37) % 256);
  for (const [encoding, table] of [
    ['mulaw', muLaw],
    ['alaw', aLaw],
  ] as const) {
    const decoded = Int16Array.from(codes, (code) => table[code]);
    const expected = await throughStream(decoded, [6000], layout);
    assert.equal((await throughStream(codes, [1, 3, 160], { ...layout, encoding })).steps, expected.steps);
  }
});

test('the mean of all channels is the mean of the bytes', async () => {
  const data = noise(3 * 5000, 'mix');
  const { steps, heard } = await throughStream(data, [100, 1], { sampleRate: 16000, channels: 3, channel: 'mix' });
  assert.equal(heard, ['mix']);
  assert.ok(steps[0].every((value, i) => Math.abs(value - (data[3 * i] + data[3 * i + 1] + data[3 * i + 2]) / 3) <= 1));
});

test('skips are silence of their length, whatever they are cut into', async () => {
  for (const sampleRate of [16000, 44100]) {
    const input = await StreamInput.open({ sampleRate, channels: 1 });
    const steps: number[] = [];
    const take = (blocks: Iterable<Int16Array[]>) => {
      for (const [pcm] of blocks) steps.push(...pcm);
    };
    const before = new Int16Array(sampleRate).fill(5000);
    take(input.push(before));
    // 0.3 ms is no whole number of samples at either rate.
    for (let i = 0; i < 1000; i++) take(input.skip(0.3));
    take(input.skip(1700));
    take(input.push(before));
    take([input.finish()]);
    assert.is(steps.length, Math.floor(64000 / 1024) * 1024);
    assert.ok(steps.slice(200, 15800).every((value) => Math.abs(value) > 4000));
    assert.ok(steps.slice(16200, 47800).every((value) => value === 0));
    assert.ok(steps.slice(48200).every((value) => Math.abs(value) > 4000));
  }
  const bytes = await StreamInput.open({ sampleRate: 16000, channels: 2 });
  const tail = new Uint8Array(4 * 1023);
  assert.equal([...bytes.push(new Uint8Array(3))], []);
  assert.equal([...bytes.skip(0)], []);
  const [block] = [...bytes.push(tail)];
  assert.is(block, undefined, 'what was begun before the skip is dropped');
});

test('NaN and infinity count as silence where someone is told of them', async () => {
  const told: InvalidSample[] = [];
  const layout = { sampleRate: 16000, channels: 2 };
  const input = await StreamInput.open({ ...layout, onInvalid: (place) => told.push(place) });
  const good = new Float32Array(2048).fill(0.5);
  const bad = good.slice();
  bad[1001] = NaN;
  bad[1002] = Infinity;
  const [first] = [...input.push(good)];
  const [second] = [...input.push(bad)];
  assert.equal(told, [{ channel: 1, frame: 1024 + 500 }]);
  assert.is(bad[1002], Infinity, "the caller's chunk is left as it is");
  assert.equal([second[1][500], second[0][501], second[0][500]], [0, 0, first[0][0]]);
  bad[3] = 5;
  assert.throws(() => [...input.push(bad)], /5 at index 3.*normalised/);
  const strict = await StreamInput.open(layout);
  assert.throws(() => [...strict.push(bad)], /index 3/);
});

for (const sampleRate of [16000, 8000, 44100, 48000, 11025, 44101, 192000]) {
  test(`${sampleRate} Hz: another input goes on from its state, to the bit`, async () => {
    const data = noise(Math.round(sampleRate * 1.7) * 2, `resume ${sampleRate}`);
    const bytes = new Uint8Array(data.buffer);
    const layout = { sampleRate, channels: 2, resumable: true };
    const expected = await throughStream(bytes, [9973], layout);
    let input = await StreamInput.open(layout);
    const steps: number[][] = [[], []];
    const take = (block: readonly Int16Array[]) => block.forEach((pcm, i) => steps[i].push(...pcm));
    for (let at = 0, k = 0; at < bytes.length; k++) {
      const size = [1, 30001, 777, 100003][k % 4];
      for (const block of input.push(bytes.subarray(at, at + size))) take(block);
      at += size;
      const state = input.state();
      input.free();
      input = await StreamInput.open(layout, state);
    }
    take(input.finish());
    steps.forEach((pcm, i) => assert.is(largestDifference(pcm, expected.steps[i]), exact));
  });
}

test('an incomplete sample or frame at the end is dropped', async () => {
  const { steps } = await throughStream(new Uint8Array(2 * 2048 * 2 + 3), [1000], { sampleRate: 16000, channels: 2 });
  assert.equal(
    steps.map((pcm) => pcm.length),
    [2048, 2048],
  );
});

test('what is wrong is named', async () => {
  const input = await StreamInput.open({ sampleRate: 16000, channels: 1 });
  assert.throws(() => [...input.push('abc' as never)], /data: got "abc"/);
  assert.throws(() => [...input.push([1, 2] as never)], /data: got an array/);
  [...input.push(new Float32Array(10))];
  assert.throws(() => [...input.push(new Int16Array(10))], /Int16Array.*Float32Array, as the chunks before/);
  assert.throws(() => [...input.push(Float32Array.of(0, NaN))], /NaN at index 1/);
});

test.run();
