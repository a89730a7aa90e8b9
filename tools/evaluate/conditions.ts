/** The conditions under which clips are heard. Each is made on the fly, and the same on every machine. */
import { seeded } from '../../test/support/random.ts';
import { mulaw, telephoneBand } from './telephone.ts';

/** Samples in [-1, 1] as the engine is to get them. */
export interface HeardClip {
  readonly data: Float32Array;
  readonly sampleRate: number;
}

export interface Condition {
  readonly description: string;
  /** Undefined: the product's default. */
  readonly volumeThreshold: number | undefined;
  /** `samples` are 16 kHz mono in [-1, 1]; `seed` tells clips apart. */
  apply(samples: Float32Array, seed: string): HeardClip;
}

export const conditionNames = ['clean', 'noise10', 'quiet30', 'tel8k'] as const;
export type ConditionName = (typeof conditionNames)[number];

export const conditions: Readonly<Record<ConditionName, Condition>> = {
  clean: {
    description: 'as recorded',
    volumeThreshold: undefined,
    apply: (samples) => ({ data: samples, sampleRate: 16000 }),
  },
  noise10: {
    description: 'white Gaussian noise at 10 dB SNR over the whole stretch',
    volumeThreshold: undefined,
    apply: (samples, seed) => ({ data: withNoise(samples, 10, seed), sampleRate: 16000 }),
  },
  quiet30: {
    description: 'gain of -30 dB; the volume threshold is 0, or everything would be silence',
    volumeThreshold: 0,
    apply: (samples) => ({ data: quantised(samples.map((sample) => sample * 10 ** (-30 / 20))), sampleRate: 16000 }),
  },
  tel8k: {
    description: '300 to 3400 Hz, 8 kHz, mu-law and back, given to the engine at 8000 Hz',
    volumeThreshold: undefined,
    apply: (samples) => ({ data: mulaw(telephoneBand(samples)), sampleRate: 8000 }),
  },
};

/** Adds noise at a signal-to-noise ratio in dB, and clips as a recorder would. Digital silence stays what it is. */
export function withNoise(samples: Float32Array, decibels: number, seed: string): Float32Array {
  const { normal } = seeded(`noise ${seed}`);
  const level = rms(samples) * 10 ** (-decibels / 20);
  return samples.map((sample) => Math.max(-1, Math.min(1, sample + level * normal())));
}

export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** Quiet audio comes in 16 bits too: what lies below a step of them is gone. */
function quantised(samples: Float32Array): Float32Array {
  return samples.map((sample) => Math.round(sample * 32768) / 32768);
}
