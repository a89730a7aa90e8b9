/** How high a voice is: the median of its fundamental frequency, by McLeod's method as the library pitchy has it. */
import { PitchDetector } from 'pitchy';

const rate = 16000;
const frame = 1024;
const hop = 512;
/** Clarity below which a frame has no pitch, and the range of voices in Hz. */
const clear = 0.9;
const [lowest, highest] = [60, 500];
const fewest = 5;

const detector = PitchDetector.forFloat32Array(frame);

/** Median in Hz of samples at 16 kHz; undefined where fewer than five frames have a pitch. */
export function medianPitch(samples: Float32Array): number | undefined {
  const pitches: number[] = [];
  for (let at = 0; at + frame <= samples.length; at += hop) {
    const [pitch, clarity] = detector.findPitch(samples.subarray(at, at + frame), rate);
    if (clarity >= clear && pitch >= lowest && pitch <= highest) pitches.push(pitch);
  }
  return pitches.length < fewest ? undefined : pitches.sort((a, b) => a - b)[pitches.length >> 1];
}

const edges = [120, 150, 180, 220];

/** Names of the bands, lowest first. */
export const pitchBands: readonly string[] = [
  `below ${edges[0]} Hz`,
  ...edges.slice(1).map((edge, i) => `${edges[i]} to ${edge} Hz`),
  `from ${edges.at(-1)} Hz`,
  'no pitch',
];

export function pitchBand(hertz: number | undefined): string {
  return pitchBands[hertz === undefined ? edges.length + 1 : edges.filter((edge) => hertz >= edge).length];
}
