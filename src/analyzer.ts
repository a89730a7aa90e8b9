/**
 * Audio in, step probabilities out. Calls and streams that wait at the same time and have the same shape become one
 * batch; whatever arrives while the device computes joins the next one, so nobody waits for a timer.
 */
import { stepSamples } from './audio/format.ts';
import type { Backend, Batching, Program } from './backends/backend.ts';
import { DeviceLimitError, DisposedError } from './errors.ts';
import type { Model } from './models/model.ts';
import { Programs } from './programs.ts';

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
/** Jobs that may wait; further callers wait for room. */
const queueBound = 8192;

export class Analyzer {
  readonly #programs: Programs;
  readonly #models: ReadonlyMap<string, Model>;
  readonly #batching: Batching;
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  #disposed = false;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(backend: Backend, models: ReadonlyMap<string, Model>) {
    this.#programs = new Programs(backend, models);
    this.#models = models;
    this.#batching = backend.batching ?? { largest: 16, pad: false };
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

  /** Calls that wait are refused; what is computing still gets its answer, and is waited for. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const job of this.#queue.splice(0)) job.reject(new DisposedError('the engine'));
    for (const wake of this.#waitingForRoom.splice(0)) wake();
    await this.#draining;
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
      const batch = this.#takeBatch();
      if (batch.length > 0) await this.#run(batch);
    }
    this.#draining = undefined;
  }

  /** The job that waited longest and all that can run with it. */
  #takeBatch(): Job[] {
    const aborted = this.#queue.filter((job) => job.signal?.aborted);
    for (const job of aborted) job.reject(job.signal!.reason);
    const waiting = aborted.length > 0 ? this.#queue.filter((job) => !job.signal?.aborted) : this.#queue;
    const first = waiting[0];
    const batch: Job[] = [];
    const rest: Job[] = [];
    for (const job of waiting) {
      const fits = batch.length < this.#batching.largest && job.steps === first!.steps && !job.stream === !first!.stream && sameIds(job.ids, first!.ids);
      (fits ? batch : rest).push(job);
    }
    this.#queue = rest;
    for (const wake of this.#waitingForRoom.splice(0, queueBound - rest.length)) wake();
    return batch;
  }

  async #run(jobs: readonly Job[]): Promise<void> {
    const { pad } = this.#batching;
    const largestPower = 2 ** Math.floor(Math.log2(jobs.length));
    // A batch is a power of two, so that there are few programs: filled up where rows cost next to nothing, else cut.
    if (!pad && largestPower < jobs.length) {
      await this.#run(jobs.slice(0, largestPower));
      return this.#run(jobs.slice(largestPower));
    }
    const size = largestPower < jobs.length ? largestPower * 2 : largestPower;
    try {
      const program = await this.#programs.get(jobs[0]!.ids, size, jobs[0]!.steps);
      await this.#runOn(program, jobs);
    } catch (error) {
      if (!(error instanceof DeviceLimitError) || jobs.length === 1) {
        for (const job of jobs) job.reject(error);
        return;
      }
      const half = Math.ceil(jobs.length / 2);
      await this.#run(jobs.slice(0, half));
      await this.#run(jobs.slice(half));
    }
  }

  async #runOn(program: Program, jobs: readonly Job[]): Promise<void> {
    const { ids, steps, stream } = jobs[0]!;
    const { batch, stateLength } = program.plan;
    const pcm = new Int16Array(batch * steps * stepSamples);
    jobs.forEach((job, i) => pcm.set(job.pcm, i * steps * stepSamples));
    const state = stream ? new Float32Array(batch * stateLength) : undefined;
    if (state) jobs.forEach(({ stream }, i) => stream!.carried && state.set(stream!.carried, i * stateLength));

    const outputs = await program.run([pcm], state);
    jobs.forEach((job, i) => {
      if (job.stream) job.stream.carried = state!.slice(i * stateLength, (i + 1) * stateLength);
      const own = ids.map((id, n) => {
        const size = outputs[n]!.length / batch;
        return [id, outputs[n]!.slice(i * size, (i + 1) * size)] as const;
      });
      job.resolve(Object.fromEntries(own));
    });
  }
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
