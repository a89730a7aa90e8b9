/** The channels of one source, each heard on its own: steps in, periods out. */
import type { Models } from '../answers/by-model.ts';
import type { Step } from '../answers/decision.ts';
import type { PeriodResult } from '../answers/periods.ts';
import { type ChannelOverview, Reporter, type ReporterState } from '../answers/series.ts';
import type { Channel } from '../audio/format.ts';
import type { ModelMetadata } from '../models/model.ts';
import type { SeriesSettings } from '../options.ts';
import type { Listener, ListenerState } from './listener.ts';

/** A period of one channel. `channel` is there where a stream has several that are heard. */
export interface StreamResult<M extends Models = Models> extends PeriodResult<M> {
  readonly channel?: Channel;
}

/** Summary and transitions by channel, where they were asked for. */
export interface StreamOverview<M extends Models = Models> {
  readonly channels: Readonly<Record<string, ChannelOverview<M>>>;
}

export interface TrackState {
  readonly listener: ListenerState;
  readonly reporter: ReporterState;
}

interface Track {
  readonly channel: Channel;
  readonly listener: Listener;
  readonly reporter: Reporter;
}

export class Tracks {
  readonly #tracks: readonly Track[];
  /** Results tell their channel where there are several. */
  readonly #several: boolean;

  constructor(channels: readonly Channel[], settings: SeriesSettings, newListener: () => Listener) {
    this.#several = channels.length > 1;
    this.#tracks = channels.map((channel) => {
      const listener = newListener();
      const decide = (steps: readonly Step[]) => listener.decide(steps);
      const { models } = listener.settings;
      return { channel, listener, reporter: new Reporter({ ...settings, models, decide }) };
    });
  }

  /** What listens, sorted by name. */
  get models(): readonly ModelMetadata[] {
    return this.#tracks[0].listener.settings.models;
  }

  /**
   * The next whole steps, pcm[i] of channels[i], all of the same length; the periods they complete, in order of time.
   */
  async hear(pcm: readonly Int16Array[], signal?: AbortSignal): Promise<StreamResult[]> {
    const steps = await Promise.all(this.#tracks.map(({ listener }, i) => listener.hear(pcm[i], signal)));
    return this.#inTime(this.#tracks.map(({ reporter }, i) => reporter.push(steps[i])));
  }

  /** The last, partial periods. */
  finish(): StreamResult[] {
    return this.#inTime(this.#tracks.map(({ reporter }) => reporter.finish()));
  }

  state(): TrackState[] {
    return this.#tracks.map(({ listener, reporter }) => ({ listener: listener.state(), reporter: reporter.state() }));
  }

  /** Goes on where other tracks of the same channels and options were. */
  restore(states: readonly TrackState[]): void {
    this.#tracks.forEach(({ listener, reporter }, i) => {
      listener.restore(states[i].listener);
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
