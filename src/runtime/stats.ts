/** What an engine has done and is doing, for those who watch a service. */
import { stepMilliseconds } from '../audio/format.ts';
import { platform } from '../platform/index.ts';

export interface EngineStats {
  /** Live streams that have not ended. */
  readonly streamsOpen: number;
  /** Pieces of audio that wait for a run: at most 64 steps each. */
  readonly jobsWaiting: number;
  /** Runs that compute now. */
  readonly runsUnderWay: number;
  readonly batches: {
    /** Runs so far. */
    readonly count: number;
    /** Jobs by run: how many runs had so many. */
    readonly sizes: Readonly<Record<number, number>>;
    readonly meanSize: number;
  };
  /** Seconds of audio analysed so far, of all channels and calls. */
  readonly audioSeconds: number;
  /** Seconds of audio for a second in which something was computed; 0 before the first. */
  readonly realTimeFactor: number;
  /** How often `write` of a stream made its caller wait. */
  readonly writeWaits: number;
  /** Calls and streams that ended with an error, by its name; a signal's reason is counted as `AbortError`. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Published after each run on the diagnostics channel `undertone:run`. */
export interface RunMessage {
  readonly models: readonly string[];
  readonly jobs: number;
  /** Steps of 64 ms of all jobs together. */
  readonly steps: number;
  readonly milliseconds: number;
}

/** Published on the diagnostics channel `undertone:error`, with the error itself. */
export interface ErrorMessage {
  readonly error: unknown;
}

export class StatsCounter {
  readonly #runs = platform.diagnostics('undertone:run');
  readonly #faults = platform.diagnostics('undertone:error');
  readonly #sizes = new Map<number, number>();
  readonly #errors = new Map<string, number>();
  #steps = 0;
  #streamsOpen = 0;
  #writeWaits = 0;
  #runsUnderWay = 0;
  #busySince = 0;
  #busyMilliseconds = 0;

  streamOpened(): void {
    this.#streamsOpen++;
  }

  streamEnded(): void {
    this.#streamsOpen--;
  }

  writeWaited(): void {
    this.#writeWaits++;
  }

  failed(error: unknown): void {
    const name = error instanceof Error ? error.name : 'AbortError';
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
    if (this.#faults.hasSubscribers) this.#faults.publish({ error } satisfies ErrorMessage);
  }

  /** A run begins; call what it gives when it has ended. `steps`: of all jobs together. */
  runBegins(models: readonly string[], jobs: number, steps: number): () => void {
    const began = performance.now();
    if (this.#runsUnderWay++ === 0) this.#busySince = began;
    return () => {
      const ended = performance.now();
      if (--this.#runsUnderWay === 0) this.#busyMilliseconds += ended - this.#busySince;
      this.#sizes.set(jobs, (this.#sizes.get(jobs) ?? 0) + 1);
      this.#steps += steps;
      if (this.#runs.hasSubscribers)
        this.#runs.publish({ models, jobs, steps, milliseconds: ended - began } satisfies RunMessage);
    };
  }

  snapshot(jobsWaiting: number): EngineStats {
    const count = [...this.#sizes.values()].reduce((a, b) => a + b, 0);
    const jobs = [...this.#sizes].reduce((sum, [size, times]) => sum + size * times, 0);
    const busy = this.#busyMilliseconds + (this.#runsUnderWay > 0 ? performance.now() - this.#busySince : 0);
    const audioSeconds = (this.#steps * stepMilliseconds) / 1000;
    return {
      streamsOpen: this.#streamsOpen,
      jobsWaiting,
      runsUnderWay: this.#runsUnderWay,
      batches: { count, sizes: Object.fromEntries(this.#sizes), meanSize: count > 0 ? jobs / count : 0 },
      audioSeconds,
      realTimeFactor: busy > 0 ? audioSeconds / (busy / 1000) : 0,
      writeWaits: this.#writeWaits,
      errors: Object.fromEntries(this.#errors),
    };
  }
}
