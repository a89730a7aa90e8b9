/** Audio of one source through the models a caller asked for: whole steps of pcm in, steps ready to be decided on out. */
import type { Analyzer, StepProbabilities, StreamState } from './analyzer.ts';
import { stepSamples } from './audio/format.ts';
import { stepLevels } from './audio/level.ts';
import { decide, type Decision, isSilent, sortedByName, type Step } from './models/decision.ts';
import type { OpenModel } from './models/model.ts';

export interface ListenerSettings {
  /** The models asked for. */
  readonly models: readonly OpenModel[];
  /** The Speech model, which opens the gate for the voice models whether it was asked for or not. */
  readonly gate: OpenModel;
  readonly includeRawValues: boolean;
  readonly volumeThreshold: number;
}

export class Listener {
  readonly settings: ListenerSettings;
  readonly #analyzer: Analyzer;
  /** Model names by id, of all that must listen: the gate and those asked for. */
  readonly #names: ReadonlyMap<string, string>;
  #stream: StreamState | undefined;
  #heard = 0;

  constructor(analyzer: Analyzer, settings: ListenerSettings) {
    this.#analyzer = analyzer;
    this.settings = { ...settings, models: sortedByName(settings.models) };
    this.#names = new Map([settings.gate, ...settings.models].map(({ id, name }) => [id, name]));
  }

  /** One chunk on its own. `pcm` holds at least one step; what is behind the last whole step is not heard. */
  async hearChunk(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
    const levels = stepLevels(pcm);
    // Where all is silent the networks are asked only for the sake of raw values.
    const needed = this.settings.includeRawValues || levels.some((level) => !isSilent(level, this.settings.volumeThreshold));
    const whole = pcm.subarray(0, levels.length * stepSamples);
    return this.#steps(levels, needed ? await this.#analyzer.analyzeChunk(whole, [...this.#names.keys()], signal) : {}, 0);
  }

  /** The next whole steps of a stream. Calls must not overlap. */
  async hear(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
    this.#stream ??= this.#analyzer.openStream([...this.#names.keys()]);
    const steps = this.#steps(stepLevels(pcm), await this.#analyzer.analyzeStream(pcm, this.#stream, signal), this.#heard);
    this.#heard += steps.length;
    return steps;
  }

  /** Forgets what was heard: the next step is the first of a new stream. */
  reset(): void {
    this.#stream = undefined;
    this.#heard = 0;
  }

  /** One answer for a run of at least one step. */
  decide(steps: readonly Step[]): Decision {
    return decide(this.settings.models, this.settings.gate, steps, this.settings.includeRawValues);
  }

  #steps(levels: ArrayLike<number>, probabilities: StepProbabilities, first: number): Step[] {
    const { gate, volumeThreshold } = this.settings;
    const columns = Object.entries(probabilities).map(([id, values]) => ({ name: this.#names.get(id)!, values, labels: values.length / levels.length }));
    const steps: Step[] = [];
    for (let i = 0; i < levels.length; i++) {
      const own: Record<string, number[]> = {};
      // Plain arrays: for so few numbers a view of its own weighs twice as much.
      for (const { name, values, labels } of columns) {
        const row: number[] = (own[name] = []);
        for (let k = i * labels; k < (i + 1) * labels; k++) row.push(values[k]!);
      }
      steps.push({ level: levels[i]!, silent: isSilent(levels[i]!, volumeThreshold), weight: gate.warmupWeights[first + i] ?? 1, probabilities: own });
    }
    return steps;
  }
}
