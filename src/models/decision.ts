/**
 * From step probabilities to the answer: silence, gating by speech, confidence, unknown. The same rule serves a chunk, a
 * period of a time series and a single step.
 */
import type { ModelMetadata } from './model.ts';

/** One step of 64 ms. */
export interface Step {
  /** RMS on the [-1, 1] scale. */
  readonly level: number;
  readonly silent: boolean;
  /** Weight in a mean over steps; below 1 only at the start of a stream. */
  readonly weight: number;
  /** By model name, in the order of its labels. The Speech model is always there, unless nothing but silence was heard. */
  readonly probabilities: Readonly<Record<string, ArrayLike<number>>>;
}

export interface Result {
  readonly result: string;
  /** In [0, 1], 4 decimals. */
  readonly confidence: number;
}

export interface Decision {
  /** By model name, sorted. */
  readonly results: Readonly<Record<string, Result>>;
  /** By model name, sorted; the probability of each label, 4 decimals. */
  readonly raw: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The model whose label `speech` opens the gate for all others. */
export const gateModel = 'speech';
const gateLabel = 'speech';

export function round4(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** A step is silent below the threshold; 0 means never, 1 always. */
export function isSilent(level: number, volumeThreshold: number): boolean {
  return volumeThreshold >= 1 || level < volumeThreshold;
}

/**
 * Decides over a run of steps. `models` are those asked for; `gate` is the Speech model's metadata, which is needed
 * even where Speech itself was not asked for. At least one step.
 */
export function decide(models: readonly ModelMetadata[], gate: ModelMetadata, steps: readonly Step[]): Decision {
  const heard = steps.filter((step) => !step.silent);
  const sorted = [...models].sort((a, b) => (a.name < b.name ? -1 : 1));
  const silence: Result = { result: 'silence', confidence: 1 };
  if (heard.length === 0 && !(gate.name in steps[0]!.probabilities)) {
    return { results: Object.fromEntries(sorted.map(({ name }) => [name, silence])), raw: {} };
  }
  const counted = heard.length > 0 ? heard : steps;
  const speechColumn = gate.labels.indexOf(gateLabel);
  const speechOf = (step: Step): number => step.probabilities[gate.name]![speechColumn]!;
  const gateMean = weightedMean(counted, gate, (step) => step.weight);
  const gateWinner = gate.labels[indexOfLargest(gateMean)];

  const results: Record<string, Result> = {};
  const raw: Record<string, Record<string, number>> = {};
  for (const model of sorted) {
    const isGate = model.name === gate.name;
    const mean = isGate ? gateMean : weightedMean(counted, model, (step) => step.weight * speechOf(step));
    raw[model.name] = Object.fromEntries(model.labels.map((label, i) => [label, round4(mean[i]!)]));
    if (heard.length === 0) results[model.name] = silence;
    else if (!isGate && gateWinner !== gateLabel) results[model.name] = { result: 'no_speech', confidence: round4(1 - gateMean[speechColumn]!) };
    else results[model.name] = judge(model, mean);
  }
  return { results, raw };
}

/** Three classes or more: the winner's probability. Two: the margin between them, and `unknown` below the cut-off. */
function judge(model: ModelMetadata, mean: readonly number[]): Result {
  const winner = indexOfLargest(mean);
  if (model.labels.length !== 2) return { result: model.labels[winner]!, confidence: round4(mean[winner]!) };
  const margin = Math.abs(mean[0]! - mean[1]!);
  return { result: margin < model.unknownCutoff ? 'unknown' : model.labels[winner]!, confidence: round4(margin) };
}

function weightedMean(steps: readonly Step[], model: ModelMetadata, weightOf: (step: Step) => number): number[] {
  const total = steps.reduce((sum, step) => sum + weightOf(step), 0);
  // Where no step weighs anything (p(speech) is 0 throughout), all weigh the same.
  const weigh = total > 0 ? weightOf : () => 1;
  const sum = total > 0 ? total : steps.length;
  return model.labels.map((_, i) => steps.reduce((mean, step) => mean + weigh(step) * step.probabilities[model.name]![i]!, 0) / sum);
}

function indexOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

/** Every result a model can give. */
export function possibleResults(model: ModelMetadata): string[] {
  const voice = model.name === gateModel ? [] : ['no_speech'];
  const unknown = model.labels.length === 2 ? ['unknown'] : [];
  return [...model.labels, ...voice, ...unknown, 'silence'];
}
