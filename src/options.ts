/**
 * What callers may ask for: every option with its default and its check. Options are checked once, when a call begins,
 * and settled into a value that has them all; from there on nothing checks them again.
 */
import type { Models } from './answers/by-model.ts';
import type { DecodeProgress, InvalidSamples } from './audio/decode.ts';
import {
  type AudioData,
  type Channel,
  checkChannel,
  defaultRate,
  type Encoding,
  encodings,
  highestRate,
  lowestRate,
  mostChannels,
  stepMilliseconds,
} from './audio/format.ts';
import { type WeightPrecision, weightPrecisions } from './backends/backend.ts';
import { ArgumentError, type DecodeError, describe, type UndertoneError, UnknownOptionError } from './errors.ts';
import type { Weights } from './models/model-files.ts';
import { platform } from './platform/index.ts';
import { type DeviceName, deviceNames } from './runtime/devices.ts';

export interface EngineOptions {
  /** Default `auto`: a hardware GPU if there is one, else the CPU. */
  readonly device?: DeviceName | undefined;
  /**
   * Model files in place of the ones that come with the package: a folder, or by id (`speech`, `gender`, `speech-rt`)
   * the place or the bytes of each. Bytes are copied.
   */
  readonly weights?: Weights | undefined;
  /**
   * Device cpu: threads for work that can't be done in one batch, such as many files or chunks. They start when there
   * is such work; a single call runs on the calling thread. Default: the cores; 1 for none.
   */
  readonly threads?: number | undefined;
  /**
   * Device webgpu: how the large matrices of weights are kept on the GPU. `f16` takes half the memory; products and
   * sums are float32 all the same. A matrix that float16 can't hold stays float32. Default `f32`.
   */
  readonly weightPrecision?: WeightPrecision | undefined;
}

/** A model that an engine holds, as `engine.models.Speech`. */
export interface ModelHandle<Key extends string = string> {
  /** `Speech`, `SpeechRT`, `Gender`; an older version kept beside the newest is `Speech@1`. */
  readonly name: string;
  /** Its key in results. */
  readonly key: Key;
  readonly version: number;
  readonly labels: readonly string[];
}

export interface ModelHandles {
  readonly Speech: ModelHandle<'speech'>;
  readonly SpeechRT: ModelHandle<'speech-rt'>;
  readonly Gender: ModelHandle<'gender'>;
  readonly [name: string]: ModelHandle;
}

/** What all analyses share. */
export interface AnalysisOptions<M extends Models = Models> {
  /** Handles of `engine.models`, or their names. At least one. */
  readonly models: M;
  /** Adds `raw`, the probability of each label. Default false. */
  readonly includeRawValues?: boolean | undefined;
  /** RMS below which a step is silent, on the [-1, 1] scale: 0 never, 1 always. Default 0.005. */
  readonly volumeThreshold?: number | undefined;
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How samples lie in a piece of audio. */
export interface LayoutOptions {
  /** Hz, 8000 to 192000; default 16000, of mulaw and alaw 8000. */
  readonly sampleRate?: number | undefined;
  /** Interleaved channels; default 1. */
  readonly channels?: number | undefined;
  /** Of bytes; default s16le. */
  readonly encoding?: Encoding | undefined;
}

export interface ChunkOptions<M extends Models = Models> extends AnalysisOptions<M>, LayoutOptions {
  /**
   * Samples in [-1, 1] (Float32Array) or at int16 scale, or bytes; channels interleaved. Copied before the call
   * returns.
   */
  readonly data: AudioData;
  /** The channel to hear, from 0 on, or 'mix', the mean of all; needed where there are several. */
  readonly channel?: Channel | undefined;
}

/** What all time series share. */
export interface SeriesOptions<M extends Models = Models> extends AnalysisOptions<M> {
  /** Length of a period in ms, a multiple of 64; default 1024. */
  readonly outputPeriod?: number | undefined;
  /** The channel to hear, from 0 on, or 'mix', the mean of all. By default every channel is heard on its own. */
  readonly channel?: Channel | undefined;
  /** Adds the share of every result over all steps. Default false. */
  readonly includeSummary?: boolean | undefined;
  /** Adds the runs of equal results on the grid of 64 ms. Default false. */
  readonly includeTransitions?: boolean | undefined;
  /**
   * In ms, default 0: a run that is shorter goes to its longer neighbour, in the transitions alone; periods and summary
   * stay as they are.
   */
  readonly minDuration?: number | undefined;
}

export interface FileOptions<M extends Models = Models> extends SeriesOptions<M> {
  /**
   * Seconds into the file at which to begin, to the step of 64 ms at or before it; default 0. Timestamps stay those of
   * the file.
   */
  readonly start?: number | undefined;
  /** Seconds into the file at which to end; default its end. */
  readonly end?: number | undefined;
  /** Memory is bounded whatever the length, with true and with false; both are the same. */
  readonly useChunking?: boolean | undefined;
  /**
   * Uses what can be read of a damaged or cut-off file and tells in `warnings`, in place of an error. Default false.
   */
  readonly partial?: boolean | undefined;
  /** What was odd or, with `partial`, what an error would have said. By default a process warning, DecodeWarning. */
  readonly onWarning?: ((warning: DecodeError) => void) | undefined;
  /** NaN and infinity count as silence and give a warning (default), or are errors. */
  readonly invalidSamples?: InvalidSamples | undefined;
  /** After every stretch that was analysed. */
  readonly onProgress?: ((progress: DecodeProgress) => void) | undefined;
}

export interface BytesOptions<M extends Models = Models> extends SeriesOptions<M>, LayoutOptions {
  /** Samples in [-1, 1] (Float32Array) or at int16 scale, or bytes; channels interleaved. */
  readonly data: AudioData;
  readonly useChunking?: boolean | undefined;
}

export interface StreamOptions<M extends Models = Models> extends SeriesOptions<M>, LayoutOptions {
  /** NaN and infinity count as silence and give a warning (default), or are errors. */
  readonly invalidSamples?: InvalidSamples | undefined;
  /** Told of each chunk with samples that are no numbers. By default the first is a warning of the process. */
  readonly onWarning?: ((warning: UndertoneError) => void) | undefined;
  /** `openStream` only: what `snapshot()` of a stream with the same options gave; this one goes on from there. */
  readonly resume?: Uint8Array | undefined;
}

export const defaults = {
  device: 'auto',
  weightPrecision: 'f32',
  volumeThreshold: 0.005,
  /** ms */
  outputPeriod: 1024,
  channels: 1,
  invalidSamples: 'silence',
} as const satisfies Record<string, unknown>;

/** Gives the settled value of one option; `undefined` is an option that was left out. */
type Check<T> = (value: unknown, name: string) => T;
/** A check for every option. */
type ChecksOf<Options> = { readonly [Name in keyof Required<Options>]: Check<unknown> };
type Settled<Checks> = { readonly [Name in keyof Checks]: Checks[Name] extends Check<infer T> ? T : never };

function refuse(name: string, value: unknown, allowed: string): never {
  throw new ArgumentError(name, describe(value), allowed);
}

/** Checked where it is used: with the models that there are, or with the audio or the files. */
function asGiven<T>(): Check<T> {
  return (value) => value as T;
}

function flag(fallback: boolean): Check<boolean> {
  return (value = fallback, name) => (typeof value === 'boolean' ? value : refuse(name, value, 'true or false'));
}

function oneOf<T extends string, D extends T | undefined>(known: readonly T[], fallback: D): Check<T | D> {
  const allowed = `one of ${known.map((each) => JSON.stringify(each)).join(', ')}`;
  return (value = fallback, name) => {
    if (value !== undefined && !known.includes(value as T)) refuse(name, value, allowed);
    return value as T | D;
  };
}

function wholeNumber<D extends number | undefined>(
  fallback: () => D,
  [lowest, highest]: readonly [number, number],
  allowed = `a whole number from ${lowest} ${highest === Infinity ? 'on' : `to ${highest}`}`,
): Check<number | D> {
  return (value = fallback(), name) => {
    if (value === undefined) return value as D;
    const fits = Number.isSafeInteger(value) && (value as number) >= lowest && (value as number) <= highest;
    return fits ? (value as number) : refuse(name, value, allowed);
  };
}

function callback<F>(): Check<F | undefined> {
  return (value, name) =>
    value === undefined || typeof value === 'function' ? (value as F | undefined) : refuse(name, value, 'a function');
}

const invalid = oneOf<InvalidSamples, InvalidSamples>(['silence', 'error'], defaults.invalidSamples);

const threshold: Check<number> = (value = defaults.volumeThreshold, name) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : refuse(name, value, 'a number from 0 to 1');

const period: Check<number> = (value = defaults.outputPeriod, name) =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) % stepMilliseconds === 0
    ? (value as number)
    : refuse(name, value, `a multiple of ${stepMilliseconds} (ms), such as ${defaults.outputPeriod}`);

const duration: Check<number> = (value = 0, name) =>
  typeof value === 'number' && value >= 0 && value < Infinity ? value : refuse(name, value, 'a number of ms from 0 on');

function seconds(fallback: number): Check<number> {
  return (value = fallback, name) =>
    typeof value === 'number' && value >= 0 ? value : refuse(name, value, 'a number of seconds from 0 on');
}

/** Of a file, whose number of channels is not known yet. */
const channel: Check<Channel | undefined> = (value, name) => {
  const fits = value === undefined || value === 'mix' || (Number.isInteger(value) && (value as number) >= 0);
  return fits ? (value as Channel | undefined) : refuse(name, value, "a whole number from 0 on, or 'mix'");
};

const abortSignal: Check<AbortSignal | undefined> = (value, name) => {
  const given = value as AbortSignal | null | undefined;
  const isSignal = typeof given?.throwIfAborted === 'function' && typeof given.addEventListener === 'function';
  return value === undefined || isSignal ? (value as AbortSignal | undefined) : refuse(name, value, 'an AbortSignal');
};

/** Threads beyond these ask for memory that no machine has a use for. */
const mostThreads = 64;

const engineChecks = {
  device: oneOf(deviceNames, defaults.device),
  weights: asGiven<Weights | undefined>(),
  threads: wholeNumber(() => Math.min(platform.cores(), mostThreads), [1, mostThreads]),
  weightPrecision: oneOf(weightPrecisions, defaults.weightPrecision),
} satisfies ChecksOf<EngineOptions>;

const analysisChecks = {
  models: asGiven<AnalysisOptions['models']>(),
  includeRawValues: flag(false),
  volumeThreshold: threshold,
  signal: abortSignal,
} satisfies ChecksOf<AnalysisOptions>;

const layoutChecks = {
  sampleRate: wholeNumber(
    () => undefined,
    [lowestRate, highestRate],
    `a whole number of Hz from ${lowestRate} to ${highestRate}`,
  ),
  channels: wholeNumber(() => defaults.channels, [1, mostChannels]),
  encoding: oneOf(encodings, undefined),
} satisfies ChecksOf<LayoutOptions>;

/** Checked against the number of channels, once that is settled. */
const channelAmong = asGiven<Channel | undefined>();

const chunkChecks = {
  ...analysisChecks,
  ...layoutChecks,
  data: asGiven<AudioData>(),
  channel: channelAmong,
} satisfies ChecksOf<ChunkOptions>;

const seriesChecks = {
  ...analysisChecks,
  outputPeriod: period,
  channel,
  includeSummary: flag(false),
  includeTransitions: flag(false),
  minDuration: duration,
} satisfies ChecksOf<SeriesOptions>;

const fileChecks = {
  ...seriesChecks,
  start: seconds(0),
  end: seconds(Infinity),
  useChunking: flag(true),
  partial: flag(false),
  invalidSamples: invalid,
  onWarning: callback<(warning: DecodeError) => void>(),
  onProgress: callback<(progress: DecodeProgress) => void>(),
} satisfies ChecksOf<FileOptions>;

const bytesChecks = {
  ...seriesChecks,
  ...layoutChecks,
  channel: channelAmong,
  data: asGiven<AudioData>(),
  useChunking: flag(true),
} satisfies ChecksOf<BytesOptions>;

const streamChecks = {
  ...seriesChecks,
  ...layoutChecks,
  channel: channelAmong,
  invalidSamples: invalid,
  onWarning: callback<(warning: UndertoneError) => void>(),
  resume: asGiven<Uint8Array | undefined>(),
} satisfies ChecksOf<StreamOptions>;

function settle<Checks extends Readonly<Record<string, Check<unknown>>>>(
  options: unknown,
  checks: Checks,
): Settled<Checks> {
  if (options === null || typeof options !== 'object') refuse('options', options, 'an object');
  const given = options as Readonly<Record<string, unknown>>;
  const names = Object.keys(checks);
  for (const name of Object.keys(given)) if (!names.includes(name)) throw new UnknownOptionError(name, names);
  return Object.fromEntries(names.map((name) => [name, checks[name](given[name], name)])) as Settled<Checks>;
}

/** With the rate that belongs to the encoding, and a channel that is there. */
function withRate<S extends Settled<typeof layoutChecks> & { readonly channel: Channel | undefined }>(
  settings: S,
): Omit<S, 'sampleRate'> & { readonly sampleRate: number } {
  if (settings.channel !== undefined) checkChannel(settings.channel, settings.channels);
  return { ...settings, sampleRate: settings.sampleRate ?? defaultRate(settings.encoding) };
}

export type EngineSettings = Settled<typeof engineChecks>;
export type AnalysisSettings = Settled<typeof analysisChecks>;
export type SeriesSettings = Settled<typeof seriesChecks>;
export type FileSettings = Settled<typeof fileChecks>;
export type ChunkSettings = ReturnType<typeof settleChunk>;
export type BytesSettings = ReturnType<typeof settleBytes>;
export type StreamSettings = ReturnType<typeof settleStream>;

/** @throws ArgumentError */
export function settleEngine(options: EngineOptions): EngineSettings {
  return settle(options, engineChecks);
}

/** @throws ArgumentError */
export function settleChunk(options: ChunkOptions) {
  const settings = withRate(settle(options, chunkChecks));
  const { channels, channel = channels === 1 ? 0 : undefined } = settings;
  if (channel === undefined) {
    const allowed =
      `a whole number from 0 to ${channels - 1}, or 'mix': ` +
      `the data has ${channels} channels and one answer is given`;
    return refuse('channel', channel, allowed);
  }
  return { ...settings, channel };
}

/** @throws ArgumentError */
export function settleFile(options: FileOptions): FileSettings {
  const settings = settle(options, fileChecks);
  if (settings.end <= settings.start) refuse('end', settings.end, `later than start, ${settings.start}`);
  return settings;
}

/** @throws ArgumentError */
export function settleBytes(options: BytesOptions) {
  return withRate(settle(options, bytesChecks));
}

/** @throws ArgumentError */
export function settleStream(options: StreamOptions) {
  return withRate(settle(options, streamChecks));
}
