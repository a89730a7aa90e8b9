/** The channels of one source, each heard on its own: steps in, periods out. */

import type { Decision, Step } from '../answers/decision.ts';
import { defaultOutputPeriod, type PeriodResult, stepsInPeriod } from '../answers/periods.ts';
import { type ChannelOverview, Reporter, type ReporterState } from '../answers/series.ts';
import { type Channel, describe, stepSamples } from '../audio/format.ts';
import { ArgumentError } from '../errors.ts';
import type { ModelMetadata } from '../models/model.ts';
import type { AnalysisOptions } from '../options.ts';
import type { ListenerState } from './listener.ts';

/** What listens to one channel; the engine's Listener. */
export interface Ear {
  readonly settings: { readonly models: readonly ModelMetadata[]; readonly includeRawValues: boolean };
  /** The next whole steps of the channel. Calls must not overlap. */
  hear(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]>;
  /** One answer for a run of at least one step. */
  decide(steps: readonly Step[]): Decision;
  state(): ListenerState;
  restore(state: ListenerState): void;
}

export interface SeriesOptions extends AnalysisOptions {
  /** Length of a period in ms, a multiple of 64; default 1024. */
  readonly outputPeriod?: number;
  /** The channel to hear, from 0 on, or 'mix', the mean of all. By default every channel is heard on its own. */
  readonly channel?: Channel;
  /** Adds the share of every result over all steps. Default false. */
  readonly includeSummary?: boolean;
  /** Adds the runs of equal results on the grid of 64 ms. Default false. */
  readonly includeTransitions?: boolean;
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A period of one channel. `channel` is there where a stream has several that are heard. */
export interface StreamResult extends PeriodResult {
  readonly channel?: Channel;
}

/** Summary and transitions by channel, where they were asked for. */
export interface StreamOverview {
  readonly channels: Readonly<Record<string, ChannelOverview>>;
}

/** Checks the options that a file, bytes and a stream share; a fault is named before any audio is read. */
export function checkSeriesOptions(options: SeriesOptions): void {
  if (options === null || typeof options !== 'object')
    throw new ArgumentError('options', describe(options), 'an object');
  stepsInPeriod(options.outputPeriod ?? defaultOutputPeriod);
  for (const name of ['includeSummary', 'includeTransitions', 'useChunking', 'partial'] as const) {
    const value = (options as unknown as Record<string, unknown>)[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw new ArgumentError(name, describe(value), 'true or false');
  }
  const { channel, signal } = options;
  if (channel !== undefined && channel !== 'mix' && (!Number.isInteger(channel) || channel < 0))
    throw new ArgumentError('channel', describe(channel), "a whole number from 0 on, or 'mix'");
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function')
    throw new ArgumentError('signal', describe(signal), 'an AbortSignal');
}

export interface TrackState {
  readonly ear: ListenerState;
  readonly reporter: ReporterState;
}

interface Track {
  readonly channel: Channel;
  readonly ear: Ear;
  readonly reporter: Reporter;
}

export class Tracks {
  readonly #tracks: readonly Track[];
  /** Results tell their channel where there are several. */
  readonly #several: boolean;

  constructor(channels: readonly Channel[], options: SeriesOptions, newEar: () => Ear) {
    const { outputPeriod = defaultOutputPeriod, includeSummary = false, includeTransitions = false } = options;
    this.#several = channels.length > 1;
    this.#tracks = channels.map((channel) => {
      const ear = newEar();
      const decide = (steps: readonly Step[]) => ear.decide(steps);
      return {
        channel,
        ear,
        reporter: new Reporter({ ...ear.settings, decide, outputPeriod, includeSummary, includeTransitions }),
      };
    });
  }

  /** The next whole steps, pcm[i] of channels[i], all of the same length; the periods they complete, in order of time. */
  async hear(pcm: readonly Int16Array[], signal?: AbortSignal): Promise<StreamResult[]> {
    const steps = await Promise.all(this.#tracks.map(({ ear }, i) => ear.hear(pcm[i], signal)));
    return this.#inTime(this.#tracks.map(({ reporter }, i) => reporter.push(steps[i])));
  }

  /** The last, partial periods. */
  finish(): StreamResult[] {
    return this.#inTime(this.#tracks.map(({ reporter }) => reporter.finish()));
  }

  state(): TrackState[] {
    return this.#tracks.map(({ ear, reporter }) => ({ ear: ear.state(), reporter: reporter.state() }));
  }

  /** Goes on where other tracks of the same channels and options were. */
  restore(states: readonly TrackState[]): void {
    this.#tracks.forEach(({ ear, reporter }, i) => {
      ear.restore(states[i].ear);
      reporter.restore(states[i].reporter);
    });
  }

  overview(): StreamOverview {
    return {
      channels: Object.fromEntries(this.#tracks.map(({ channel, reporter }) => [channel, reporter.overview()])),
    };
  }

  #inTime(results: readonly (readonly PeriodResult[])[]): StreamResult[] {
    if (!this.#several) return [...results[0]];
    return results[0].flatMap((_, period) =>
      this.#tracks.map(({ channel }, i) => ({ channel, ...results[i][period] })),
    );
  }
}

/** Steps at a time: as many as one run of a program takes, so that long audio is analysed in few, full runs. */
export const stepsAtATime = 64;

/** Samples a channel that an empty queue keeps room for: what waits for a run and what comes while it is computed. */
const keptRoom = 2 * stepsAtATime * stepSamples;

/** Whole steps that wait to be heard, a buffer for each channel; the buffers grow with what waits and are used again. */
export class StepQueue {
  #waiting: Int16Array[] = [];
  #taken: Int16Array[] = [];
  /** Where in the buffers the waiting samples begin and end. */
  #start = 0;
  #end = 0;

  get steps(): number {
    return (this.#end - this.#start) / stepSamples;
  }

  /** Copies a block of whole steps, block[i] of the i-th channel, all of the same length. */
  push(block: readonly Int16Array[]): void {
    const { length } = block[0];
    if (length === 0) return;
    this.#makeRoom(block.length, length);
    for (let i = 0; i < block.length; i++) this.#waiting[i].set(block[i], this.#end);
    this.#end += length;
  }

  /** At most stepsAtATime steps, fewer where fewer wait. They hold until the next call. */
  take(): readonly Int16Array[] {
    const end = Math.min(this.#start + stepsAtATime * stepSamples, this.#end);
    if (this.#taken[0]?.length !== end - this.#start)
      this.#taken = this.#waiting.map(() => new Int16Array(end - this.#start));
    for (let i = 0; i < this.#waiting.length; i++) this.#taken[i].set(this.#waiting[i].subarray(this.#start, end));
    this.#start = end;
    if (this.#start === this.#end) this.clear();
    return this.#taken;
  }

  /** Nothing waits any more, and what many waiting steps have taken is given back. */
  clear(): void {
    this.#start = this.#end = 0;
    if ((this.#waiting[0]?.length ?? 0) > keptRoom) this.#waiting = [];
  }

  #makeRoom(channels: number, length: number): void {
    const room = this.#waiting[0]?.length ?? 0;
    if (this.#end + length <= room) return;
    const waiting = this.#end - this.#start;
    if (waiting + length <= room) {
      for (const buffer of this.#waiting) buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = Array.from({ length: channels }, () => new Int16Array(Math.max(2 * room, waiting + length)));
      this.#waiting.forEach((buffer, i) => larger[i].set(buffer.subarray(this.#start, this.#end)));
      this.#waiting = larger;
    }
    this.#start = 0;
    this.#end = waiting;
  }
}
