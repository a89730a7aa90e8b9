/**
 * Runs of one network: calls that wait together become one batch where its items are computed apart; programs are kept.
 */
import type { Backend, Program } from '../backends/backend.ts';
import { DisposedError } from '../errors.ts';
import type { Bindings, Graph } from '../graph/graph.ts';
import { planGraph } from '../graph/plan.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { NetworkTensor, Settled } from './tensors.ts';

/** Programs kept ready; the one used longest ago makes room. */
const mostKept = 16;
/** Items that a batch holds where a backend names no number. */
const usualBatch = 16;

interface Job extends Settled {
  readonly key: string;
  readonly graph: Graph;
  readonly state: Float32Array | undefined;
  readonly resolve: (outputs: readonly NetworkTensor[]) => void;
  readonly reject: (error: unknown) => void;
}

export class Runner {
  readonly #backend: Backend;
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #batchable = new WeakMap<Graph, boolean>();
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  #disposed = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Outputs of the graph for these inputs; `state` is moved on. `key` tells graphs apart. */
  run(key: string, graph: Graph, settled: Settled, state?: Float32Array): Promise<readonly NetworkTensor[]> {
    if (this.#disposed) return Promise.reject(new DisposedError('the network'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, graph, ...settled, state, resolve, reject });
      // The calls of this turn are in the queue when draining begins.
      this.#draining ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new DisposedError('the network'));
    await this.#draining;
    this.#backend.dispose();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const jobs = this.#next();
      try {
        await this.#compute(jobs);
      } catch (error) {
        for (const { reject } of jobs) reject(error);
      }
    }
    // At once, so that a call which a result brings about begins anew.
    this.#draining = undefined;
  }

  /** The first job, and those that can be computed with it. */
  #next(): Job[] {
    const [first] = this.#queue;
    const likeness = ({ key, bindings, state }: Job): string =>
      JSON.stringify([key, { ...bindings, batch: undefined }, state !== undefined]);
    const jobs: Job[] = [];
    const most = this.#backend.batching?.largest ?? usualBatch;
    let items = 0;
    if (this.#isBatchable(first)) {
      const wanted = likeness(first);
      for (const job of this.#queue) {
        if (likeness(job) !== wanted || (jobs.length > 0 && items + job.bindings.batch > most)) continue;
        jobs.push(job);
        items += job.bindings.batch;
      }
    } else {
      jobs.push(first);
    }
    this.#queue = this.#queue.filter((job) => !jobs.includes(job));
    return jobs;
  }

  /** Whether every input has a batch in front that each node leaves alone, as it does where a stream can be cut. */
  #isBatchable({ graph, bindings }: Job): boolean {
    let known = this.#batchable.get(graph);
    if (known === undefined) {
      known = graph.inputs.every(({ shape }) => shape[0] === 'batch' && !shape.includes('batch', 1));
      if (known) {
        const plan = planGraph(graph, bindings);
        known = plan.streamable && graph.outputs.every((name) => plan.shapes.get(name)?.[0] === bindings.batch);
        // With a batch of 1 an extent of 1 tells nothing.
        if (known && bindings.batch === 1) {
          const two = planGraph(graph, { ...bindings, batch: 2 });
          known = graph.outputs.every((name) => two.shapes.get(name)?.[0] === 2);
        }
      }
      this.#batchable.set(graph, known);
    }
    return known;
  }

  async #compute(jobs: readonly Job[]): Promise<void> {
    const [{ key, graph, bindings: own }] = jobs;
    const bindings = jobs.length > 1 ? { ...own, batch: sum(jobs.map((job) => job.bindings.batch)) } : own;
    const program = await this.#program(key, graph, bindings);
    const inputs = graph.inputs.map((_, i) => joined(jobs.map(({ tensors }) => tensors[i].data)));
    const state = jobs[0].state && joined(jobs.map((job) => job.state!));
    const results = await program.run(inputs, state);
    const outputs = graph.outputs.map((name, i) => ({ data: results[i], shape: program.plan.shapes.get(name)! }));
    let done = 0;
    for (const job of jobs) {
      const items = job.bindings.batch;
      const part = jobs.length > 1 ? (tensor: NetworkTensor) => itemsOf(tensor, done, items) : copyOf;
      if (state && job.state)
        job.state.set(state.subarray(done * program.plan.stateLength).subarray(0, job.state.length));
      job.resolve(outputs.map(part));
      done += items;
    }
  }

  #program(key: string, graph: Graph, bindings: Bindings): Promise<Program> {
    const name = `${key} ${JSON.stringify(bindings)}`;
    const kept = this.#programs.get(name);
    const program = kept ?? this.#backend.prepare(graph, bindings);
    if (!kept) program.catch(() => this.#programs.delete(name));
    this.#programs.delete(name);
    this.#programs.set(name, program);
    const [[oldest, unused]] = this.#programs;
    if (this.#programs.size > mostKept) {
      this.#programs.delete(oldest);
      // Nothing runs while a program is looked for.
      unused.then((one) => one.dispose()).catch(() => {});
    }
    return program;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
/** What a program gives holds only until its next run. */
const copyOf = ({ data, shape }: NetworkTensor): NetworkTensor => ({ data: data.slice(), shape });

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const all = new Float32Array(sum(parts.map(({ length }) => length)));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function itemsOf({ data, shape }: NetworkTensor, first: number, count: number): NetworkTensor {
  const item = sizeOf(shape.slice(1));
  return { data: data.slice(first * item, (first + count) * item), shape: [count, ...shape.slice(1)] };
}
