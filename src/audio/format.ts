import { ArgumentError, describe } from '../errors.ts';

/** The one inner form of audio, called pcm: mono, 16 kHz, Int16Array. */
export const innerRate = 16000;
/** A step is 64 ms: 1,024 samples. Every model gives one set of probabilities a step. */
export const stepSamples = 1024;
export const stepMilliseconds = 64;

export const lowestRate = 8000;
export const highestRate = 192000;

/**
 * Samples at int16 scale, normalised samples in [-1, 1], or bytes in one of the encodings (a Buffer is a Uint8Array).
 * Channels interleaved.
 */
export type AudioData = Int16Array | Float32Array | Uint8Array | ArrayBuffer;

/** How samples stand in bytes: 16-bit integers, 32-bit floats, both little-endian; the 8-bit laws of ITU-T G.711. */
export const encodings = ['s16le', 'f32le', 'mulaw', 'alaw'] as const;
export type Encoding = (typeof encodings)[number];
export const bytesPerSample: Readonly<Record<Encoding, number>> = { s16le: 2, f32le: 4, mulaw: 1, alaw: 1 };

/** A channel by its number from 0 on, or the mean of all. */
export type Channel = number | 'mix';

export interface AudioLayout {
  /** Hz, a whole number from 8000 to 192000. */
  readonly sampleRate: number;
  /** Interleaved channels. */
  readonly channels: number;
  /** Of bytes; default s16le. */
  readonly encoding?: Encoding | undefined;
}

/** Telephone audio has 8000 samples a second. */
export function defaultRate(encoding: Encoding = 's16le'): number {
  return bytesPerSample[encoding] === 1 ? 8000 : innerRate;
}

/** Most channels that audio may have; a slip such as a sample rate in this place is caught. */
export const mostChannels = 256;

export function checkChannel(channel: unknown, channels: number): Channel {
  if (channel === 'mix') return channel;
  if (typeof channel !== 'number' || !Number.isInteger(channel) || channel < 0 || channel >= channels) {
    throw new ArgumentError(
      'channel',
      describe(channel),
      `a whole number from 0 to ${channels - 1}, since the audio has ${channels} ` +
        `channel${channels > 1 ? 's' : ''}, or 'mix'`,
    );
  }
  return channel;
}

/** Samples per channel at `sampleRate` that one step of 64 ms takes. */
export function samplesPerStepAt(sampleRate: number): number {
  return Math.ceil((stepSamples * sampleRate) / innerRate);
}

/** Samples at `sampleRate` as samples at 16 kHz, rounded; exact for any count below 2^53. */
export function innerSamples(samples: number, sampleRate: number): number {
  const seconds = Math.floor(samples / sampleRate);
  return seconds * innerRate + Math.round(((samples - seconds * sampleRate) * innerRate) / sampleRate);
}
