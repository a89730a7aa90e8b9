/**
 * Throughput mode: many runs at once on worker threads. All threads share one linear memory, so weights are there once
 * and a job is handed over as an address. Latency mode is `WasmBackend` itself, on the caller's thread.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ArgumentError, DisposedError, WorkerError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import type { TensorData } from '../../graph/tensor.ts';
import { openWasm, type WasmBackend } from './index.ts';
import { kernelModule } from './kernels.ts';
import type { CompiledGraph } from './lower/compile.ts';
import type { WasmProgram } from './program.ts';
import { Workspace } from './workspace.ts';

export interface PoolOptions {
  /** Worker threads; default: the cores. */
  readonly threads?: number;
  /** Jobs that may wait before `room` makes the caller wait; default: 4 a thread. */
  readonly bound?: number;
  /** Programs and weights are placed in this backend's memory; without it the pool has its own. */
  readonly backend?: WasmBackend;
}

/** A graph at one shape, and its programs that no worker uses just now. */
interface Prepared {
  readonly compiled: CompiledGraph;
  readonly idle: WasmProgram[];
  jobs: number;
}

interface Job {
  readonly prepared: Prepared;
  readonly inputs: readonly TensorData[];
  readonly state: Float32Array | undefined;
  readonly resolve: (outputs: Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

interface Thread {
  readonly worker: Worker;
  /** In the order in which the thread does them. */
  readonly running: { readonly job: Job; readonly program: WasmProgram }[];
  error: unknown;
}

/** A second job waits at each thread, so that it has work while the answer to the first is on its way. */
const jobsPerThread = 2;
const mostAttempts = 3;
const preparedKept = 32;

/**
 * A thread runs the program at an address of the shared memory and says when it is done. As text it needs no file of
 * its own: Node 20 gives worker threads no TypeScript loader, and a bundler would not see that the file is used.
 */
const threadSource = `
const { parentPort, workerData: { module, memory } } = require('node:worker_threads');
const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
parentPort.on('message', (entry) => {
  run(entry);
  parentPort.postMessage(entry);
});`;

export class WasmPool {
  readonly threads: number;
  readonly #bound: number;
  readonly #backend: WasmBackend;
  readonly #ownsBackend: boolean;
  readonly #graphs = new Map<Graph, Map<string, Prepared>>();
  readonly #workers = new Set<Thread>();
  readonly #queue: Job[] = [];
  readonly #waiting: (() => void)[] = [];
  #disposed = false;

  constructor(backend: WasmBackend, ownsBackend: boolean, { threads = availableParallelism(), bound }: PoolOptions) {
    if (!Number.isInteger(threads) || threads < 1) throw new ArgumentError('threads', `${threads}`, 'a whole number, 1 or more');
    this.threads = threads;
    this.#bound = bound ?? 4 * threads;
    if (!(this.#bound >= 1)) throw new ArgumentError('bound', `${bound}`, 'a number, 1 or more');
    this.#backend = backend;
    this.#ownsBackend = ownsBackend;
  }

  /**
   * Runs a graph once on some thread: inputs and state as in `Program.run`, except that the outputs are the caller's
   * own. `inputs` and `state` must be left alone until the promise is settled; jobs with the same state must not overlap.
   */
  run(graph: Graph, bindings: Bindings, inputs: readonly TensorData[], state?: Float32Array): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#disposed) throw new DisposedError('the pool');
      const prepared = this.#prepared(graph, bindings);
      prepared.jobs++;
      this.#queue.push({ prepared, inputs, state, resolve, reject, attempts: 0 });
      this.#pump();
    });
  }

  /** Settles once fewer jobs wait than the bound: await it before each `run` to keep memory bounded. */
  async room(): Promise<void> {
    while (this.#queue.length >= this.#bound && !this.#disposed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Runs a graph for each of many inputs and yields the outputs in the order of the inputs, taking no more than the bound ahead. */
  async *map(graph: Graph, bindings: Bindings, batches: Iterable<readonly TensorData[]> | AsyncIterable<readonly TensorData[]>): AsyncGenerator<Float32Array[]> {
    const ahead: Promise<Float32Array[]>[] = [];
    for await (const inputs of batches) {
      const job = this.run(graph, bindings, inputs);
      // It is awaited later; until then a failure is not unhandled.
      job.catch(() => undefined);
      ahead.push(job);
      if (ahead.length >= this.#bound + jobsPerThread * this.threads) yield await ahead.shift()!;
    }
    for (const job of ahead) yield await job;
  }

  /** Refuses what waits or runs with DisposedError and ends all threads. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const jobs = [...this.#workers].flatMap(({ running }) => running.splice(0).map(({ job }) => job));
    for (const job of [...jobs, ...this.#queue.splice(0)]) job.reject(new DisposedError('the pool'));
    this.#wake();
    await Promise.all([...this.#workers].map(({ worker }) => worker.terminate()));
    for (const shapes of this.#graphs.values()) for (const prepared of shapes.values()) this.#release(prepared);
    this.#graphs.clear();
    if (this.#ownsBackend) this.#backend.dispose();
  }

  #prepared(graph: Graph, bindings: Bindings): Prepared {
    const shapes = this.#graphs.get(graph) ?? new Map<string, Prepared>();
    const key = JSON.stringify(Object.entries(bindings).sort());
    let prepared = shapes.get(key);
    if (!prepared) {
      prepared = { compiled: this.#backend.compile(graph, bindings), idle: [], jobs: 0 };
      this.#evict();
      // Only now: evicting forgets a graph that has no shapes.
      this.#graphs.set(graph, shapes.set(key, prepared));
    }
    return prepared;
  }

  /** Forgets the oldest shapes that nobody uses. */
  #evict(): void {
    let count = [...this.#graphs.values()].reduce((sum, shapes) => sum + shapes.size, 0);
    for (const [graph, shapes] of this.#graphs) {
      for (const [key, prepared] of shapes) {
        if (count < preparedKept) return;
        if (prepared.jobs > 0) continue;
        this.#release(prepared);
        shapes.delete(key);
        count--;
      }
      if (shapes.size === 0) this.#graphs.delete(graph);
    }
  }

  #release({ compiled, idle }: Prepared): void {
    for (const program of idle) program.dispose();
    this.#backend.release(compiled);
  }

  /** Gives waiting jobs to threads: free ones first, then new ones, then the second place at busy ones. */
  #pump(): void {
    while (this.#queue.length > 0 && !this.#disposed) {
      const thread = this.#freeThread();
      if (!thread) break;
      this.#start(this.#queue.shift()!, thread);
    }
    if (this.#queue.length < this.#bound) this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #freeThread(): Thread | undefined {
    const [least] = [...this.#workers].sort((a, b) => a.running.length - b.running.length);
    if (least?.running.length === 0) return least;
    if (this.#workers.size < this.threads) return this.#spawn();
    return least && least.running.length < jobsPerThread ? least : undefined;
  }

  #start(job: Job, thread: Thread): void {
    const { idle, compiled } = job.prepared;
    let program = idle.pop();
    try {
      program ??= this.#backend.place(compiled, new Workspace(this.#backend.heap));
      program.load(job.inputs, job.state);
    } catch (error) {
      if (program) idle.push(program);
      job.prepared.jobs--;
      return job.reject(error);
    }
    thread.running.push({ job, program });
    // Only while it works does a thread keep the process alive.
    thread.worker.ref();
    thread.worker.postMessage(program.entry);
  }

  #spawn(): Thread {
    const worker = new Worker(threadSource, { eval: true, execArgv: [], workerData: { module: kernelModule(), memory: this.#backend.heap.memory } });
    const thread: Thread = { worker, running: [], error: undefined };
    worker.unref();
    worker.on('message', () => this.#finish(thread));
    worker.on('error', (error) => (thread.error = error));
    worker.on('exit', () => this.#bury(thread));
    this.#workers.add(thread);
    return thread;
  }

  #finish(thread: Thread): void {
    const done = thread.running.shift();
    if (!done) return;
    if (thread.running.length === 0) thread.worker.unref();
    const { job, program } = done;
    const outputs = program.newResults();
    program.save(outputs, job.state);
    job.prepared.idle.push(program);
    job.prepared.jobs--;
    job.resolve(outputs);
    this.#pump();
  }

  /** A thread has died: its jobs go back to the head of the queue; the first, at which it died, only a few times. */
  #bury(thread: Thread): void {
    this.#workers.delete(thread);
    if (this.#disposed) return;
    thread.running.splice(0).reverse().forEach(({ job, program }, i, all) => {
      job.prepared.idle.push(program);
      if (i === all.length - 1 && ++job.attempts >= mostAttempts) {
        job.prepared.jobs--;
        job.reject(new WorkerError(job.attempts, { cause: thread.error }));
      } else {
        this.#queue.unshift(job);
      }
    });
    this.#pump();
  }
}

/** Opens a pool; its threads start when they are first needed. */
export async function openPool(options: PoolOptions = {}): Promise<WasmPool> {
  return new WasmPool(options.backend ?? (await openWasm()), options.backend === undefined, options);
}
