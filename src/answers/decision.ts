/**
 * From step probabilities to the answer: silence, gating by speech, confidence, unknown. The same rule serves a chunk,
 * a period of a time series and a single step.
 */
import { gateLabel, type ModelMetadata } from '../models/model.ts';

/** One step of 64 ms. */
export interface Step {
  /** RMS on the [-1, 1] scale. */
  readonly level: number;
  readonly silent: boolean;
  /** Steps of the stream before it. */
  readonly index: number;
  /** Its row in `probabilities`. */
  readonly row: number;
  /**
   * Of this step and those heard with it: by model name, [rows, labels]; of all models asked for and of their gates,
   * unless nothing but silence was heard.
   */
  readonly probabilities: Readonly<Record<string, ArrayLike<number>>>;
}

export interface Result<R extends string = string> {
  readonly result: R;
  /** In [0, 1], 4 decimals. */
  readonly confidence: number;
}

export interface Decision {
  /** By model name, sorted. */
  readonly results: Readonly<Record<string, Result>>;
  /** By model name, sorted; the probability of each label, 4 decimals. */
  readonly raw: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function round4(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** A step is silent below the threshold; 0 means never, 1 always. */
export function isSilent(level: number, volumeThreshold: number): boolean {
  return volumeThreshold >= 1 || level < volumeThreshold;
}

/** The order in which results are listed. */
export function sortedByName<M extends { readonly name: string }>(models: readonly M[]): M[] {
  return [...models].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const silence = (): Result => ({ result: 'silence', confidence: 1 });

/**
 * Decides over one step or more. `models` are those asked for, sorted by name; `gates` holds the gate that each
 * voice model names, asked for or not. `raw` stays empty unless it was asked for. Streams call this for every step, so
 * it makes little garbage but the answer.
 */
export function decide(
  models: readonly ModelMetadata[],
  gates: readonly ModelMetadata[],
  steps: readonly Step[],
  includeRawValues = true,
): Decision {
  const audible = steps.filter(isAudible);
  const results: Record<string, Result> = {};
  if (audible.length === 0 && !(includeRawValues && models[0].name in steps[0].probabilities)) {
    for (const { name } of models) results[name] = silence();
    return { results, raw: {} };
  }
  const counted = audible.length > 0 ? audible : steps;
  const raw: Record<string, Record<string, number>> = {};
  for (const model of models) {
    const gate = gates.find(({ name }) => name === model.gate);
    const mean = weightedMean(model, counted, gate);
    if (includeRawValues) raw[model.name] = labelled(model, mean);
    if (audible.length === 0) results[model.name] = silence();
    else results[model.name] = (gate && shut(gate, counted)) ?? judge(model, mean);
  }
  return { results, raw };
}

/** `no_speech` where the gate hears something else over the steps; undefined where it is open. */
function shut(gate: ModelMetadata, steps: readonly Step[]): Result | undefined {
  const mean = weightedMean(gate, steps);
  const speech = gate.labels.indexOf(gateLabel);
  return indexOfLargest(mean) === speech ? undefined : { result: 'no_speech', confidence: round4(1 - mean[speech]) };
}

const isAudible = ({ silent }: Step): boolean => !silent;

/**
 * Three classes or more, or independent ones: the winner's probability. Two: the margin, and `unknown` below the
 * cut-off.
 */
function judge(model: ModelMetadata, mean: readonly number[]): Result {
  const winner = indexOfLargest(mean);
  if (model.labels.length !== 2 || model.independent)
    return { result: model.labels[winner], confidence: round4(mean[winner]) };
  const margin = Math.abs(mean[0] - mean[1]);
  return { result: margin < model.unknownCutoff ? 'unknown' : model.labels[winner], confidence: round4(margin) };
}

function labelled(model: ModelMetadata, mean: readonly number[]): Record<string, number> {
  const values: Record<string, number> = {};
  model.labels.forEach((label, i) => (values[label] = round4(mean[i])));
  return values;
}

/**
 * Mean of a model's probabilities over the steps. A voice model's steps also weigh how much speech its gate hears in
 * them.
 */
function weightedMean(model: ModelMetadata, steps: readonly Step[], gate?: ModelMetadata): number[] {
  const count = model.labels.length;
  const mean = new Array<number>(count).fill(0);
  const speech = gate ? gate.labels.indexOf(gateLabel) : 0;
  let total = 0;
  for (const { index, row, probabilities } of steps) {
    const own = model.warmupWeights[index] ?? 1;
    const weight = gate === undefined ? own : own * probabilities[gate.name][row * gate.labels.length + speech];
    const values = probabilities[model.name];
    for (let i = 0; i < count; i++) mean[i] = mean[i] + weight * values[row * count + i];
    total += weight;
  }
  if (total === 0) return plainMean(model, steps);
  for (let i = 0; i < count; i++) mean[i] = mean[i] / total;
  return mean;
}

/** Where no step weighs anything (p(speech) is 0 throughout), all weigh the same. */
function plainMean({ name, labels }: ModelMetadata, steps: readonly Step[]): number[] {
  return labels.map(
    (_, i) =>
      steps.reduce((sum, { row, probabilities }) => sum + probabilities[name][row * labels.length + i], 0) /
      steps.length,
  );
}

function indexOfLargest(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Every result a model can give. */
export function possibleResults(model: ModelMetadata): string[] {
  const voice = model.gate === '' ? [] : ['no_speech'];
  const unknown = model.labels.length === 2 && !model.independent ? ['unknown'] : [];
  return [...model.labels, ...voice, ...unknown, 'silence'];
}
