import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AudioData } from '../../src/audio/format.ts';
import { resample } from '../../src/audio/pcm.ts';
import { pickChannel } from '../../src/audio/samples.ts';
import { StreamInput } from '../../src/audio/stream-input.ts';
import { exact } from '../../src/backends/tolerances.ts';
import { ArgumentError } from '../../src/errors.ts';
import { largestDifference } from '../support/parity.ts';
import { seeded } from '../support/random.ts';

interface Layout {
  sampleRate: number;
  channels: number;
  channel?: number;
}

/** All steps of each channel that is heard, from chunks of the sizes given over and over. */
async function throughStream(
  data: AudioData,
  sizes: readonly number[],
  layout: Layout,
): Promise<{ steps: number[][]; heard: readonly number[] }> {
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

test('an incomplete sample or frame at the end is dropped', async () => {
  const { steps } = await throughStream(new Uint8Array(2 * 2048 * 2 + 3), [1000], { sampleRate: 16000, channels: 2 });
  assert.equal(
    steps.map((pcm) => pcm.length),
    [2048, 2048],
  );
});

test('what is wrong is named', async () => {
  const refused = async (layout: unknown, argument: string) => {
    await StreamInput.open(layout as Layout).then(
      () => assert.unreachable(),
      (error) => {
        assert.instance(error, ArgumentError);
        assert.is(error.argument, argument);
      },
    );
  };
  await refused({ sampleRate: 7000, channels: 1 }, 'sampleRate');
  await refused({ sampleRate: 16000, channels: 0 }, 'channels');
  await refused({ sampleRate: 16000, channels: 2, channel: 2 }, 'channel');
  const input = await StreamInput.open({ sampleRate: 16000, channels: 1 });
  assert.throws(() => [...input.push('abc' as never)], /data: got "abc"/);
  assert.throws(() => [...input.push([1, 2] as never)], /data: got an array/);
  [...input.push(new Float32Array(10))];
  assert.throws(() => [...input.push(new Int16Array(10))], /Int16Array.*Float32Array, as the chunks before/);
  assert.throws(() => [...input.push(Float32Array.of(0, NaN))], /NaN at index 1/);
});

test.run();
