/** A stand-in for the engine's Listener: causal, with a state, slow if a test wants it, and exact to the bit. */

import { isSilent, type Step } from '../../src/answers/decision.ts';
import { stepSamples } from '../../src/audio/format.ts';
import { stepLevels } from '../../src/audio/level.ts';
import { Listener, type ListenerState } from '../../src/listening/listener.ts';
import type { OpenModel } from '../../src/models/model.ts';

const metadata = (name: string, labels: readonly string[], gate: string) =>
  ({ id: name, name, labels, unknownCutoff: 0.05, warmupWeights: [], gate }) as unknown as OpenModel;

export const speech = metadata('speech', ['music', 'other', 'speech'], '');
export const gender = metadata('gender', ['male', 'female'], 'speech');

/** The real listener with other ears: what it decides, and how, is its own. */
export class FakeListener extends Listener {
  /** Called before each stretch with its steps; may wait or throw. */
  readonly #before: (steps: number, signal?: AbortSignal) => Promise<void> | void;
  #state = 0.5;

  constructor(before: (steps: number, signal?: AbortSignal) => Promise<void> | void = () => {}) {
    const models = [gender, speech];
    const names = new Map(models.map(({ id, name }) => [id, name]));
    super(undefined as never, {
      ...{ models, gates: [speech], ids: [...names.keys()], names },
      ...{ includeRawValues: true, volumeThreshold: 0.005 },
    });
    this.#before = before;
  }

  override async hear(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
    await this.#before(pcm.length / stepSamples, signal);
    return stepLevels(pcm).map((level, i) => {
      let sum = 0;
      for (let k = 0; k < stepSamples; k++) sum += Math.abs(pcm[i * stepSamples + k]) * ((k % 7) + 1);
      // Depends on this step and, less and less, on all before it.
      this.#state = 0.7 * this.#state + 0.3 * ((sum / 1000) % 1);
      const talk = this.#state;
      const male = (this.#state * 3.7) % 1;
      return {
        level,
        silent: isSilent(level, 0.005),
        index: 0,
        row: 0,
        probabilities: { speech: [(1 - talk) / 3, (1 - talk) * (2 / 3), talk], gender: [male, 1 - male] },
      };
    });
  }

  override state(): ListenerState {
    return { steps: this.#state, carried: undefined };
  }

  override restore({ steps }: ListenerState): void {
    this.#state = steps;
  }
}
