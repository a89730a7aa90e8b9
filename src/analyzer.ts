/**
 * Audio in, step probabilities out. Calls and streams that wait at the same time and have the same shape become one
 * batch; whatever arrives while the device computes joins the next one, so nobody waits for a timer.
 */
import { stepSamples } from './audio/format.ts';
import { DeviceLimitError, DisposedError } from './errors.ts';
import type { Model } from './models/model.ts';
import type { Programs } from './programs.ts';

/** Step probabilities by model id, each [steps, labels]. */
export type StepProbabilities = Readonly<Record<string, Float32Array>>;

/** What one stream carries from call to call. Calls of one stream must not overlap. */
export interface StreamState {
  /** Sorted ids of the models that listen. */
  readonly ids: readonly string[];
  /** Undefined before the first step. */
  carried: Float32Array | undefined;
}

interface Job {
  readonly ids: readonly string[];
  readonly pcm: Int16Array;
  /** Steps that the program sees; pcm is filled up with silence to this length. */
  readonly steps: number;
  readonly stream: StreamState | undefined;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (probabilities: StepProbabilities) => void;
  readonly reject: (error: unknown) => void;
}

/** Longer audio is cut into runs of this many steps with the state carried over, so that memory stays bounded. */
const longestRun = 64;
const streamRuns = [64, 32, 16, 8, 4, 2, 1];
/** Lengths to which audio without a state is filled up: few programs, at most a fifth more work. */
const chunkRuns = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64];
/** Steps of all that waits for which one more thread is worth its hand-over: some 2 ms of work. */
const threadSteps = 32;
/** Jobs that may wait; further callers wait for room. */
const queueBound = 8192;

export class Analyzer {
  readonly #programs: Programs;
  readonly #models: ReadonlyMap<string, Model>;
  readonly #buffers = new Buffers();
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  readonly #running = new Set<Promise<void>>();
  #disposed = false;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(programs: Programs, models: ReadonlyMap<string, Model>) {
    this.#programs = programs;
    this.#models = models;
  }

  openStream(ids: readonly string[]): StreamState {
    return { ids: [...ids].sort(), carried: undefined };
  }

  /** Analyses whole steps of one chunk on its own, as if silence had gone before it. `pcm` int16 [steps * 1024]. */
  async analyzeChunk(pcm: Int16Array, ids: readonly string[], signal?: AbortSignal): Promise<StepProbabilities> {
    const steps = pcm.length / stepSamples;
    if (steps > longestRun) return this.analyzeStream(pcm, this.openStream(ids), signal);
    const run = chunkRuns.find((length) => length >= steps)!;
    const probabilities = await this.#enqueue(pcm, [...ids].sort(), run, undefined, signal);
    return this.#firstSteps(probabilities, steps);
  }

  /** Analyses the next whole steps of a stream and moves its state on. */
  async analyzeStream(pcm: Int16Array, stream: StreamState, signal?: AbortSignal): Promise<StepProbabilities> {
    const steps = pcm.length / stepSamples;
    const whole = Object.fromEntries(stream.ids.map((id) => [id, new Float32Array(steps * this.#models.get(id)!.labels.length)]));
    for (let done = 0; done < steps; ) {
      const run = streamRuns.find((length) => length <= steps - done)!;
      const part = await this.#enqueue(pcm.subarray(done * stepSamples, (done + run) * stepSamples), stream.ids, run, stream, signal);
      for (const id of stream.ids) whole[id]!.set(part[id]!, done * this.#models.get(id)!.labels.length);
      done += run;
    }
    return whole;
  }

  /** Calls that wait are refused; what is computing still gets its answer, and is waited for. Frees the device. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const job of this.#queue.splice(0)) job.reject(new DisposedError('the engine'));
    for (const wake of this.#waitingForRoom.splice(0)) wake();
    await this.#draining;
    await Promise.all(this.#running);
    await this.#programs.dispose();
  }

  #firstSteps(probabilities: StepProbabilities, steps: number): StepProbabilities {
    return Object.fromEntries(Object.entries(probabilities).map(([id, values]) => [id, values.slice(0, steps * this.#models.get(id)!.labels.length)]));
  }

  async #enqueue(pcm: Int16Array, ids: readonly string[], steps: number, stream: StreamState | undefined, signal: AbortSignal | undefined): Promise<StepProbabilities> {
    while (this.#queue.length >= queueBound) await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
    if (this.#disposed) throw new DisposedError('the engine');
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      this.#queue.push({ ids, pcm, steps, stream, signal, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Lets every call of this turn of the event loop join, and others have their turn between two batches.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#running.size >= this.#programs.parallel) await Promise.race(this.#running);
      const batch = this.#takeBatch();
      if (batch.length === 0) continue;
      const alone = this.#queue.length === 0 && this.#running.size === 0;
      const run = this.#run(batch, alone).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
    this.#draining = undefined;
  }

  /** The job that waited longest and those that can run with it: all, or where that is much work, a thread's share. */
  #takeBatch(): Job[] {
    const aborted = this.#queue.filter((job) => job.signal?.aborted);
    for (const job of aborted) job.reject(job.signal!.reason);
    const waiting = aborted.length > 0 ? this.#queue.filter((job) => !job.signal?.aborted) : this.#queue;
    const first = waiting[0];
    const idle = this.#programs.threads - this.#running.size;
    const shares = Math.min(idle, Math.floor((waiting.length * (first?.steps ?? 0)) / threadSteps));
    const largest = Math.min(this.#programs.batching.largest, Math.ceil(waiting.length / Math.max(shares, 1)));
    const batch: Job[] = [];
    const rest: Job[] = [];
    for (const job of waiting) {
      const fits = batch.length < largest && job.steps === first!.steps && !job.stream === !first!.stream && sameIds(job.ids, first!.ids);
      (fits ? batch : rest).push(job);
    }
    this.#queue = rest;
    for (const wake of this.#waitingForRoom.splice(0, queueBound - rest.length)) wake();
    return batch;
  }

  async #run(jobs: readonly Job[], alone: boolean): Promise<void> {
    const largestPower = 2 ** Math.floor(Math.log2(jobs.length));
    // A batch is a power of two, so that there are few programs: filled up where rows cost next to nothing, else cut.
    if (!this.#programs.batching.pad && largestPower < jobs.length) {
      await this.#run(jobs.slice(0, largestPower), alone);
      return this.#run(jobs.slice(largestPower), alone);
    }
    try {
      await this.#runBatch(jobs, largestPower < jobs.length ? largestPower * 2 : largestPower, alone);
    } catch (error) {
      if (!(error instanceof DeviceLimitError) || jobs.length === 1) {
        for (const job of jobs) job.reject(error);
        return;
      }
      const half = Math.ceil(jobs.length / 2);
      await this.#run(jobs.slice(0, half), alone);
      await this.#run(jobs.slice(half), alone);
    }
  }

  async #runBatch(jobs: readonly Job[], batch: number, alone: boolean): Promise<void> {
    const { ids, steps, stream } = jobs[0]!;
    const samples = steps * stepSamples;
    const stateLength = stream ? this.#programs.stateLength(ids) : 0;
    const pcm = this.#buffers.takeShorts(batch * samples);
    const state = stream && this.#buffers.takeFloats(batch * stateLength);
    try {
      jobs.forEach((job, i) => {
        pcm.set(job.pcm, i * samples);
        pcm.fill(0, i * samples + job.pcm.length, (i + 1) * samples);
        const carried = job.stream?.carried;
        if (carried) state!.set(carried, i * stateLength);
        else state?.fill(0, i * stateLength, (i + 1) * stateLength);
      });
      pcm.fill(0, jobs.length * samples);
      state?.fill(0, jobs.length * stateLength);

      const outputs = await this.#programs.run({ ids, batch, steps }, pcm, state, alone);
      jobs.forEach((job, i) => {
        if (job.stream) (job.stream.carried ??= new Float32Array(stateLength)).set(state!.subarray(i * stateLength, (i + 1) * stateLength));
        const own = ids.map((id, n) => {
          const size = outputs[n]!.length / batch;
          return [id, outputs[n]!.slice(i * size, (i + 1) * size)] as const;
        });
        job.resolve(Object.fromEntries(own));
      });
    } finally {
      this.#buffers.give(pcm);
      if (state) this.#buffers.give(state);
    }
  }
}

/** Buffers for inputs and states, used again by later runs of the same size, so that a stream makes next to no garbage. */
class Buffers {
  readonly #shorts = new Map<number, Int16Array[]>();
  readonly #floats = new Map<number, Float32Array[]>();

  takeShorts(length: number): Int16Array {
    return this.#shorts.get(length)?.pop() ?? new Int16Array(length);
  }

  takeFloats(length: number): Float32Array {
    return this.#floats.get(length)?.pop() ?? new Float32Array(length);
  }

  give(buffer: Int16Array | Float32Array): void {
    const spare: Map<number, (Int16Array | Float32Array)[]> = buffer instanceof Int16Array ? this.#shorts : this.#floats;
    const same = spare.get(buffer.length) ?? [];
    spare.set(buffer.length, same);
    if (same.length < 4) same.push(buffer);
  }
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
