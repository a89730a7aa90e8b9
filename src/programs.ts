/** The programs an engine has prepared, by models and shape; those unused for longest make room for new ones. */
import { stepSamples } from './audio/format.ts';
import type { Backend, Program } from './backends/backend.ts';
import { composeModels } from './graph/compose.ts';
import type { Graph } from './graph/graph.ts';
import type { Model } from './models/model.ts';

/** Enough for all usual chunk lengths at a few batch sizes. */
const kept = 48;

export class Programs {
  readonly #backend: Backend;
  readonly #models: ReadonlyMap<string, Model>;
  readonly #graphs = new Map<string, Graph>();
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(backend: Backend, models: ReadonlyMap<string, Model>) {
    this.#backend = backend;
    this.#models = models;
  }

  /** The program for these models (sorted ids) at [batch, steps]. Don't keep it over an await: it may be evicted. */
  async get(ids: readonly string[], batch: number, steps: number): Promise<Program> {
    const key = `${ids.join()} ${batch}x${steps}`;
    let program = this.#programs.get(key);
    if (program) this.#programs.delete(key);
    else program = this.#backend.prepare(this.#graph(ids), { batch, samples: steps * stepSamples });
    this.#programs.set(key, program);
    // A shape that could not be prepared may be possible later, with more memory free.
    program.catch(() => this.#programs.delete(key));
    await this.#evict();
    return program;
  }

  #graph(ids: readonly string[]): Graph {
    const key = ids.join();
    let graph = this.#graphs.get(key);
    if (!graph) this.#graphs.set(key, (graph = composeModels(ids.map((id) => this.#models.get(id)!))));
    return graph;
  }

  async #evict(): Promise<void> {
    for (const [key, program] of this.#programs) {
      if (this.#programs.size <= kept) return;
      this.#programs.delete(key);
      (await program.catch(() => undefined))?.dispose();
    }
  }
}
