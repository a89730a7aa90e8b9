import { ArgumentError } from '../errors.ts';
import {
  type AudioData,
  type AudioLayout,
  bytesPerSample,
  type Channel,
  checkChannel,
  type Encoding,
  innerRate,
  stepSamples,
} from './format.ts';
import { atInt16Scale } from './pcm.ts';
import { Resampler, type ResamplerState } from './resampler.ts';
import {
  checkEncodingOf,
  checkFloats,
  type Kind,
  pickChannel,
  type Samples,
  samplesOfBytes,
  viewOf,
  withSilence,
} from './samples.ts';

const noSamples = new Int16Array(0);
const noBytes = new Uint8Array(0);
const noBlocks: readonly Int16Array[][] = [];

/** What one channel has taken and not given yet. */
export interface ChannelInputState {
  readonly rest: Int16Array;
  readonly resampler: ResamplerState | undefined;
}

/** One channel of a stream: samples of any rate and in any pieces in, whole steps of pcm out. */
export class ChannelInput {
  readonly #resampler: Resampler | undefined;
  /** What does not fill a step yet. */
  readonly #rest = new Int16Array(stepSamples);
  #restLength = 0;

  private constructor(resampler: Resampler | undefined, rest: Int16Array) {
    this.#resampler = resampler;
    this.#rest.set(rest);
    this.#restLength = rest.length;
  }

  /** `resumable`: its state can be asked for. */
  static async open(sampleRate: number, resumable = false, state?: ChannelInputState): Promise<ChannelInput> {
    const resampler =
      sampleRate === innerRate ? undefined : await Resampler.create(sampleRate, resumable, state?.resampler);
    return new ChannelInput(resampler, state?.rest ?? noSamples);
  }

  /** Whole steps in memory of their own, often none; what is left waits for the next call. */
  push(samples: Samples): Int16Array {
    return this.#steps(this.#resampler ? this.#resampler.push(samples) : atInt16Scale(samples));
  }

  /** The steps that the end completes. Less than a step at the very end is not heard. Frees the memory. */
  finish(): Int16Array {
    return this.#resampler ? this.#steps(this.#resampler.finish()) : noSamples;
  }

  /** From which `open` goes on. */
  state(): ChannelInputState {
    return { rest: this.#rest.slice(0, this.#restLength), resampler: this.#resampler?.state() };
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

/** The channels that are heard: the one named or the mean of all, else each. */
export function channelsHeard(channel: Channel | undefined, channels: number): Channel[] {
  return channel === undefined ? Array.from({ length: channels }, (_, i) => i) : [checkChannel(channel, channels)];
}

/**
 * Frames converted at a time, so that hours in one chunk need no second copy of themselves and others have their turn.
 */
export const framesAtATime = 1 << 15;

export interface StreamLayout extends AudioLayout {
  readonly channel?: Channel | undefined;
  /** Told of NaN and infinity, which are taken as silence; without it they are errors. */
  readonly onInvalid?: ((place: InvalidSample) => void) | undefined;
  /** Its state can be asked for, which takes a second's memory a channel. Default false. */
  readonly resumable?: boolean;
}

/** Where a stream's sample is no number. */
export interface InvalidSample {
  readonly channel: number;
  /** Samples of the channel before it, since the stream began. */
  readonly frame: number;
}

/** What a stream has taken and not given yet; a new one goes on from it. */
export interface StreamInputState {
  readonly kind: Kind | undefined;
  readonly frames: number;
  readonly owed: number;
  readonly oddBytes: Uint8Array;
  readonly partialFrame: Float32Array;
  readonly inputs: readonly ChannelInputState[];
}

/**
 * A live source: chunks of any size, which may split a sample or a frame of interleaved channels, into whole steps of
 * each channel that is heard. An incomplete sample or frame at the very end is dropped: a pipe may be cut anywhere.
 */
export class StreamInput {
  /** The channels that are heard; a block holds them in this order. */
  readonly heard: readonly Channel[];
  readonly #channels: number;
  readonly #sampleRate: number;
  readonly #encoding: Encoding | undefined;
  readonly #onInvalid: StreamLayout['onInvalid'];
  readonly #inputs: readonly ChannelInput[];
  #kind: Kind | undefined;
  /** Bytes of a sample, and samples of a frame, that are not complete. */
  #oddBytes: Uint8Array = noBytes;
  #partialFrame: Samples = noSamples;
  /** Frames taken so far; and the part of a frame that skips have left over. */
  #frames = 0;
  #owed = 0;

  private constructor(layout: StreamLayout, heard: readonly Channel[], inputs: readonly ChannelInput[]) {
    this.#channels = layout.channels;
    this.#sampleRate = layout.sampleRate;
    this.#encoding = layout.encoding;
    this.#onInvalid = layout.onInvalid;
    this.heard = heard;
    this.#inputs = inputs;
  }

  static async open(layout: StreamLayout, state?: StreamInputState): Promise<StreamInput> {
    const { sampleRate, channels } = layout;
    const heard = channelsHeard(layout.channel, channels);
    const inputs = await Promise.all(
      heard.map((_, i) => ChannelInput.open(sampleRate, layout.resumable, state?.inputs[i])),
    );
    const input = new StreamInput(layout, heard, inputs);
    if (state) input.#restore(state);
    return input;
  }

  /**
   * Blocks of whole steps, one Int16Array a channel heard, all of the same length; none until a step is complete. They
   * are copies: the chunk may be used again once all blocks are taken.
   * @throws ArgumentError as for a chunk; the chunks of one stream are all of one type. A chunk that is refused leaves
   * no trace, unless it is longer than `framesAtATime`
   */
  push(chunk: AudioData): Iterable<Int16Array[]> {
    return this.convert(this.take(chunk));
  }

  /** The first half of `push`: whole frames of samples, a view of the chunk where that is possible. */
  take(chunk: AudioData): Samples {
    const { kind, view } = viewOf(chunk);
    if (kind !== (this.#kind ?? kind))
      throw new ArgumentError('data', `chunks of type ${kind}`, `${this.#kind}, as the chunks before`);
    checkEncodingOf(kind, this.#encoding);
    const bytes = kind === 'Uint8Array' ? joined(this.#oddBytes, view) : noBytes;
    const odd = bytes.length % bytesPerSample[this.#encoding ?? 's16le'];
    const samples =
      kind === 'Uint8Array' ? samplesOfBytes(bytes.subarray(0, bytes.length - odd), this.#encoding).samples : view;
    if (samples.length <= framesAtATime * this.#channels) this.#check(samples);
    this.#kind = kind;
    this.#oddBytes = bytes.slice(bytes.length - odd);
    return this.#wholeFrames(samples);
  }

  /** The second half: conversion to steps. What `take` gave goes through it once, in order. */
  convert(samples: Samples): Iterable<Int16Array[]> {
    if (samples.length > framesAtATime * this.#channels) return this.#pieces(samples);
    const block = this.#block(samples);
    return block ? [block] : noBlocks;
  }

  /**
   * Blocks of silence, as long as `milliseconds`: time in which nothing arrived. A sample that was begun is dropped.
   */
  skip(milliseconds: number): Iterable<Int16Array[]> {
    this.#oddBytes = noBytes;
    this.#partialFrame = noSamples;
    return this.#silence(milliseconds);
  }

  *#silence(milliseconds: number): Generator<Int16Array[]> {
    this.#owed += (milliseconds * this.#sampleRate) / 1000;
    const silence = new Int16Array(Math.min(framesAtATime, Math.floor(this.#owed)));
    while (this.#owed >= 1) {
      const frames = silence.subarray(0, Math.floor(this.#owed));
      this.#owed -= frames.length;
      this.#frames += frames.length;
      const steps = this.#inputs.map((input) => input.push(frames));
      if (steps[0].length > 0) yield steps;
    }
  }

  /** The block that the end completes; may be empty. Frees the memory. */
  finish(): Int16Array[] {
    return this.#inputs.map((input) => input.finish());
  }

  /** From which `open` goes on; only where the layout says `resumable`. */
  state(): StreamInputState {
    return {
      kind: this.#kind,
      frames: this.#frames,
      owed: this.#owed,
      oddBytes: this.#oddBytes,
      partialFrame: Float32Array.from(this.#partialFrame),
      inputs: this.#inputs.map((input) => input.state()),
    };
  }

  free(): void {
    for (const input of this.#inputs) input.free();
  }

  #restore({ kind, frames, owed, oddBytes, partialFrame }: StreamInputState): void {
    const isFloat = kind === 'Float32Array' || (kind === 'Uint8Array' && this.#encoding === 'f32le');
    this.#kind = kind;
    this.#frames = frames;
    this.#owed = owed;
    this.#oddBytes = oddBytes;
    this.#partialFrame = isFloat ? partialFrame : Int16Array.from(partialFrame);
  }

  *#pieces(samples: Samples): Generator<Int16Array[]> {
    const length = framesAtATime * this.#channels;
    for (let start = 0; start < samples.length; start += length) {
      const piece = samples.subarray(start, start + length);
      this.#check(piece, start);
      const block = this.#block(piece);
      if (block) yield block;
    }
  }

  #check(samples: Samples, offset = 0): void {
    checkFloats(samples, { offset, allowInvalid: this.#onInvalid !== undefined });
  }

  /** Undefined where no step is complete yet; the channels complete theirs together. */
  #block(given: Samples): Int16Array[] | undefined {
    const samples = this.#onInvalid ? withSilence(given, (index) => this.#tellInvalid(index)) : given;
    this.#frames += samples.length / this.#channels;
    let block: Int16Array[] | undefined;
    for (let i = 0; i < this.heard.length; i++) {
      const steps = this.#inputs[i].push(pickChannel(samples, this.#channels, this.heard[i]));
      if (steps.length > 0) (block ??= []).push(steps);
    }
    return block;
  }

  #tellInvalid(index: number): void {
    this.#onInvalid?.({
      channel: index % this.#channels,
      frame: this.#frames + Math.floor(index / this.#channels),
    });
  }

  /** Puts the begun frame of the last chunk in front, and keeps the one that this chunk leaves unfinished. */
  #wholeFrames(samples: Samples): Samples {
    if (this.#channels === 1) return samples;
    const begun = this.#partialFrame;
    let whole = samples;
    if (begun.length > 0) {
      whole = new (samples instanceof Float32Array ? Float32Array : Int16Array)(begun.length + samples.length);
      whole.set(begun);
      whole.set(samples, begun.length);
    }
    const end = whole.length - (whole.length % this.#channels);
    this.#partialFrame = whole.slice(end);
    return whole.subarray(0, end);
  }
}

function joined(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (before.length === 0) return bytes;
  const whole = new Uint8Array(before.length + bytes.length);
  whole.set(before);
  whole.set(bytes, before.length);
  return whole;
}
