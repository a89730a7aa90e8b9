import { stepSamples } from './format.ts';
import { fullScale } from './samples.ts';

/** RMS of `pcm` on the [-1, 1] scale; of all of it, or from sample `start` to before `end`. */
export function rms(pcm: Int16Array, start = 0, end = pcm.length): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += pcm[i] * pcm[i];
  return Math.sqrt(sum / (end - start)) / fullScale;
}

/** The level of every whole step: RMS on the [-1, 1] scale. pcm [samples] to [samples / 1024, rounded down]. */
export function stepLevels(pcm: Int16Array): number[] {
  const levels: number[] = [];
  for (let end = stepSamples; end <= pcm.length; end += stepSamples) levels.push(rms(pcm, end - stepSamples, end));
  return levels;
}
