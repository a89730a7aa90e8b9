/** The time series of one channel, with what is told about it as a whole. */

import type { ModelMetadata } from '../models/model.ts';
import type { Models, Summary, Transitions } from './by-model.ts';
import type { Decision, Step } from './decision.ts';
import { PeriodCollector, type PeriodResult, type PeriodState } from './periods.ts';
import { withoutShortRuns } from './short-runs.ts';
import { SummaryCounter, type SummaryState } from './summary.ts';
import { TransitionCollector, type TransitionState } from './transitions.ts';

/** Summary and transitions of a channel, where they were asked for. */
export interface ChannelOverview<M extends Models = Models> {
  readonly summary?: Summary<M>;
  readonly transitions?: Transitions<M>;
}

export interface ChannelReport<M extends Models = Models> extends ChannelOverview<M> {
  readonly time_series: readonly PeriodResult<M>[];
}

/** What a file or a piece of audio gives: by channel number. */
export interface TimeSeriesOutput<M extends Models = Models> {
  readonly channels: Readonly<Record<string, ChannelReport<M>>>;
  /** Only where `partial` let a damaged file through: what was wrong with it. */
  readonly warnings?: readonly string[];
}

export interface ReportSettings {
  readonly models: readonly ModelMetadata[];
  readonly decide: (steps: readonly Step[]) => Decision;
  /** In ms, a multiple of 64. */
  readonly outputPeriod: number;
  readonly includeRawValues: boolean;
  readonly includeSummary: boolean;
  readonly includeTransitions: boolean;
  /** In ms; shorter runs are left to their neighbours. */
  readonly minDuration?: number;
}

export interface ReporterState {
  readonly periods: PeriodState;
  readonly summary: SummaryState | undefined;
  readonly transitions: TransitionState | undefined;
}

/** Steps of one channel in, periods out as they are complete; summary and transitions at any time. */
export class Reporter {
  readonly #decide: ReportSettings['decide'];
  readonly #periods: PeriodCollector;
  readonly #summary: SummaryCounter | undefined;
  readonly #transitions: TransitionCollector | undefined;
  readonly #minDuration: number;

  constructor(settings: ReportSettings) {
    this.#decide = settings.decide;
    this.#minDuration = settings.minDuration ?? 0;
    this.#periods = new PeriodCollector(settings);
    this.#summary = settings.includeSummary ? new SummaryCounter(settings.models) : undefined;
    this.#transitions = settings.includeTransitions ? new TransitionCollector(settings.models) : undefined;
  }

  push(steps: readonly Step[]): PeriodResult[] {
    const complete: PeriodResult[] = [];
    for (const step of steps) {
      if (this.#summary || this.#transitions) {
        const decision = this.#decide([step]);
        this.#summary?.push(decision);
        this.#transitions?.push(decision);
      }
      const period = this.#periods.push(step);
      if (period) complete.push(period);
    }
    return complete;
  }

  finish(): PeriodResult[] {
    const last = this.#periods.finish();
    return last ? [last] : [];
  }

  state(): ReporterState {
    return {
      periods: this.#periods.state(),
      summary: this.#summary?.state(),
      transitions: this.#transitions?.state(),
    };
  }

  /** Goes on where another reporter of the same settings was. */
  restore({ periods, summary, transitions }: ReporterState): void {
    this.#periods.restore(periods);
    if (summary) this.#summary?.restore(summary);
    if (transitions) this.#transitions?.restore(transitions);
  }

  #runs(transitions: Transitions): Transitions {
    if (this.#minDuration === 0) return transitions;
    const longer = Object.entries(transitions).map(
      ([model, runs]) => [model, withoutShortRuns(runs, this.#minDuration)] as const,
    );
    return Object.fromEntries(longer);
  }

  overview(): ChannelOverview {
    return {
      ...(this.#summary && { summary: this.#summary.summary() }),
      ...(this.#transitions && { transitions: this.#runs(this.#transitions.transitions()) }),
    };
  }
}
