import type { ModelMetadata } from '../models/model.ts';
import type { Summary } from './by-model.ts';
import { type Decision, possibleResults, round4, sortedByName } from './decision.ts';

/** Counts by model and label, in the order of the summary. */
export interface SummaryState {
  readonly steps: number;
  readonly counts: readonly (readonly number[])[];
}

/** Counts the results of single steps. Memory: one number a label. */
export class SummaryCounter {
  readonly #counts: ReadonlyMap<string, Map<string, number>>;
  /** Whole numbers stay exact below 2^53: eighteen million years of steps. */
  #steps = 0;

  constructor(models: readonly ModelMetadata[]) {
    this.#counts = new Map(
      sortedByName(models).map((model) => [model.name, new Map(possibleResults(model).map((label) => [label, 0]))]),
    );
  }

  push({ results }: Pick<Decision, 'results'>): void {
    this.#steps++;
    for (const [model, counts] of this.#counts) {
      const { result } = results[model];
      counts.set(result, counts.get(result)! + 1);
    }
  }

  state(): SummaryState {
    return { steps: this.#steps, counts: [...this.#counts.values()].map((counts) => [...counts.values()]) };
  }

  restore({ steps, counts }: SummaryState): void {
    this.#steps = steps;
    [...this.#counts.values()].forEach((own, model) => {
      [...own.keys()].forEach((label, i) => own.set(label, counts[model][i]));
    });
  }

  /** So far; all zeros before the first step. */
  summary(): Summary {
    const fraction = (count: number) => (this.#steps === 0 ? 0 : round4(count / this.#steps));
    const entries = [...this.#counts].map(([model, counts]) => {
      const fractions = [...counts].map(([label, count]) => [`${label}_fraction`, fraction(count)] as const);
      return [model, Object.fromEntries(fractions)] as const;
    });
    return Object.fromEntries(entries);
  }
}
