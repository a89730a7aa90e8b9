/**
 * Where batches are computed: programs prepared by models and shape, and where the device has one, a pool of threads.
 */
import { stepSamples } from '../audio/format.ts';
import type { Backend, Batching, Pool, Program } from '../backends/backend.ts';
import { DeviceMemoryError, WorkerError } from '../errors.ts';
import { composeModels } from '../graph/compose.ts';
import type { Bindings, Graph } from '../graph/graph.ts';
import { planGraph } from '../graph/plan.ts';
import type { Model } from '../models/model.ts';

/** Sorted ids of the models, and the extent of their common input. */
export interface RunShape {
  readonly ids: readonly string[];
  readonly batch: number;
  readonly steps: number;
}

interface Composed {
  readonly graph: Graph;
  /** Floats that one stream carries. */
  readonly stateLength: number;
}

interface Kept {
  readonly program: Promise<Program>;
  /** Runs that use it, or are about to. */
  users: number;
}

/** Enough for all usual chunk lengths at a few batch sizes; those unused for longest make room for new ones. */
const mostKept = 48;

export class Programs {
  readonly batching: Batching;
  readonly #backend: Backend;
  #pool: Pool | undefined;
  /** Runs that the pool could not do, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #models: ReadonlyMap<string, Model>;
  readonly #composed = new Map<string, Composed>();
  /** The one used longest ago first. */
  readonly #programs = new Map<string, Kept>();

  constructor(backend: Backend, models: ReadonlyMap<string, Model>, pool?: Pool) {
    this.#backend = backend;
    this.#models = models;
    this.#pool = pool;
    this.batching = backend.batching ?? { largest: 16, pad: false };
  }

  /** Threads that runs are spread over. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Runs that may be under way at once. */
  get parallel(): number {
    // Two a thread, so that none waits for its next one.
    return this.#pool ? 2 * this.threads : (this.batching.underWay ?? 1);
  }

  stateLength(ids: readonly string[]): number {
    return this.#compose(ids).stateLength;
  }

  /**
   * Probabilities of each model, [batch, steps, labels], for pcm [batch, steps * 1024]; `state` [batch, stateLength] is
   * moved on. The outputs hold until the next run. A single run is computed on the calling thread, where it is soonest
   * done; others go to the pool if there is one.
   */
  async run(
    { ids, batch, steps }: RunShape,
    pcm: Int16Array,
    state: Float32Array | undefined,
    alone: boolean,
  ): Promise<Float32Array[]> {
    const bindings = { batch, samples: steps * stepSamples };
    if (this.#pool && !alone) {
      try {
        return await this.#pool.run(this.#compose(ids).graph, bindings, [pcm], state);
      } catch (error) {
        if (!(error instanceof WorkerError)) throw error;
        // Threads that can't start, or die of this run: the caller's own thread computes, from now on if none starts.
        if (error.attempts === 0) await this.#leavePool();
        return this.#runInTurn({ ids, batch, steps }, pcm, state);
      }
    }
    return this.#runHere({ ids, batch, steps }, pcm, state);
  }

  /** Several runs at once would share a program's outputs. */
  #runInTurn(shape: RunShape, pcm: Int16Array, state: Float32Array | undefined): Promise<Float32Array[]> {
    const outputs = this.#turn.then(async () =>
      (await this.#runHere(shape, pcm, state)).map((values) => values.slice()),
    );
    this.#turn = outputs.catch(() => {});
    return outputs;
  }

  async #runHere(
    { ids, batch, steps }: RunShape,
    pcm: Int16Array,
    state: Float32Array | undefined,
  ): Promise<Float32Array[]> {
    const bindings = { batch, samples: steps * stepSamples };
    const kept = this.#keep(`${ids.join()} ${batch}x${steps}`, () => this.#prepare(this.#compose(ids).graph, bindings));
    kept.users++;
    try {
      await this.#free(mostKept);
      return await (await kept.program).run([pcm], state);
    } finally {
      kept.users--;
    }
  }

  async #leavePool(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.dispose();
  }

  async dispose(): Promise<void> {
    await this.#pool?.dispose();
    this.#backend.dispose();
  }

  #keep(key: string, prepare: () => Promise<Program>): Kept {
    let kept = this.#programs.get(key);
    if (kept) {
      this.#programs.delete(key);
    } else {
      const fresh = (kept = { program: prepare(), users: 0 });
      // A shape that could not be prepared may be possible later, with more memory free.
      fresh.program.catch(() => this.#programs.get(key) === fresh && this.#programs.delete(key));
    }
    this.#programs.set(key, kept);
    return kept;
  }

  async #prepare(graph: Graph, bindings: Bindings): Promise<Program> {
    try {
      return await this.#backend.prepare(graph, bindings);
    } catch (error) {
      if (!(error instanceof DeviceMemoryError)) throw error;
      // What other shapes hold may be what is missing; they are prepared again when they are needed.
      await this.#free(0);
      return this.#backend.prepare(graph, bindings);
    }
  }

  /** Disposes programs that nobody uses until at most `most` are left. */
  async #free(most: number): Promise<void> {
    for (const [key, { program, users }] of this.#programs) {
      if (this.#programs.size <= most) return;
      if (users > 0) continue;
      this.#programs.delete(key);
      (await program.catch(() => undefined))?.dispose();
    }
  }

  #compose(ids: readonly string[]): Composed {
    const key = ids.join();
    let composed = this.#composed.get(key);
    if (!composed) {
      const graph = composeModels(ids.map((id) => this.#models.get(id)!));
      composed = { graph, stateLength: planGraph(graph, { batch: 1, samples: stepSamples }).stateLength };
      this.#composed.set(key, composed);
    }
    return composed;
  }
}
