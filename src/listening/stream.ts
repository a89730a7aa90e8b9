/** A live stream that is pushed: write audio as it comes, read periods as they are complete. */
import {
  type AudioData,
  checkChannel,
  checkChannels,
  checkSampleRate,
  innerRate,
  stepMilliseconds,
} from '../audio/format.ts';
import { StreamInput } from '../audio/stream-input.ts';
import { UndertoneError } from '../errors.ts';
import type { StreamOptions } from './recording.ts';
import {
  checkSeriesOptions,
  type Ear,
  StepQueue,
  type StreamOverview,
  type StreamResult,
  stepsAtATime,
  Tracks,
} from './tracks.ts';

/** Steps that may wait to be analysed before `write` asks its caller to wait, 4 s: the next run's, while one is computed. */
const roomInSteps = stepsAtATime;
/** Steps that may wait at all: ten minutes. A caller that never waits is told so, rather than memory filled. */
const mostSteps = 600_000 / stepMilliseconds;
/** Results that may wait to be read; then the stream rests, and with it its writer. */
const roomInResults = 4096;
const resolved = Promise.resolve();

type SettledOptions = StreamOptions & { readonly sampleRate: number; readonly channels: number };

/** Resolves its waiters all at once, as often as it is rung. */
class Bell {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/**
 * One stream on an engine. Its queues are bounded: `write` waits while 4 s of audio are not analysed yet, and analysis
 * rests while 4096 results are not read. What goes wrong ends this stream only: the error comes from `write`, `end` and
 * the iteration.
 *
 *     const stream = await engine.openStream({ models, sampleRate: 8000 });
 *     socket.on('data', (bytes) => stream.write(bytes));
 *     socket.on('end', () => stream.end());
 *     for await (const { timestamp, results } of stream) console.log(timestamp, results);
 */
export class AnalysisStream implements AsyncIterable<StreamResult> {
  readonly #options: SettledOptions;
  readonly #newEar: () => Ear;
  readonly #queue = new StepQueue();
  readonly #change = new Bell();
  readonly #onAbort = () => this.#fail(this.#options.signal!.reason);
  #input: StreamInput;
  #tracks: Tracks;
  #results: StreamResult[] = [];
  #state: 'open' | 'ending' | 'done' | 'failed' = 'open';
  #error: unknown;
  #working = false;
  #resetting = false;

  private constructor(options: SettledOptions, input: StreamInput, newEar: () => Ear) {
    this.#options = options;
    this.#newEar = newEar;
    this.#input = input;
    this.#tracks = new Tracks(input.heard, options, newEar);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** @throws ArgumentError, UnknownModelError, the signal's reason */
  static async open(options: StreamOptions, newEar: () => Ear): Promise<AnalysisStream> {
    checkSeriesOptions(options);
    newEar();
    options.signal?.throwIfAborted();
    const sampleRate = checkSampleRate(options.sampleRate ?? innerRate);
    const channels = checkChannels(options.channels ?? 1);
    if (options.channel !== undefined) checkChannel(options.channel, channels);
    const settled = { ...options, sampleRate, channels };
    return new AnalysisStream(settled, await StreamInput.open(settled), newEar);
  }

  /**
   * Takes a chunk of any size and gives a promise that resolves when there is room for more. The chunk is copied before
   * `write` returns. Audio is heard in the order of the calls, whether they are waited for or not.
   * @throws ArgumentError for bad audio; an error if ten minutes of audio wait because no promise was waited for
   */
  write(data: AudioData): Promise<void> {
    try {
      this.#take(data);
    } catch (error) {
      return heldBack(Promise.reject(error));
    }
    return this.#state === 'open' && this.#queue.steps <= roomInSteps ? resolved : heldBack(this.#room());
  }

  /** The end of the audio. Resolves when all of it is analysed and the last, partial period is given. */
  end(): Promise<void> {
    return heldBack(this.#end());
  }

  #take(data: AudioData): void {
    this.#mustTakeAudio('write');
    try {
      for (const block of this.#input.push(data)) this.#queue.push(block);
      if (this.#queue.steps > mostSteps) {
        throw new UndertoneError(
          `write: ${Math.round((this.#queue.steps * stepMilliseconds) / 1000)} s of audio wait to be analysed; wait for the promise that write gives`,
        );
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    void this.#work();
  }

  async #room(): Promise<void> {
    while (this.#state === 'open' && this.#queue.steps > roomInSteps) await this.#change.wait();
    if (this.#state === 'failed') throw this.#error;
  }

  async #end(): Promise<void> {
    if (this.#resetting) throw new UndertoneError('end: a reset is under way; wait for it');
    if (this.#state === 'open') {
      this.#state = 'ending';
      this.#queue.push(this.#input.finish());
      void this.#work();
    }
    while (this.#state === 'ending') await this.#change.wait();
    if (this.#state === 'failed') throw this.#error;
  }

  /** Hears out what was written, gives its last, partial period, and starts anew: silence before, timestamps from 0. */
  async reset(): Promise<void> {
    this.#mustTakeAudio('reset');
    this.#resetting = true;
    try {
      this.#queue.push(this.#input.finish());
      void this.#work();
      while (this.#working) await this.#change.wait();
      if (this.#state === 'failed') throw this.#error;
      this.#results.push(...this.#tracks.finish());
      const input = await StreamInput.open(this.#options);
      this.#input = input;
      this.#tracks = new Tracks(input.heard, this.#options, this.#newEar);
    } finally {
      this.#resetting = false;
      this.#change.ring();
    }
  }

  /** Ends the stream at once and drops what waits; iterations end. Needed only for a stream that is left before its end. */
  cancel(): void {
    if (this.#state === 'done' || this.#state === 'failed') return;
    this.#queue.clear();
    this.#results = [];
    this.#close('done');
  }

  /** Summary and transitions of what was analysed so far, by channel, where they were asked for. */
  overview(): StreamOverview {
    return this.#tracks.overview();
  }

  /** The results in order, each once. Leaving the loop early cancels the stream. */
  [Symbol.asyncIterator](): AsyncIterator<StreamResult, StreamOverview> {
    return {
      next: async () => {
        const value = await this.#next();
        return value ? { done: false, value } : { done: true, value: this.overview() };
      },
      return: async () => {
        this.cancel();
        return { done: true, value: this.overview() };
      },
    };
  }

  /** The stream as a pair for `pipeThrough`: audio in, results out. */
  asTransform(): { readonly writable: WritableStream<AudioData>; readonly readable: ReadableStream<StreamResult> } {
    const writable = new WritableStream<AudioData>({
      write: (chunk) => this.write(chunk),
      close: () => this.end(),
      abort: (reason) => this.#fail(reason),
    });
    const readable = new ReadableStream<StreamResult>({
      pull: async (controller) => {
        const value = await this.#next();
        if (value) controller.enqueue(value);
        else controller.close();
      },
      cancel: () => this.cancel(),
    });
    return { writable, readable };
  }

  async #next(): Promise<StreamResult | undefined> {
    while (this.#results.length === 0 && (this.#state === 'open' || this.#state === 'ending'))
      await this.#change.wait();
    const result = this.#results.shift();
    if (result) {
      if (this.#results.length === roomInResults - 1) this.#change.ring();
      return result;
    }
    if (this.#state === 'failed') throw this.#error;
    return undefined;
  }

  /** Hears what waits, one stretch after the other; only one such loop runs. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#alive() && this.#queue.steps > 0) {
        if (this.#results.length >= roomInResults) {
          await this.#change.wait();
          continue;
        }
        const results = await this.#tracks.hear(this.#queue.take(), this.#options.signal);
        if (!this.#alive()) return;
        this.#results.push(...results);
        this.#change.ring();
      }
      if (this.#state === 'ending') {
        this.#results.push(...this.#tracks.finish());
        this.#close('done');
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#working = false;
      this.#change.ring();
    }
  }

  #alive(): boolean {
    return this.#state === 'open' || this.#state === 'ending';
  }

  #mustTakeAudio(call: string): void {
    if (this.#state === 'failed') throw this.#error;
    if (this.#state !== 'open') throw new UndertoneError(`${call}: the stream has ended`);
    if (this.#resetting) throw new UndertoneError(`${call}: a reset is under way; wait for it`);
  }

  #fail(error: unknown): void {
    if (!this.#alive()) return;
    this.#error = error;
    this.#queue.clear();
    this.#close('failed');
  }

  #close(state: 'done' | 'failed'): void {
    this.#state = state;
    this.#input.free();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#change.ring();
  }
}

/** A caller may leave the promise alone: its error also comes out of the iteration, and must not end the process. */
function heldBack(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
