/** The time series of a file and of audio in memory. */
import type { PeriodResult } from '../answers/periods.ts';
import type { ChannelReport, TimeSeriesOutput } from '../answers/series.ts';
import type { FileSource } from '../audio/byte-reader.ts';
import { decodeFile } from '../audio/decode.ts';
import { type Channel, innerRate } from '../audio/format.ts';
import { checkedAudio, checkLength } from '../audio/pcm.ts';
import { mixed } from '../audio/samples.ts';
import { ChannelInput, channelsHeard, StreamInput } from '../audio/stream-input.ts';
import type { DecodeError } from '../errors.ts';
import type { BytesSettings, FileSettings, SeriesSettings } from '../options.ts';
import type { Listener } from './listener.ts';
import { beginning, partOf, shifted } from './part.ts';
import { StepQueue, stepsAtATime } from './step-queue.ts';
import { type StreamResult, Tracks } from './tracks.ts';

/**
 * The time series of a file's channels.
 * @throws ArgumentError, DecodeError (names the file), InputTooShortError, the signal's reason
 */
export async function processFile(
  source: FileSource,
  settings: FileSettings,
  newListener: () => Listener,
): Promise<TimeSeriesOutput> {
  const warnings: string[] = [];
  const onWarning = (warning: DecodeError) => {
    warnings.push(warning.message);
    settings.onWarning?.(warning);
  };
  const from = beginning(settings.start);
  let series: Series | undefined;
  let inputs: readonly ChannelInput[] = [];
  let heard: readonly Channel[] = [];
  let length = 0;
  let rate = innerRate;
  try {
    const blocks = partOf(decodeFile(source, { ...settings, onWarning }), from, settings.end);
    for await (const { channels, sampleRate } of blocks) {
      if (!series) {
        heard = channelsHeard(settings.channel, channels.length);
        series = new Series(heard, settings, newListener);
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
  const output = shifted(await series!.finish(), from);
  return warnings.length > 0 ? { ...output, warnings } : output;
}

/**
 * The time series of audio in memory.
 * @throws ArgumentError, InputTooShortError, the signal's reason
 */
export async function processAudioBytes(
  settings: BytesSettings,
  newListener: () => Listener,
): Promise<TimeSeriesOutput> {
  const { samples, own } = checkedAudio(settings);
  const kept = own ? samples : samples.slice();
  // Samples from here on, whatever the bytes were.
  const input = await StreamInput.open({ ...settings, encoding: undefined });
  try {
    const series = new Series(input.heard, settings, newListener);
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

  constructor(channels: readonly Channel[], settings: SeriesSettings, newListener: () => Listener) {
    this.#tracks = new Tracks(channels, settings, newListener);
    this.#signal = settings.signal;
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
