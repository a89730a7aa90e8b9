import { ArgumentError, InputTooShortError } from '../errors.ts';
import { type AudioData, type AudioLayout, type Channel, innerRate, innerSamples, samplesPerStepAt } from './format.ts';
import { Resampler } from './resampler.ts';
import { checkFloats, fullScale, pickChannel, roundToInt16, type Samples, samplesOf } from './samples.ts';
import { inSlices, type Slices } from './slices.ts';

export type { AudioData } from './format.ts';

export interface PcmInput extends AudioLayout {
  readonly data: AudioData;
}

/** A whole piece of audio, checked but for its floats. */
export interface CheckedAudio {
  /** Interleaved. */
  readonly samples: Samples;
  /** The samples are in memory that nobody else holds. */
  readonly own: boolean;
}

/**
 * Checks all of a piece of audio but the values of floats.
 * @throws ArgumentError; InputTooShortError below one step
 */
export function checkedAudio({ data, sampleRate, channels, encoding }: PcmInput): CheckedAudio {
  const { samples, own } = samplesOf(data, encoding);
  if (samples.length % channels !== 0) {
    throw new ArgumentError(
      'data',
      `${samples.length} samples`,
      `a multiple of ${channels}, the number of interleaved channels`,
    );
  }
  checkLength(samples.length / channels, sampleRate);
  return { samples, own };
}

/** @throws InputTooShortError where samples per channel make less than one step */
export function checkLength(length: number, sampleRate: number): void {
  const needed = samplesPerStepAt(sampleRate);
  if (length < needed) throw new InputTooShortError(length, needed, sampleRate);
}

/**
 * A whole piece of audio in the inner form: mono int16 at 16 kHz, at least one step long. The audio is copied before
 * the call returns.
 * @throws ArgumentError, InputTooShortError
 */
export async function toPcm(input: PcmInput & { readonly channel: Channel }): Promise<Int16Array> {
  const { samples, own } = checkedAudio(input);
  const { sampleRate, channels, channel } = input;
  return resample(samples, sampleRate, { channels, channel, keep: !own });
}

/** Samples that are worked on at a time, some two milliseconds' work. */
const sliceSamples = 1 << 15;
/** Up to here audio is worked on in one go. */
const isShort = (samples: Samples): boolean => samples.length <= 2 * sliceSamples;

export interface ResampleOptions {
  /** Interleaved channels and the one that is taken. */
  readonly channels?: number;
  readonly channel?: Channel;
  /** The samples may change after the call, so what is needed later is copied. Default false. */
  readonly keep?: boolean;
}

/**
 * Any number of samples of one channel to 16 kHz int16: n seconds in, n seconds out; in slices where they are many.
 * @throws ArgumentError for floats that are no samples
 */
export async function resample(
  samples: Samples,
  sampleRate: number,
  { channels = 1, channel = 0, keep = false }: ResampleOptions = {},
): Promise<Int16Array> {
  if (isShort(samples)) {
    checkFloats(samples);
    const mono = pickChannel(samples, channels, channel);
    const shared = keep && mono === samples;
    if (sampleRate !== innerRate) return fromSlices(shared ? mono.slice() : mono, sampleRate, 1, 0);
    if (mono instanceof Int16Array) return shared ? mono.slice() : mono;
    return roundToInt16(mono, fullScale, new Int16Array(mono.length));
  }
  if (sampleRate === innerRate && channels === 1 && samples instanceof Int16Array)
    return keep ? samples.slice() : samples;
  return fromSlices(keep ? samples.slice() : samples, sampleRate, channels, channel);
}

async function fromSlices(
  samples: Samples,
  sampleRate: number,
  channels: number,
  channel: Channel,
): Promise<Int16Array> {
  const open = sampleRate === innerRate ? undefined : await Resampler.maker();
  return inSlices(toInner(samples, { sampleRate, channels, channel }, open), !isShort(samples));
}

function* toInner(
  samples: Samples,
  { sampleRate, channels, channel }: { sampleRate: number; channels: number; channel: Channel },
  open: ((sampleRate: number) => Resampler) | undefined,
): Slices<Int16Array> {
  // Not before its turn: a thousand of them are a tenth of a second.
  const resampler = open?.(sampleRate);
  try {
    const out = new Int16Array(innerSamples(samples.length / channels, sampleRate));
    const length = Math.ceil(sliceSamples / channels) * channels;
    let made = 0;
    for (let at = 0; at < samples.length; at += length) {
      const slice = samples.subarray(at, at + length);
      checkFloats(slice, { offset: at });
      const mono = pickChannel(slice, channels, channel);
      const part = resampler ? resampler.push(mono) : atInt16Scale(mono);
      out.set(part, made);
      made += part.length;
      yield;
    }
    if (resampler) out.set(resampler.finish(), made);
    return out;
  } finally {
    resampler?.free();
  }
}

export function atInt16Scale(samples: Samples): Int16Array {
  return samples instanceof Int16Array ? samples : roundToInt16(samples, fullScale, new Int16Array(samples.length));
}
