import { ArgumentError, InputTooShortError } from '../errors.ts';
import { type AudioData, checkChannel, checkChannels, checkSampleRate, innerRate, samplesPerStepAt } from './format.ts';
import { Resampler } from './resampler.ts';
import { fullScale, pickChannel, roundToInt16, type Samples, samplesOf } from './samples.ts';

export type { AudioData } from './format.ts';

export interface PcmInput {
  readonly data: AudioData;
  /** Hz, 8000 to 192000; default 16000. */
  readonly sampleRate?: number;
  /** Channels interleaved in `data`; default 1. */
  readonly channels?: number;
  /** The channel to take, from 0 on; needed where there are several. */
  readonly channel?: number;
}

/** A whole piece of audio, checked: its interleaved samples, how they lie, and samples per channel. */
export interface CheckedAudio {
  readonly samples: Samples;
  readonly sampleRate: number;
  readonly channels: number;
  readonly length: number;
}

/**
 * Checks all of a piece of audio but which channel is heard.
 * @throws ArgumentError; InputTooShortError below one step
 */
export function checkedAudio(input: PcmInput): CheckedAudio {
  const sampleRate = checkSampleRate(input.sampleRate ?? innerRate);
  const channels = checkChannels(input.channels ?? 1);
  const samples = samplesOf(input.data);
  if (samples.length % channels !== 0) {
    throw new ArgumentError(
      'data',
      `${samples.length} samples`,
      `a multiple of ${channels}, the number of interleaved channels`,
    );
  }
  const length = samples.length / channels;
  checkLength(length, sampleRate);
  return { samples, sampleRate, channels, length };
}

/** @throws InputTooShortError where samples per channel make less than one step */
export function checkLength(length: number, sampleRate: number): void {
  const needed = samplesPerStepAt(sampleRate);
  if (length < needed) throw new InputTooShortError(length, needed, sampleRate);
}

/**
 * A whole piece of audio in the inner form: mono int16 at 16 kHz, at least one step long. int16 at 16 kHz passes
 * through untouched (and uncopied where there is one channel).
 * @throws ArgumentError, InputTooShortError
 */
export async function toPcm(input: PcmInput): Promise<Int16Array> {
  const { samples, sampleRate, channels } = checkedAudio(input);
  if (channels > 1 && input.channel === undefined) {
    throw new ArgumentError(
      'channel',
      'undefined',
      `a whole number from 0 to ${channels - 1}: the data has ${channels} channels and one of them is heard`,
    );
  }
  return resample(pickChannel(samples, channels, checkChannel(input.channel ?? 0, channels)), sampleRate);
}

/** Any number of samples of one channel to 16 kHz int16: n seconds in, n seconds out. */
export async function resample(samples: Samples, sampleRate: number): Promise<Int16Array> {
  if (sampleRate === innerRate)
    return samples instanceof Int16Array ? samples : roundToInt16(samples, fullScale, new Int16Array(samples.length));
  const resampler = await Resampler.create(sampleRate);
  const body = resampler.push(samples);
  const tail = resampler.finish();
  const whole = new Int16Array(body.length + tail.length);
  whole.set(body);
  whole.set(tail, body.length);
  return whole;
}
