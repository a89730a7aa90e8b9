/** Numbers of tensors as they stand in a file: what is rounded, and how. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeWeights, encodeWeights } from '../../src/models/weights.ts';
import { seeded } from '../support/random.ts';

const stored = (values: readonly number[], shape: readonly number[]): number[] => {
  const { data } = encodeWeights(Float32Array.from(values), shape, 'int8');
  return [...new Int8Array(data.buffer, data.byteOffset, data.length)];
};

test('int8: each number goes to the nearest step, on both sides of zero', () => {
  // 127 is the largest, so a step is 1.
  assert.equal(stored([127, 1.4, 1.6, -1.4, -1.6, 0.4, -0.4, 0.6], [8, 1]), [127, 1, 2, -1, -2, 0, 0, 1]);
  assert.equal(stored([-127, 126.6, -126.6, 126.4], [4, 1]), [-127, 127, -127, 126]);
});

test('int8: a scale for each position on the last axis, so that the largest of each becomes 127', () => {
  const { scales } = encodeWeights(Float32Array.of(127, 0, 2.54, -254, 0, 1.27), [2, 3], 'int8');
  assert.equal(new Float32Array(scales!.buffer), Float32Array.of(2, 0, 2.54 / 127));
  assert.equal(stored([127, 0, 2.54, -254, 0, 1.27], [2, 3]), [64, 0, 127, -127, 0, 64]);
});

test('int8: what is read back lies half a step away at most, and zeros stay zeros', () => {
  const random = seeded('int8');
  const [rows, channels] = [40, 7];
  const values = Float32Array.from({ length: rows * channels }, (_, i) =>
    i % channels === 3 ? 0 : random.normal() * 10 ** ((i % channels) - 3),
  );
  const read = decodeWeights(encodeWeights(values, [rows, channels], 'int8'), [rows, channels]);
  let furthest = 0;
  for (let channel = 0; channel < channels; channel++) {
    const own = (all: Float32Array): Float32Array => all.filter((_, i) => i % channels === channel);
    const step = Math.max(...own(values).map(Math.abs)) / 127;
    const [exact, got] = [own(values), own(read)];
    if (step === 0) assert.ok(got.every((value) => value === 0));
    else
      exact.forEach((value, i) => {
        furthest = Math.max(furthest, Math.abs(value - got[i]) / step);
      });
  }
  assert.ok(furthest <= 0.5001, `${furthest} steps`);
  assert.ok(furthest > 0.4, 'some number lies between two steps');
});

test('float32 is stored to the bit, float16 to the nearest of eleven bits', () => {
  const values = Float32Array.of(1 / 3, -1e-30, 65504, 1 + 2 ** -11, 1 + 3 * 2 ** -11);
  assert.equal(decodeWeights(encodeWeights(values, [5], 'float32'), [5]), values);
  // Ties go to the even neighbour.
  const half = decodeWeights(encodeWeights(values, [5], 'float16'), [5]);
  assert.equal(half, Float32Array.of(0.333251953125, -0, 65504, 1, 1 + 2 ** -9));
});

test.run();
