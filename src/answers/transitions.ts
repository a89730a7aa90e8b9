import { stepMilliseconds } from '../audio/format.ts';
import type { ModelMetadata } from '../models/model.ts';
import type { Transition, Transitions } from './by-model.ts';
import { type Decision, type Result, round4, sortedByName } from './decision.ts';

interface Run {
  readonly start: number;
  readonly result: string;
  confidences: number;
}

/** The runs of each model, in the order of the models' names. */
export interface TransitionState {
  readonly steps: number;
  readonly models: readonly { readonly done: readonly Transition[]; readonly run?: Run | undefined }[];
}

/** Runs of equal results of single steps, on the grid of 64 ms. Memory: the runs themselves. */
export class TransitionCollector {
  readonly #models: ReadonlyMap<string, { readonly done: Transition[]; run: Run | undefined }>;
  #steps = 0;

  constructor(models: readonly ModelMetadata[]) {
    this.#models = new Map(sortedByName(models).map(({ name }) => [name, { done: [], run: undefined }]));
  }

  push({ results }: Pick<Decision, 'results'>): void {
    for (const [name, model] of this.#models) {
      const { result, confidence }: Result = results[name];
      if (model.run?.result !== result) {
        if (model.run) model.done.push(closed(model.run, this.#steps));
        model.run = { start: this.#steps, result, confidences: 0 };
      }
      model.run.confidences += confidence;
    }
    this.#steps++;
  }

  state(): TransitionState {
    const models = [...this.#models.values()].map(({ done, run }) => ({ done: [...done], run: run && { ...run } }));
    return { steps: this.#steps, models };
  }

  restore({ steps, models }: TransitionState): void {
    this.#steps = steps;
    [...this.#models.values()].forEach((model, i) => {
      model.done.push(...models[i].done);
      model.run = models[i].run && { ...models[i].run };
    });
  }

  /** So far, the run under way with its end as of now. */
  transitions(): Transitions {
    const entries = [...this.#models].map(
      ([name, { done, run }]) => [name, run ? [...done, closed(run, this.#steps)] : [...done]] as const,
    );
    return Object.fromEntries(entries);
  }
}

function closed({ start, result, confidences }: Run, end: number): Transition {
  return {
    timestamp_start: start * stepMilliseconds,
    timestamp_end: end * stepMilliseconds,
    result,
    confidence: round4(confidences / (end - start)),
  };
}
