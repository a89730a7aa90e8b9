/** Levels of audio, step by step: RMS on the [-1, 1] scale. */
import { fromBase64, type Memory, WebAssembly } from '../platform/webassembly.ts';
import { stepSamples } from './format.ts';
import { level } from './level.generated.ts';
import { fullScale } from './samples.ts';

/** Sums the squares of the first steps in `samples`, [steps, 1024], into `sums`. */
export interface SquareSummer {
  readonly samples: Int16Array;
  readonly sums: Float64Array;
  sum(steps: number): void;
}

/** Steps that a summer takes at a time, as many as there is room for in the module of level.wasm. */
const stepsAtOnce = 64;

let summer: SquareSummer | undefined;

/** The level of every whole step: RMS on the [-1, 1] scale. pcm [samples] to [samples / 1024, rounded down]. */
export function stepLevels(pcm: Int16Array): number[] {
  summer ??= WebAssembly === undefined ? plainSummer() : wasmSummer();
  const { samples, sums } = summer;
  const count = Math.floor(pcm.length / stepSamples);
  const levels = new Array<number>(count);
  for (let first = 0; first < count; first += stepsAtOnce) {
    const steps = Math.min(stepsAtOnce, count - first);
    samples.set(pcm.subarray(first * stepSamples, (first + steps) * stepSamples));
    summer.sum(steps);
    for (let i = 0; i < steps; i++) levels[first + i] = Math.sqrt(sums[i] / stepSamples) / fullScale;
  }
  return levels;
}

/** Ten times as fast as JavaScript, which has no integers of its own to add up. */
export function wasmSummer(): SquareSummer {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fromBase64(level)));
  const { buffer } = exports['memory'] as Memory;
  const sumSquares = exports['sumSquares'] as (steps: number, sums: number) => void;
  const samples = new Int16Array(buffer, 0, stepsAtOnce * stepSamples);
  return {
    samples,
    sums: new Float64Array(buffer, samples.byteLength, stepsAtOnce),
    sum: (steps) => sumSquares(steps, samples.byteLength),
  };
}

/**
 * The same where there is no WebAssembly. Sums of whole numbers are exact either way, so the levels are the same to the
 * bit.
 */
export function plainSummer(): SquareSummer {
  const samples = new Int16Array(stepsAtOnce * stepSamples);
  const sums = new Float64Array(stepsAtOnce);
  return {
    samples,
    sums,
    sum(steps) {
      for (let step = 0; step < steps; step++) {
        let sum = 0;
        for (let i = step * stepSamples; i < (step + 1) * stepSamples; i++) sum += samples[i] * samples[i];
        sums[step] = sum;
      }
    },
  };
}
