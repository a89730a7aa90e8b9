import { stepSamples } from './format.ts';
import { fullScale } from './samples.ts';

/** RMS of `pcm` on the [-1, 1] scale. */
export function rms(pcm: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < pcm.length; i++) sum += pcm[i] * pcm[i];
  return Math.sqrt(sum / pcm.length) / fullScale;
}

/** The level of every whole step: RMS on the [-1, 1] scale. pcm [samples] to [samples / 1024, rounded down]. */
export function stepLevels(pcm: Int16Array): number[] {
  return Array.from({ length: Math.floor(pcm.length / stepSamples) }, (_, step) => rms(pcm.subarray(step * stepSamples, (step + 1) * stepSamples)));
}
