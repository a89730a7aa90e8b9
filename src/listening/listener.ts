/**
 * Audio of one source through the models a caller asked for: whole steps of pcm in, steps ready to be decided on out.
 */

import { type Decision, decide, isSilent, type Step } from '../answers/decision.ts';
import { stepSamples } from '../audio/format.ts';
import { stepLevels } from '../audio/level.ts';
import { ArgumentError } from '../errors.ts';
import type { AnalysisSettings } from '../options.ts';
import type { Batcher, StepProbabilities, StreamState } from '../runtime/batcher.ts';
import type { Selection } from './selection.ts';

export type ListenerSettings = Selection & Pick<AnalysisSettings, 'includeRawValues' | 'volumeThreshold'>;

/** Steps so far, and what the models carry on from them. */
export interface ListenerState {
  readonly steps: number;
  readonly carried: Float32Array | undefined;
}

export class Listener {
  readonly settings: ListenerSettings;
  readonly #batcher: Batcher;
  #stream: StreamState | undefined;
  #done = 0;

  constructor(batcher: Batcher, settings: ListenerSettings) {
    this.#batcher = batcher;
    this.settings = settings;
  }

  /** One chunk on its own. `pcm` holds at least one step; what is behind the last whole step is not heard. */
  async hearChunk(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
    const levels = stepLevels(pcm);
    // Where all is silent the networks are asked only for the sake of raw values.
    const needed =
      this.settings.includeRawValues || levels.some((level) => !isSilent(level, this.settings.volumeThreshold));
    const whole = pcm.subarray(0, levels.length * stepSamples);
    return this.#steps(levels, needed ? await this.#batcher.analyzeChunk(whole, this.settings.ids, signal) : {}, 0);
  }

  /** The next whole steps of a stream. Calls must not overlap. */
  async hear(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
    this.#stream ??= this.#batcher.openStream(this.settings.ids);
    const steps = this.#steps(
      stepLevels(pcm),
      await this.#batcher.analyzeStream(pcm, this.#stream, signal),
      this.#done,
    );
    this.#done += steps.length;
    return steps;
  }

  state(): ListenerState {
    return { steps: this.#done, carried: this.#stream?.carried?.slice() };
  }

  /** Goes on where another listener of the same models was. */
  restore({ steps, carried }: ListenerState): void {
    const length = this.#batcher.stateLength(this.settings.ids);
    if (carried && carried.length !== length)
      throw new ArgumentError('resume', `a state of ${carried.length} numbers`, `of ${length}, as these models carry`);
    this.#done = steps;
    this.#stream = this.#batcher.openStream(this.settings.ids, carried);
  }

  /** Forgets what was heard: the next step is the first of a new stream. */
  reset(): void {
    this.#stream = undefined;
    this.#done = 0;
  }

  /** One answer for one step or more. */
  decide(steps: readonly Step[]): Decision {
    return decide(this.settings.models, this.settings.gates, steps, this.settings.includeRawValues);
  }

  #steps(levels: readonly number[], byId: StepProbabilities, first: number): Step[] {
    const { names, volumeThreshold } = this.settings;
    const probabilities: Record<string, readonly number[]> = {};
    for (const id in byId) probabilities[names.get(id)!] = byId[id];
    return levels.map((level, row) => ({
      level,
      silent: isSilent(level, volumeThreshold),
      index: first + row,
      row,
      probabilities,
    }));
  }
}
