/**
 * Audio in, step probabilities out. Calls and streams that wait at the same time and have the same shape become one
 * batch; whatever arrives while the device computes joins the next one, so nobody waits for a timer.
 */
import { stepSamples } from '../audio/format.ts';
import { DeviceLimitError, DeviceMemoryError, DisposedError, UndertoneError } from '../errors.ts';
import { platform } from '../platform/index.ts';
import type { Programs, RunShape } from './programs.ts';
import { StatsCounter } from './stats.ts';

/**
 * Step probabilities by model id, each [steps, labels]. Plain arrays: for so few numbers a typed one weighs twice as
 * much.
 */
export type StepProbabilities = Readonly<Record<string, readonly number[]>>;

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
  readonly resolve: (probabilities: Record<string, number[]>) => void;
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

export class Batcher {
  readonly #programs: Programs;
  readonly #stats: StatsCounter;
  readonly #buffers = new Buffers();
  /** The largest batch to try, by shape, where a larger one went beyond the device's limits. */
  readonly #fitting = new Map<string, number>();
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  readonly #running = new Set<Promise<void>>();
  #disposed = false;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(programs: Programs, stats = new StatsCounter()) {
    this.#programs = programs;
    this.#stats = stats;
  }

  /** Jobs that wait for a run. */
  get waiting(): number {
    return this.#queue.length + this.#waitingForRoom.length;
  }

  /** `ids`: sorted. `carried`: what another stream of the same models has carried so far. */
  openStream(ids: readonly string[], carried?: Float32Array): StreamState {
    return { ids, carried };
  }

  /** Numbers that a stream of these models carries. */
  stateLength(ids: readonly string[]): number {
    return this.#programs.stateLength(ids);
  }

  /**
   * Analyses whole steps of one chunk on its own, as if silence had gone before it. `pcm` int16 [steps * 1024]; `ids`
   * sorted.
   */
  async analyzeChunk(pcm: Int16Array, ids: readonly string[], signal?: AbortSignal): Promise<StepProbabilities> {
    const steps = pcm.length / stepSamples;
    if (steps > longestRun) return this.analyzeStream(pcm, this.openStream(ids), signal);
    return this.#enqueue(pcm, ids, chunkRuns.find((length) => length >= steps)!, undefined, signal);
  }

  /** Analyses the next whole steps of a stream and moves its state on. */
  async analyzeStream(pcm: Int16Array, stream: StreamState, signal?: AbortSignal): Promise<StepProbabilities> {
    const steps = pcm.length / stepSamples;
    const whole: Record<string, number[]> = {};
    for (let done = 0; done < steps; ) {
      const run = streamRuns.find((length) => length <= steps - done)!;
      const part = await this.#enqueue(
        pcm.subarray(done * stepSamples, (done + run) * stepSamples),
        stream.ids,
        run,
        stream,
        signal,
      );
      for (const id of stream.ids) {
        if (done === 0) whole[id] = part[id];
        else whole[id].push(...part[id]);
      }
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

  async #enqueue(
    pcm: Int16Array,
    ids: readonly string[],
    steps: number,
    stream: StreamState | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, number[]>> {
    while (this.#queue.length >= queueBound) await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
    if (this.#disposed) throw new DisposedError('the engine');
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      this.#queue.push({ ids, pcm, steps, stream, signal, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Whatever is thrown here rejects the calls that wait, and the next call begins anew. */
  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        // Lets every call of this turn of the event loop join, and others have their turn between two batches.
        await platform.nextTurn();
        if (this.#running.size >= this.#programs.parallel) await Promise.race(this.#running);
        const batch = this.#takeBatch();
        if (batch.length === 0) continue;
        const alone = this.#queue.length === 0 && this.#running.size === 0;
        const run = this.#run(batch, alone)
          .catch((error) => reject(batch, error))
          .finally(() => this.#running.delete(run));
        this.#running.add(run);
      }
    } catch (error) {
      reject(this.#queue.splice(0), error);
      for (const wake of this.#waitingForRoom.splice(0)) wake();
    } finally {
      this.#draining = undefined;
    }
  }

  /** The job that waited longest and those that can run with it: all, or where that is much work, a thread's share. */
  #takeBatch(): Job[] {
    const aborted = this.#queue.filter((job) => job.signal?.aborted);
    for (const job of aborted) job.reject(job.signal!.reason);
    const waiting = aborted.length > 0 ? this.#queue.filter((job) => !job.signal?.aborted) : this.#queue;
    const first = waiting[0];
    const idle = this.#programs.threads - this.#running.size;
    const shares = Math.min(idle, Math.floor((waiting.length * (first?.steps ?? 0)) / threadSteps));
    const largest = first ? Math.min(this.#largestBatch(first), Math.ceil(waiting.length / Math.max(shares, 1))) : 0;
    const batch: Job[] = [];
    const rest: Job[] = [];
    for (const job of waiting) {
      const fits =
        batch.length < largest &&
        job.steps === first.steps &&
        !job.stream === !first.stream &&
        sameIds(job.ids, first.ids);
      (fits ? batch : rest).push(job);
    }
    this.#queue = rest;
    for (const wake of this.#waitingForRoom.splice(0, queueBound - rest.length)) wake();
    return batch;
  }

  /**
   * Batches are powers of two, so that there are few programs: filled up where rows cost next to nothing, else cut; of
   * at most `bound` jobs, a power of two.
   */
  async #run(jobs: readonly Job[], alone: boolean, bound = Infinity): Promise<void> {
    const largest = Math.min(bound, this.#largestBatch(jobs[0]));
    const cut = jobs.length > largest || !this.#programs.batching.pad;
    const count = cut ? 2 ** Math.floor(Math.log2(Math.min(jobs.length, largest))) : jobs.length;
    if (count < jobs.length) {
      await this.#run(jobs.slice(0, count), alone, bound);
      return this.#run(jobs.slice(count), alone, bound);
    }
    const batch = 2 ** Math.ceil(Math.log2(count));
    const samples = jobs.reduce((sum, { pcm }) => sum + pcm.length, 0);
    const ended = this.#stats.runBegins(jobs[0].ids, jobs.length, samples / stepSamples);
    try {
      await this.#runBatch(jobs, batch, alone).finally(ended);
    } catch (error) {
      if (!(error instanceof DeviceLimitError) || batch === 1) return reject(jobs, error);
      // Memory may be free again later; a limit stays.
      if (!(error instanceof DeviceMemoryError)) this.#fitting.set(shapeOf(jobs[0]), batch / 2);
      await this.#run(jobs, alone, batch / 2);
    }
  }

  #largestBatch(job: Job): number {
    return this.#fitting.get(shapeOf(job)) ?? this.#programs.batching.largest;
  }

  async #runBatch(jobs: readonly Job[], batch: number, alone: boolean): Promise<void> {
    const { ids, steps, stream, pcm } = jobs[0];
    const shape = { ids, batch, steps };
    const samples = steps * stepSamples;
    const stateLength = stream ? this.#programs.stateLength(ids) : 0;
    if (batch === 1 && pcm.length === samples) {
      // Its audio is read, and its state moved on, where they lie.
      const state = stream && (stream.carried ??= new Float32Array(stateLength));
      answer(jobs, shape, await this.#programs.run(shape, pcm, state, alone));
      return;
    }
    const inputs = this.#buffers.takeShorts(batch * samples);
    const states = stream && this.#buffers.takeFloats(batch * stateLength);
    try {
      jobs.forEach((job, i) => {
        inputs.set(job.pcm, i * samples);
        inputs.fill(0, i * samples + job.pcm.length, (i + 1) * samples);
        const carried = job.stream?.carried;
        if (carried) states!.set(carried, i * stateLength);
        else states?.fill(0, i * stateLength, (i + 1) * stateLength);
      });
      inputs.fill(0, jobs.length * samples);
      states?.fill(0, jobs.length * stateLength);
      const outputs = await this.#programs.run(shape, inputs, states, alone);
      jobs.forEach((job, i) => {
        if (job.stream)
          (job.stream.carried ??= new Float32Array(stateLength)).set(
            states!.subarray(i * stateLength, (i + 1) * stateLength),
          );
      });
      answer(jobs, shape, outputs);
    } finally {
      this.#buffers.give(inputs);
      if (states) this.#buffers.give(states);
    }
  }
}

/** What a backend or the engine under it throws is told as an error of this library. */
function reject(jobs: readonly Job[], error: unknown): void {
  const own =
    error instanceof UndertoneError
      ? error
      : new UndertoneError(`the computation failed: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
  for (const job of jobs) job.reject(own);
}

/** Gives each job its rows of the outputs, which hold until the next run only. */
function answer(jobs: readonly Job[], { ids, batch, steps }: RunShape, outputs: readonly Float32Array[]): void {
  jobs.forEach((job, i) => {
    const own: Record<string, number[]> = {};
    ids.forEach((id, n) => {
      const row = outputs[n].length / batch;
      const used = (row / (steps * stepSamples)) * job.pcm.length;
      own[id] = numbersOf(outputs[n], i * row, i * row + used);
      checkProbabilities(id, own[id]);
    });
    job.resolve(own);
  });
}

/**
 * Buffers for inputs and states, used again by later runs of the same size, so that a stream makes next to no garbage.
 */
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
    const spare: Map<number, (Int16Array | Float32Array)[]> =
      buffer instanceof Int16Array ? this.#shorts : this.#floats;
    const same = spare.get(buffer.length) ?? [];
    spare.set(buffer.length, same);
    if (same.length < 4) same.push(buffer);
  }
}

/** How far rounding may take a probability out of [0, 1]. */
const slack = 1e-3;

function checkProbabilities(id: string, values: readonly number[]): void {
  for (const value of values)
    if (!(value >= -slack && value <= 1 + slack))
      throw new UndertoneError(`${id}.model: it gave ${value} where a probability must stand`);
}

/** As Array.from of a subarray, which would make an object of every number on the way. */
function numbersOf(values: Float32Array, from: number, to: number): number[] {
  const numbers = new Array<number>(to - from);
  for (let i = from; i < to; i++) numbers[i - from] = values[i];
  return numbers;
}

/** What programs differ by, apart from the batch. */
function shapeOf({ ids, steps, stream }: Job): string {
  return `${ids.join()} ${steps} ${stream ? 'stream' : 'chunk'}`;
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
