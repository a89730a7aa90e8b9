import { stepMilliseconds } from '../audio/format.ts';
import type { Models, RawValues, Results } from './by-model.ts';
import type { Decision, Step } from './decision.ts';

/** One period of a time series. */
export interface PeriodResult<M extends Models = Models> {
  /** Start of the period in ms from the start of the audio. */
  readonly timestamp: number;
  readonly results: Results<M>;
  readonly raw?: RawValues<M>;
}

export interface PeriodSettings {
  /** In ms, a multiple of 64. */
  readonly outputPeriod: number;
  readonly includeRawValues: boolean;
  readonly decide: (steps: readonly Step[]) => Decision;
}

/** Periods given, and the steps of the one that is not complete; steps that were heard together share their numbers. */
export interface PeriodState {
  readonly given: number;
  readonly blocks: readonly Step['probabilities'][];
  readonly steps: readonly (Omit<Step, 'probabilities'> & { readonly block: number })[];
}

/** Gathers steps into periods and decides on each as one analysis. Memory: the steps of one period. */
export class PeriodCollector {
  readonly #settings: PeriodSettings;
  readonly #length: number;
  #steps: Step[] = [];
  /** Periods that were given; a whole number below 2^53 (thousands of years of steps). */
  #given = 0;

  constructor(settings: PeriodSettings) {
    this.#settings = settings;
    this.#length = settings.outputPeriod / stepMilliseconds;
  }

  /** The period that this step completes, if it does. */
  push(step: Step): PeriodResult | undefined {
    this.#steps.push(step);
    return this.#steps.length === this.#length ? this.#close() : undefined;
  }

  /** The last, partial period, if it holds at least one step. */
  finish(): PeriodResult | undefined {
    return this.#steps.length > 0 ? this.#close() : undefined;
  }

  state(): PeriodState {
    const blocks = [...new Set(this.#steps.map(({ probabilities }) => probabilities))];
    const steps = this.#steps.map(({ probabilities, ...step }) => ({ ...step, block: blocks.indexOf(probabilities) }));
    return { given: this.#given, blocks, steps };
  }

  restore({ given, blocks, steps }: PeriodState): void {
    this.#given = given;
    this.#steps = steps.map(({ block, ...step }) => ({ ...step, probabilities: blocks[block] }));
  }

  #close(): PeriodResult {
    const { decide, includeRawValues, outputPeriod } = this.#settings;
    const { results, raw } = decide(this.#steps);
    const timestamp = this.#given * outputPeriod;
    this.#given++;
    this.#steps = [];
    return includeRawValues ? { timestamp, results, raw } : { timestamp, results };
  }
}
