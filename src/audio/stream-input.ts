import { ArgumentError } from '../errors.ts';
import {
  type AudioData,
  type AudioLayout,
  checkChannel,
  checkChannels,
  checkSampleRate,
  innerRate,
  stepSamples,
} from './format.ts';
import { Resampler } from './resampler.ts';
import { fullScale, int16FromBytes, kindOf, pickChannel, roundToInt16, type Samples, samplesOf } from './samples.ts';

const noSamples = new Int16Array(0);
const noBlocks: readonly Int16Array[][] = [];

/** One channel of a stream: samples of any rate and in any pieces in, whole steps of pcm out. */
export class ChannelInput {
  readonly #resampler: Resampler | undefined;
  /** What does not fill a step yet. */
  readonly #rest = new Int16Array(stepSamples);
  #restLength = 0;

  private constructor(resampler: Resampler | undefined) {
    this.#resampler = resampler;
  }

  static async open(sampleRate: number): Promise<ChannelInput> {
    return new ChannelInput(sampleRate === innerRate ? undefined : await Resampler.create(sampleRate));
  }

  /** Whole steps in memory of their own, often none; what is left waits for the next call. */
  push(samples: Samples): Int16Array {
    return this.#steps(this.#resampler ? this.#resampler.push(samples) : atInt16Scale(samples));
  }

  /** The steps that the end completes. Less than a step at the very end is not heard. Frees the memory. */
  finish(): Int16Array {
    return this.#resampler ? this.#steps(this.#resampler.finish()) : noSamples;
  }

  free(): void {
    this.#resampler?.free();
  }

  #steps(samples: Int16Array): Int16Array {
    const length = this.#restLength + samples.length;
    if (length < stepSamples) {
      this.#rest.set(samples, this.#restLength);
      this.#restLength = length;
      return noSamples;
    }
    const whole = new Int16Array(length - (length % stepSamples));
    const used = whole.length - this.#restLength;
    whole.set(this.#rest.subarray(0, this.#restLength));
    whole.set(samples.subarray(0, used), this.#restLength);
    this.#rest.set(samples.subarray(used));
    this.#restLength = length % stepSamples;
    return whole;
  }
}

function atInt16Scale(samples: Samples): Int16Array {
  return samples instanceof Int16Array ? samples : roundToInt16(samples, fullScale, new Int16Array(samples.length));
}

/** The channels that are heard: the one named, else each. */
export function channelsHeard(channel: number | undefined, channels: number): number[] {
  return channel === undefined ? Array.from({ length: channels }, (_, i) => i) : [checkChannel(channel, channels)];
}

/** Frames converted at a time, so that hours in one chunk need no second copy of themselves. */
const framesAtATime = 1 << 16;

/**
 * A live source: chunks of any size, which may split a sample or a frame of interleaved channels, into whole steps of
 * each channel that is heard. An incomplete sample or frame at the very end is dropped: a pipe may be cut anywhere.
 */
export class StreamInput {
  /** The numbers of the channels that are heard; a block holds them in this order. */
  readonly heard: readonly number[];
  readonly #channels: number;
  readonly #inputs: readonly ChannelInput[];
  #kind: string | undefined;
  #oddByte: number | undefined;
  /** Samples of an interleaved frame that is not complete. */
  #partialFrame: Samples | undefined;

  private constructor(channels: number, heard: readonly number[], inputs: readonly ChannelInput[]) {
    this.#channels = channels;
    this.heard = heard;
    this.#inputs = inputs;
  }

  static async open(layout: AudioLayout & { readonly channel?: number }): Promise<StreamInput> {
    const sampleRate = checkSampleRate(layout.sampleRate);
    const channels = checkChannels(layout.channels);
    const heard = channelsHeard(layout.channel, channels);
    return new StreamInput(channels, heard, await Promise.all(heard.map(() => ChannelInput.open(sampleRate))));
  }

  /**
   * Blocks of whole steps, one Int16Array a channel heard, all of the same length; none until a step is complete. They
   * are copies: the chunk may be used again once all blocks are taken.
   * @throws ArgumentError as for a chunk; the chunks of one stream are all of one type.
   */
  push(chunk: AudioData): Iterable<Int16Array[]> {
    const samples = this.#joined(this.#samples(chunk));
    const frames = Math.floor(samples.length / this.#channels);
    if (frames > framesAtATime) return this.#pieces(samples, frames);
    const block = this.#block(samples);
    return block ? [block] : noBlocks;
  }

  *#pieces(samples: Samples, frames: number): Generator<Int16Array[]> {
    for (let start = 0; start < frames; start += framesAtATime) {
      const block = this.#block(
        samples.subarray(start * this.#channels, Math.min(start + framesAtATime, frames) * this.#channels),
      );
      if (block) yield block;
    }
  }

  /** Undefined where no step is complete yet; the channels complete theirs together. */
  #block(samples: Samples): Int16Array[] | undefined {
    let block: Int16Array[] | undefined;
    for (let i = 0; i < this.heard.length; i++) {
      const steps = this.#inputs[i].push(pickChannel(samples, this.#channels, this.heard[i]));
      if (steps.length > 0) (block ??= []).push(steps);
    }
    return block;
  }

  /** The block that the end completes; may be empty. Frees the memory. */
  finish(): Int16Array[] {
    return this.#inputs.map((input) => input.finish());
  }

  free(): void {
    for (const input of this.#inputs) input.free();
  }

  #samples(chunk: AudioData): Samples {
    const kind = kindOf(chunk);
    this.#kind ??= kind;
    if (kind !== this.#kind)
      throw new ArgumentError('data', `chunks of type ${kind}`, `${this.#kind}, as the chunks before`);
    return kind === 'Uint8Array' ? this.#samplesOfBytes(chunk as Uint8Array) : samplesOf(chunk);
  }

  /** A byte that waits for its other half goes before the next chunk. */
  #samplesOfBytes(chunk: Uint8Array): Int16Array {
    if (chunk.length === 0) return noSamples;
    let bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#oddByte !== undefined) {
      const joined = new Uint8Array(1 + bytes.length);
      joined[0] = this.#oddByte;
      joined.set(bytes, 1);
      bytes = joined;
    }
    this.#oddByte = bytes.length % 2 === 1 ? bytes[bytes.length - 1] : undefined;
    return int16FromBytes(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  }

  /** Puts the begun frame of the last chunk in front, and keeps the one that this chunk leaves unfinished. */
  #joined(samples: Samples): Samples {
    if (this.#channels === 1) return samples;
    let whole = samples;
    if (this.#partialFrame) {
      whole = new (samples instanceof Float32Array ? Float32Array : Int16Array)(
        this.#partialFrame.length + samples.length,
      );
      whole.set(this.#partialFrame);
      whole.set(samples, this.#partialFrame.length);
    }
    const left = whole.length % this.#channels;
    this.#partialFrame = left > 0 ? whole.slice(whole.length - left) : undefined;
    return whole;
  }
}
