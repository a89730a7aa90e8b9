/** A stand-in for the engine's Listener: causal, with a state, slow if a test wants it, and exact to the bit. */

import { type Decision, decide, isSilent, type Step } from '../../src/answers/decision.ts';
import { stepSamples } from '../../src/audio/format.ts';
import { stepLevels } from '../../src/audio/level.ts';
import type { Ear } from '../../src/listening/tracks.ts';
import type { ModelMetadata } from '../../src/models/model.ts';

const metadata = (name: string, labels: readonly string[], gate: string) =>
  ({ name, labels, unknownCutoff: 0.05, warmupWeights: [], gate }) as unknown as ModelMetadata;

export const speech = metadata('speech', ['music', 'other', 'speech'], '');
export const gender = metadata('gender', ['male', 'female'], 'speech');

export class FakeEar implements Ear {
  readonly settings = { models: [gender, speech], includeRawValues: true };
  /** Called before each stretch with its steps; may wait or throw. */
  readonly #before: (steps: number, signal?: AbortSignal) => Promise<void> | void;
  #state = 0.5;

  constructor(before: (steps: number, signal?: AbortSignal) => Promise<void> | void = () => {}) {
    this.#before = before;
  }

  async hear(pcm: Int16Array, signal?: AbortSignal): Promise<Step[]> {
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

  state() {
    return { heard: this.#state, carried: undefined };
  }

  restore({ heard }: { heard: number }): void {
    this.#state = heard;
  }

  decide(steps: readonly Step[]): Decision {
    return decide(this.settings.models, [speech], steps);
  }
}
