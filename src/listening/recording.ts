/** The course over time of a file, of audio in memory, and of a stream that is pulled from its source. */

import type { PeriodResult } from '../answers/periods.ts';
import type { ChannelReport, TimeSeriesOutput } from '../answers/series.ts';
import type { FileSource } from '../audio/byte-reader.ts';
import { type DecodeProgress, decodeFile, type InvalidSamples } from '../audio/decode.ts';
import {
  type AudioData,
  type AudioLayout,
  type Channel,
  checkChannel,
  checkChannels,
  checkEncoding,
  checkSampleRate,
  defaultRate,
  describe,
  type Encoding,
  innerRate,
} from '../audio/format.ts';
import { checkedAudio, checkLength } from '../audio/pcm.ts';
import { mixed } from '../audio/samples.ts';
import { ChannelInput, channelsHeard, type InvalidSample, StreamInput } from '../audio/stream-input.ts';
import { ArgumentError, type DecodeError, InvalidSampleError, type UndertoneError } from '../errors.ts';
import { platform } from '../platform/index.ts';
import { abortable } from './abort.ts';
import {
  checkSeriesOptions,
  type Ear,
  type SeriesOptions,
  StepQueue,
  type StreamOverview,
  type StreamResult,
  stepsAtATime,
  Tracks,
} from './tracks.ts';

export interface FileOptions extends SeriesOptions {
  /** Memory is bounded whatever the length, with true and with false; both are the same. */
  readonly useChunking?: boolean;
  /** Uses what can be read of a damaged or cut-off file and tells in `warnings`, in place of an error. Default false. */
  readonly partial?: boolean;
  /** What was wrong, once, as an error would have said it. */
  readonly onWarning?: (warning: DecodeError) => void;
  /** NaN and infinity count as silence and give a warning (default), or are errors. */
  readonly invalidSamples?: InvalidSamples;
  /** After every stretch that was analysed. */
  readonly onProgress?: (progress: DecodeProgress) => void;
}

export interface BytesOptions extends SeriesOptions {
  /** Samples in [-1, 1] (Float32Array) or at int16 scale, or bytes; channels interleaved. */
  readonly data: AudioData;
  /** Hz, 8000 to 192000; default 16000, of mulaw and alaw 8000. */
  readonly sampleRate?: number;
  /** Channels interleaved in `data`; default 1. */
  readonly channels?: number;
  /** Of bytes; default s16le. */
  readonly encoding?: Encoding;
  readonly useChunking?: boolean;
}

export interface StreamOptions extends SeriesOptions {
  /** Hz, 8000 to 192000; default 16000, of mulaw and alaw 8000. */
  readonly sampleRate?: number;
  /** Channels interleaved in the chunks; default 1. */
  readonly channels?: number;
  /** Of bytes; default s16le. */
  readonly encoding?: Encoding;
  /** NaN and infinity count as silence and give a warning (default), or are errors. */
  readonly invalidSamples?: InvalidSamples;
  /** Told of each chunk with samples that are no numbers. By default the first is a warning of the process. */
  readonly onWarning?: (warning: UndertoneError) => void;
  /** `openStream` only: what `snapshot()` of a stream with the same options gave; this one goes on from there. */
  readonly resume?: Uint8Array;
}

/** Anything that gives chunks of audio: a Node or Web stream, a socket, a microphone, an array of chunks. */
export type StreamSource = AsyncIterable<AudioData> | Iterable<AudioData>;

/**
 * The time series of a file's channels.
 * @throws ArgumentError, DecodeError (names the file), InputTooShortError, the signal's reason
 */
export async function processFile(
  source: FileSource,
  options: FileOptions,
  newEar: () => Ear,
): Promise<TimeSeriesOutput> {
  checkSeriesOptions(options);
  newEar();
  const { signal, partial, invalidSamples, onProgress, onWarning } = options;
  checkInvalidSamples(invalidSamples);
  const warnings: string[] = [];
  const warn = (warning: DecodeError) => {
    warnings.push(warning.message);
    onWarning?.(warning);
  };
  let series: Series | undefined;
  let inputs: readonly ChannelInput[] = [];
  let heard: readonly Channel[] = [];
  let length = 0;
  let rate = innerRate;
  try {
    for await (const { channels, sampleRate } of decodeFile(source, {
      ...{ signal, partial, invalidSamples, onProgress },
      onWarning: warn,
    })) {
      if (!series) {
        heard = channelsHeard(options.channel, channels.length);
        series = new Series(heard, options, newEar);
        inputs = await Promise.all(heard.map(() => ChannelInput.open(sampleRate)));
      }
      length += channels[0].length;
      rate = sampleRate;
      await series.push(
        heard.map((channel, i) => inputs[i].push(channel === 'mix' ? mixed(channels) : channels[channel])),
      );
    }
    checkLength(length, rate);
    await series!.push(inputs.map((input) => input.finish()));
  } finally {
    for (const input of inputs) input.free();
  }
  const output = await series!.finish();
  return warnings.length > 0 ? { ...output, warnings } : output;
}

/**
 * The time series of audio in memory.
 * @throws ArgumentError, InputTooShortError, the signal's reason
 */
export async function processAudioBytes(options: BytesOptions, newEar: () => Ear): Promise<TimeSeriesOutput> {
  checkSeriesOptions(options);
  newEar();
  const { samples, own, sampleRate, channels } = checkedAudio(options);
  const kept = own ? samples : samples.slice();
  const input = await StreamInput.open({ sampleRate, channels, channel: options.channel });
  try {
    const series = new Series(input.heard, options, newEar);
    for (const block of input.push(kept)) await series.push(block);
    await series.push(input.finish());
    return await series.finish();
  } finally {
    input.free();
  }
}

/** A whole recording on its way: periods are kept until its end. */
class Series {
  readonly #tracks: Tracks;
  readonly #queue = new StepQueue();
  readonly #signal: AbortSignal | undefined;
  readonly #results: Map<Channel, PeriodResult[]>;

  constructor(channels: readonly Channel[], options: SeriesOptions, newEar: () => Ear) {
    this.#tracks = new Tracks(channels, options, newEar);
    this.#signal = options.signal;
    this.#results = new Map(channels.map((channel) => [channel, []]));
  }

  async push(block: readonly Int16Array[]): Promise<void> {
    this.#queue.push(block);
    while (this.#queue.steps >= stepsAtATime) this.#keep(await this.#tracks.hear(this.#queue.take(), this.#signal));
  }

  async finish(): Promise<TimeSeriesOutput> {
    while (this.#queue.steps > 0) this.#keep(await this.#tracks.hear(this.#queue.take(), this.#signal));
    this.#keep(this.#tracks.finish());
    this.#signal?.throwIfAborted();
    const overviews = this.#tracks.overview().channels;
    const channels = [...this.#results].map(([channel, time_series]): [Channel, ChannelReport] => [
      channel,
      { time_series, ...overviews[channel] },
    ]);
    return { channels: Object.fromEntries(channels) };
  }

  #keep(results: readonly StreamResult[]): void {
    const [only] = this.#results.values();
    for (const { channel, ...period } of results)
      (channel === undefined ? only : this.#results.get(channel)!).push(period);
  }
}

/**
 * Reads a source chunk by chunk and gives each period as soon as its audio is there. Nothing is read ahead, so a slow
 * consumer holds its source back. What the generator returns at its end are summary and transitions. A chunk that is
 * refused ends the stream; what was heard before it is given first.
 * @throws ArgumentError, the source's own error, the signal's reason
 */
export function processStream(
  source: StreamSource,
  options: StreamOptions,
  newEar: () => Ear,
): AsyncGenerator<StreamResult, StreamOverview> {
  checkSeriesOptions(options);
  newEar();
  return pull(chunksOf(source), { ...options, ...checkLayout(options) }, newEar);
}

/** How a stream's samples lie, checked. */
export function checkLayout(options: StreamOptions): AudioLayout {
  const encoding = options.encoding === undefined ? undefined : checkEncoding(options.encoding);
  const sampleRate = checkSampleRate(options.sampleRate ?? defaultRate(encoding));
  const channels = checkChannels(options.channels ?? 1);
  if (options.channel !== undefined) checkChannel(options.channel, channels);
  checkInvalidSamples(options.invalidSamples);
  return { sampleRate, channels, encoding };
}

function checkInvalidSamples(invalidSamples: unknown): void {
  if (invalidSamples !== undefined && !['silence', 'error'].includes(invalidSamples as string))
    throw new ArgumentError('invalidSamples', describe(invalidSamples), "'silence' or 'error'");
}

/** Tells a stream's caller of samples that are no numbers; undefined where they are errors. */
export function invalidSampleTeller(
  { invalidSamples = 'silence', onWarning }: StreamOptions,
  sampleRate: number,
): ((place: InvalidSample) => void) | undefined {
  if (invalidSamples === 'error') return undefined;
  let told = false;
  return ({ channel, frame }) => {
    const warning = new InvalidSampleError(channel, frame, sampleRate);
    if (onWarning) onWarning(warning);
    else if (!told) platform.warn(warning.message, 'InvalidSampleWarning');
    told = true;
  };
}

async function* pull(
  chunks: AsyncIterator<AudioData> | Iterator<AudioData>,
  options: StreamOptions & AudioLayout,
  newEar: () => Ear,
): AsyncGenerator<StreamResult, StreamOverview> {
  const { signal } = options;
  const input = await StreamInput.open({ ...options, onInvalid: invalidSampleTeller(options, options.sampleRate) });
  const tracks = new Tracks(input.heard, options, newEar);
  try {
    const blocks = blocksOf(chunks, input, signal);
    let refused: ArgumentError | undefined;
    while (!refused) {
      // Not for await: an error of the consumer's must not be taken for one of a chunk.
      const next = await blocks.next().catch((error: unknown) => {
        if (error instanceof ArgumentError) return error;
        throw error;
      });
      if (next instanceof ArgumentError) refused = next;
      else if (next.done) break;
      else yield* await tracks.hear(next.value, signal);
    }
    const last = input.finish();
    if (last[0].length > 0) yield* await tracks.hear(last, signal);
    yield* tracks.finish();
    if (refused) throw refused;
    return tracks.overview();
  } finally {
    input.free();
    // Not waited for: a source that hangs must not hold up the one who leaves it.
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}

async function* blocksOf(
  chunks: AsyncIterator<AudioData> | Iterator<AudioData>,
  input: StreamInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Int16Array[], void> {
  while (true) {
    signal?.throwIfAborted();
    const next = await abortable(chunks.next(), signal);
    if (next.done) return;
    yield* input.push(next.value);
  }
}

function chunksOf(source: StreamSource): AsyncIterator<AudioData> | Iterator<AudioData> {
  const iterable = source as Partial<AsyncIterable<AudioData> & Iterable<AudioData>> | null | undefined;
  const single = typeof source === 'string' || ArrayBuffer.isView(source);
  const chunks = single ? undefined : (iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.());
  if (!chunks)
    throw new ArgumentError(
      'source',
      describe(source),
      'an async iterable of chunks of audio, such as a Node stream (one piece of audio goes to processAudioBytes)',
    );
  return chunks;
}
