/**
 * Throughput mode: many runs at once on worker threads. All threads share one linear memory, so weights are there once
 * and threads find their jobs there by themselves. A single run is `WasmBackend`'s own, on the calling thread.
 */
import { DisposedError, WorkerError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import type { TensorData } from '../../graph/tensor.ts';
import { platform, type Thread } from '../../platform/index.ts';
import type { Pool } from '../backend.ts';
import type { Heap } from './heap.ts';
import { kernelModule } from './kernels.ts';
import type { CompiledGraph } from './lower/compile.ts';
import type { WasmProgram } from './program.ts';
import { Workspace } from './workspace.ts';

/** The backend in whose memory programs and weights are placed. */
export interface PoolHost {
  readonly heap: Heap;
  compile(graph: Graph, bindings: Bindings): CompiledGraph;
  place(compiled: CompiledGraph, workspace: Workspace): WasmProgram;
  release(compiled: CompiledGraph): void;
}

/** A graph at one shape, and its programs by slot. */
interface Prepared {
  readonly graph: Graph;
  readonly key: string;
  readonly compiled: CompiledGraph;
  readonly programs: Map<Slot, WasmProgram>;
}

interface Job {
  readonly prepared: Prepared;
  readonly inputs: readonly TensorData[];
  readonly state: Float32Array | undefined;
  readonly resolve: (outputs: Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

/** Memory in which one job at a time is computed, by whichever thread takes it. */
interface Slot {
  /** Where its state is among the shared words. */
  readonly at: number;
  readonly workspace: Workspace;
  job: Job | undefined;
}

/** Jobs in memory for each thread, so that none waits while the calling thread is busy elsewhere. */
const slotsPerThread = 4;
const mostAttempts = 3;
const preparedKept = 32;

/**
 * The shared words: how many jobs were ever placed, whether a message is on its way, then state and code of each slot.
 */
const [placed, told, firstSlot] = [0, 1, 2];
/** States of a slot; higher ones are the number of the thread that has taken it. */
const [empty, ready, done] = [0, 1, 2];

/**
 * A thread takes jobs for itself, and sleeps only where there are none; it sends a message only where none is on its
 * way. As text it needs no file of its own: Node 20 gives threads no TypeScript loader, and a bundler would not see
 * that the file is used.
 */
const threadSource = `
({ module, memory, words, id }, tell) => {
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  for (let at = 2;;) {
    const placed = Atomics.load(words, 0);
    let left = words.length;
    while ((left -= 2) && Atomics.compareExchange(words, at, 1, id) !== 1) if ((at += 2) === words.length) at = 2;
    if (left) {
      run(words[at + 1]);
      Atomics.store(words, at, 2);
      if (!Atomics.exchange(words, 1, 1)) tell();
    } else Atomics.wait(words, 0, placed);
  }
}`;

export class WasmPool implements Pool {
  readonly threads: number;
  readonly #backend: PoolHost;
  /** Used last comes first. */
  readonly #prepared: Prepared[] = [];
  readonly #slots: readonly Slot[];
  readonly #words: Int32Array;
  /** By number. */
  readonly #threads = new Map<number, Thread>();
  #lastThread = done;
  #busy = 0;
  readonly #queue: Job[] = [];
  #disposed = false;

  /** Threads start when they are first needed. */
  constructor(backend: PoolHost, threads: number) {
    this.threads = threads;
    this.#backend = backend;
    this.#slots = Array.from({ length: slotsPerThread * threads }, (_, i) => ({
      at: firstSlot + 2 * i,
      workspace: new Workspace(backend.heap),
      job: undefined,
    }));
    this.#words = new Int32Array(new SharedArrayBuffer(4 * (firstSlot + 2 * this.#slots.length)));
  }

  /**
   * Runs a graph once on some thread: inputs and state as in `Program.run`, except that the outputs are the caller's
   * own. `inputs` and `state` must be left alone until the promise is settled; jobs with the same state must not
   * overlap.
   */
  run(graph: Graph, bindings: Bindings, inputs: readonly TensorData[], state?: Float32Array): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#disposed) throw new DisposedError('the pool');
      this.#queue.push({ prepared: this.#prepare(graph, bindings), inputs, state, resolve, reject, attempts: 0 });
      this.#pump();
    });
  }

  /** Refuses what waits or runs with DisposedError and ends all threads. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#refuse(new DisposedError('the pool'));
    await Promise.all([...this.#threads.values()].map((thread) => thread.end()));
    for (const prepared of this.#prepared.splice(0)) this.#release(prepared);
  }

  #refuse(error: unknown): void {
    for (const slot of this.#slots) if (slot.job) this.#vacate(slot).reject(error);
    for (const job of this.#queue.splice(0)) job.reject(error);
  }

  #prepare(graph: Graph, bindings: Bindings): Prepared {
    const key = JSON.stringify(bindings);
    const at = this.#prepared.findIndex((known) => known.graph === graph && known.key === key);
    if (at === 0) return this.#prepared[0];
    const prepared =
      at > 0
        ? this.#prepared.splice(at, 1)[0]
        : { graph, key, compiled: this.#backend.compile(graph, bindings), programs: new Map() };
    this.#prepared.unshift(prepared);
    if (at < 0) this.#evict();
    return prepared;
  }

  /** Forgets the shapes unused for longest that no job needs. */
  #evict(): void {
    const needed = new Set([...this.#queue, ...this.#slots.map(({ job }) => job)].map((job) => job?.prepared));
    for (const prepared of this.#prepared.slice(preparedKept)) {
      if (needed.has(prepared)) continue;
      this.#prepared.splice(this.#prepared.indexOf(prepared), 1);
      this.#release(prepared);
    }
  }

  #release({ compiled, programs }: Prepared): void {
    for (const program of programs.values()) program.dispose();
    this.#backend.release(compiled);
  }

  /** Places waiting jobs where threads find them. */
  #pump(): void {
    while (this.#queue.length > 0 && this.#busy < this.#slots.length)
      this.#place(this.#queue.shift()!, this.#slots.find(({ job }) => !job)!);
    this.#hire();
  }

  #place(job: Job, slot: Slot): void {
    const { programs, compiled } = job.prepared;
    try {
      let program = programs.get(slot);
      if (!program) programs.set(slot, (program = this.#backend.place(compiled, slot.workspace)));
      program.load(job.inputs, job.state);
      this.#words[slot.at + 1] = program.entry;
    } catch (error) {
      return job.reject(error);
    }
    if (this.#busy++ === 0) this.#holdProcess(true);
    slot.job = job;
    Atomics.store(this.#words, slot.at, ready);
    Atomics.add(this.#words, placed, 1);
    Atomics.notify(this.#words, placed, 1);
  }

  #vacate(slot: Slot): Job {
    const job = slot.job!;
    slot.job = undefined;
    Atomics.store(this.#words, slot.at, empty);
    if (--this.#busy === 0) this.#holdProcess(false);
    return job;
  }

  /** Only while there is work do threads keep the process alive. */
  #holdProcess(holds: boolean): void {
    for (const thread of this.#threads.values()) thread.hold(holds);
  }

  /** Starts threads while there is work for more. */
  #hire(): void {
    try {
      while (this.#threads.size < Math.min(this.threads, this.#busy)) this.#spawn(++this.#lastThread);
    } catch (error) {
      if (this.#threads.size === 0) this.#refuse(new WorkerError(0, { cause: error }));
    }
  }

  #spawn(id: number): void {
    const data = { module: kernelModule(), memory: this.#backend.heap.memory, words: this.#words, id };
    const thread = platform.startThread(
      { source: threadSource, data },
      {
        onTold: () => {
          this.#collect();
          this.#pump();
        },
        onEnd: (cause) => this.#bury(id, cause),
      },
    );
    this.#threads.set(id, thread);
  }

  /** Settles the jobs that are done. */
  #collect(): void {
    // Before looking, so that what is done from now on is told again.
    Atomics.store(this.#words, told, 0);
    for (const slot of this.#slots) {
      if (!slot.job || Atomics.load(this.#words, slot.at) !== done) continue;
      const { prepared, state, resolve, reject } = this.#vacate(slot);
      try {
        const program = prepared.programs.get(slot)!;
        const outputs = program.newResults();
        program.save(outputs, state);
        resolve(outputs);
      } catch (error) {
        reject(error);
      }
    }
  }

  /**
   * A thread has died: the job it had goes back to the head of the queue, but only a few times. If it had none and was
   * the last, that counts for the first job, lest threads that cannot start are replaced for ever.
   */
  #bury(id: number, cause: unknown): void {
    this.#threads.delete(id);
    if (this.#disposed) return;
    this.#collect();
    const jobs = this.#slots.filter(({ job }) => job);
    const slot =
      jobs.find(({ at }) => Atomics.load(this.#words, at) === id) ?? (this.#threads.size === 0 ? jobs[0] : undefined);
    if (slot) {
      const job = this.#vacate(slot);
      if (++job.attempts < mostAttempts) this.#queue.unshift(job);
      else job.reject(new WorkerError(job.attempts, { cause }));
    }
    this.#pump();
  }
}
