/** Matrices of weights as float16: which of them, and how they lie in memory. shaders/weights.wgsl reads them. */
import { toHalf } from '../../graph/half.ts';
import type { WebGPUOptions } from './adapter.ts';

/**
 * Smaller matrices stay float32: they take next to no memory, and a network's first layers, which are small, are the
 * ones whose rounding shows. Over 14 minutes of speech, music and noise (on the CPU) the probabilities of two earlier
 * models moved by up to 0.019 with all matrices rounded, 0.0013 with those from 1,024 numbers on, 0.0005 with those
 * from 8,192 on.
 */
const enough = 8192;

/** From how many numbers on a matrix is kept as float16. */
export function halvesFromOf({ weightPrecision, halvesFrom = enough }: WebGPUOptions): number {
  return weightPrecision === 'f16' ? halvesFrom : Infinity;
}

/** From here on float16 has infinity only. */
const tooLarge = 65520;

/** Below it float16 loses digits, and devices may take it for zero. */
const smallestNormal = 2 ** -14;

/** Whether float16 has a place for these weights: none becomes infinite, and they are not all too small for it. */
export function fitsHalves(weights: ArrayLike<number>): boolean {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (!(size < tooLarge)) return false;
    if (size > largest) largest = size;
  }
  return largest === 0 || largest >= smallestNormal;
}

/** Words of so many numbers. */
export const halvesLength = (numbers: number): number => Math.ceil(numbers / 2);

/**
 * The first `kept` numbers bit by bit as they are, the others as float16, two to a word, the first in its lower half.
 */
export function packHalves(numbers: Float32Array, kept: number): Uint32Array {
  const words = new Uint32Array(kept + halvesLength(numbers.length - kept));
  new Float32Array(words.buffer).set(numbers.subarray(0, kept));
  const halves = new Uint16Array(words.buffer, 4 * kept);
  for (let i = kept; i < numbers.length; i++) halves[i - kept] = toHalf(numbers[i]);
  return words;
}
