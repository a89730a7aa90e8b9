/** A live stream that is pushed: write audio as it comes, read periods as they are complete. */
import type { Models } from '../answers/by-model.ts';
import { type AudioData, stepMilliseconds, stepSamples } from '../audio/format.ts';
import { inSlices, turnHasTime } from '../audio/slices.ts';
import { channelsHeard, framesAtATime, type StreamInput } from '../audio/stream-input.ts';
import { ArgumentError, describe, UndertoneError } from '../errors.ts';
import type { StreamSettings } from '../options.ts';
import { onAbort } from './abort.ts';
import type { Listener } from './listener.ts';
import { openInput, type StreamStats } from './live-input.ts';
import { snapshotOf, stateOf } from './snapshot.ts';
import { StepQueue, stepsAtATime } from './step-queue.ts';
import { type StreamOverview, type StreamResult, Tracks } from './tracks.ts';
import { Bell, heldBack } from './waiting.ts';

/** Steps that may wait before `write` asks its caller to wait, 4 s: those of the next run while one is computed. */
const roomInSteps = stepsAtATime;
/** Steps that may wait when more is written: ten minutes. A caller that never waits is refused then. */
const mostSteps = 600_000 / stepMilliseconds;
/** Results that may wait to be read; then the stream rests, and with it its writer. */
const roomInResults = 4096;
/** Longest time that may be skipped in one call, in ms: a day. */
const longestSkip = 86_400_000;
const resolved = Promise.resolve();

/** Audio that is not turned into steps yet. */
interface Unconverted {
  readonly blocks: Iterator<readonly Int16Array[]>;
  /** Steps that it makes, and has not made so far. */
  steps: number;
  done: boolean;
  error?: unknown;
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
export class AnalysisStream<M extends Models = Models> implements AsyncIterable<StreamResult<M>> {
  readonly #settings: StreamSettings;
  readonly #stats: StreamStats;
  readonly #newListener: () => Listener;
  readonly #queue = new StepQueue();
  readonly #change = new Bell();
  readonly #forgetSignal: () => void;
  #input: StreamInput;
  #tracks: Tracks;
  #unconverted: Unconverted[] = [];
  #unconvertedSteps = 0;
  #results: StreamResult[] = [];
  #state: 'open' | 'ending' | 'done' | 'failed' = 'open';
  #error: unknown;
  #working = false;
  #resetting = false;
  /** Calls that wait until all that was written is analysed: then unread results do not hold it up. */
  #settling = 0;

  private constructor(
    settings: StreamSettings,
    input: StreamInput,
    tracks: Tracks,
    newListener: () => Listener,
    stats: StreamStats,
  ) {
    this.#stats = stats;
    stats.streamOpened();
    this.#settings = settings;
    this.#newListener = newListener;
    this.#input = input;
    this.#tracks = tracks;
    this.#forgetSignal = onAbort(settings.signal, () => this.#fail(settings.signal?.reason));
  }

  /** @internal `Engine.openStream` calls it. @throws ArgumentError, the signal's reason */
  static async open<M extends Models = Models>(
    settings: StreamSettings,
    newListener: () => Listener,
    stats: StreamStats,
  ): Promise<AnalysisStream<M>> {
    settings.signal?.throwIfAborted();
    const tracks = new Tracks(channelsHeard(settings.channel, settings.channels), settings, newListener);
    const state = settings.resume === undefined ? undefined : stateOf(settings, tracks.models);
    const input = await openInput(settings, { resumable: true }, state?.input);
    if (state) tracks.restore(state.tracks);
    return new AnalysisStream<M>(settings, input, tracks, newListener, stats);
  }

  /**
   * Takes a chunk of any size and gives a promise that resolves when there is room for more. The chunk is copied before
   * `write` returns. Audio is heard in the order of the calls, whether they are waited for or not. A chunk that is
   * refused is left out, and the stream goes on.
   * @throws ArgumentError for bad audio; an error if ten minutes of audio wait because no promise was waited for
   */
  write(data: AudioData): Promise<void> {
    try {
      this.#mustTakeAudio('write');
      this.#mustHaveRoom('write');
      const samples = this.#input.take(data);
      const frames = samples.length / this.#settings.channels;
      const shared = ArrayBuffer.isView(data) ? samples.buffer === data.buffer : samples.buffer === data;
      const isLong = frames > framesAtATime;
      if (!isLong && this.#unconverted.length === 0 && turnHasTime())
        return this.#queueAll(this.#input.convert(samples));
      return this.#convertLater(this.#input, frames, shared ? samples.slice() : samples);
    } catch (error) {
      return heldBack(Promise.reject(error));
    }
  }

  /**
   * Time in which nothing arrived, such as a lost packet or a muted caller, in ms: it counts as silence, so that later
   * timestamps stay true. A sample or frame that the last chunk began is dropped. Waits for room as `write` does.
   * @throws ArgumentError, errors as `write`
   */
  skip(milliseconds: number): Promise<void> {
    try {
      if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && milliseconds <= longestSkip))
        throw new ArgumentError('milliseconds', describe(milliseconds), `a number from 0 to ${longestSkip} (a day)`);
      this.#mustTakeAudio('skip');
      this.#mustHaveRoom('skip');
      const silence = this.#input.skip(milliseconds);
      return this.#later(silence[Symbol.iterator](), milliseconds / stepMilliseconds);
    } catch (error) {
      return heldBack(Promise.reject(error));
    }
  }

  /** The end of the audio. Resolves when all of it is analysed and the last, partial period is given, read or not. */
  end(): Promise<void> {
    return heldBack(this.#end());
  }

  #queueAll(blocks: Iterable<readonly Int16Array[]>): Promise<void> {
    for (const block of blocks) this.#queue.push(block);
    void this.#work();
    return this.#state === 'open' && this.#waitingSteps <= roomInSteps ? resolved : heldBack(this.#room());
  }

  #convertLater(input: StreamInput, frames: number, samples: Parameters<StreamInput['convert']>[0]): Promise<void> {
    const blocks = (function* () {
      yield* input.convert(samples);
    })();
    return this.#later(blocks, (frames / this.#settings.sampleRate / stepMilliseconds) * 1000);
  }

  #later(blocks: Iterator<readonly Int16Array[]>, steps: number): Promise<void> {
    const audio: Unconverted = { blocks, steps, done: false };
    this.#unconverted.push(audio);
    this.#unconvertedSteps += steps;
    void this.#work();
    return heldBack(this.#room(audio));
  }

  get #waitingSteps(): number {
    return this.#queue.steps + this.#unconvertedSteps;
  }

  #mustHaveRoom(call: string): void {
    if (this.#waitingSteps <= mostSteps) return;
    const seconds = Math.round((this.#waitingSteps * stepMilliseconds) / 1000);
    throw new UndertoneError(
      `${call}: ${seconds} s of audio wait to be analysed; wait for the promise that ${call} gives`,
    );
  }

  /** Until there is room for more, and until `audio` is converted or refused. */
  async #room(audio?: Unconverted): Promise<void> {
    const mustWait = () => this.#state === 'open' && (audio?.done === false || this.#waitingSteps > roomInSteps);
    if (mustWait()) this.#stats.writeWaited();
    while (mustWait()) await this.#change.wait();
    if (audio?.error !== undefined) throw audio.error;
    if (this.#state === 'failed') throw this.#error;
  }

  async #end(): Promise<void> {
    if (this.#resetting) throw new UndertoneError('end: a reset is under way; wait for it');
    if (this.#state === 'open') this.#beginEnd();
    while (this.#state === 'ending') await this.#change.wait();
    if (this.#state === 'failed') throw this.#error;
  }

  #beginEnd(): void {
    this.#state = 'ending';
    this.#finishInput();
    this.#change.ring();
  }

  /** What the resampler holds back, behind all that waits. */
  #finishInput(): void {
    const input = this.#input;
    const blocks = (function* () {
      yield input.finish();
    })();
    void this.#later(blocks, 0);
  }

  /** Hears out what was written, gives its last, partial period, and starts anew: silence before, timestamps from 0. */
  async reset(): Promise<void> {
    this.#mustTakeAudio('reset');
    this.#resetting = true;
    try {
      this.#finishInput();
      await this.#settled();
      this.#results.push(...this.#tracks.finish());
      const input = await openInput(this.#settings, { resumable: true });
      this.#input = input;
      this.#tracks = new Tracks(input.heard, this.#settings, this.#newListener);
    } finally {
      this.#resetting = false;
      this.#change.ring();
    }
  }

  /**
   * The stream's state as bytes, once all that was written is analysed: `openStream({ resume: bytes })` goes on from
   * it, here or in another process, and gives what this stream would. Results that were not read stay here. What is
   * written until the promise resolves is part of it.
   */
  async snapshot(): Promise<Uint8Array> {
    this.#mustTakeAudio('snapshot');
    await this.#settled();
    this.#mustTakeAudio('snapshot');
    const { models } = this.#tracks;
    return snapshotOf(this.#settings, models, { input: this.#input.state(), tracks: this.#tracks.state() });
  }

  /** Until nothing waits to be analysed. */
  async #settled(): Promise<void> {
    this.#settling++;
    this.#change.ring();
    try {
      while (this.#working && this.#alive()) await this.#change.wait();
    } finally {
      this.#settling--;
    }
    if (this.#state === 'failed') throw this.#error;
  }

  /**
   * Ends the stream at once and drops what waits; iterations end. Needed only for a stream that is left before its end.
   */
  cancel(): void {
    if (this.#state === 'done' || this.#state === 'failed') return;
    this.#results = [];
    this.#close('done');
  }

  /** Summary and transitions of what was analysed so far, by channel, where they were asked for. */
  overview(): StreamOverview<M> {
    return this.#tracks.overview() as StreamOverview<M>;
  }

  /** The results in order, each once. Leaving the loop early cancels the stream. */
  [Symbol.asyncIterator](): AsyncIterator<StreamResult<M>, StreamOverview<M>> {
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
  asTransform(): { readonly writable: WritableStream<AudioData>; readonly readable: ReadableStream<StreamResult<M>> } {
    const writable = new WritableStream<AudioData>({
      write: (chunk) => this.write(chunk).catch((error) => this.#endWith(error)),
      close: () => this.end(),
      abort: (reason) => this.#fail(reason),
    });
    const readable = new ReadableStream<StreamResult<M>>({
      pull: async (controller) => {
        const value = await this.#next();
        if (value) controller.enqueue(value);
        else controller.close();
      },
      cancel: () => this.cancel(),
    });
    return { writable, readable };
  }

  async #next(): Promise<StreamResult<M> | undefined> {
    while (this.#results.length === 0 && (this.#state === 'open' || this.#state === 'ending'))
      await this.#change.wait();
    const result = this.#results.shift();
    if (result) {
      if (this.#results.length === roomInResults - 1) this.#change.ring();
      return result as StreamResult<M>;
    }
    if (this.#state === 'failed') throw this.#error;
    return undefined;
  }

  /** Hears what waits, one stretch after the other; only one such loop runs. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#alive() && this.#waits()) {
        if (this.#results.length >= roomInResults && this.#state === 'open' && this.#settling === 0) {
          await this.#change.wait();
          continue;
        }
        if (this.#unconverted.length > 0 && this.#queue.steps < stepsAtATime) {
          await this.#convert(this.#unconverted[0]);
          continue;
        }
        const results = await this.#tracks.hear(this.#queue.take(), this.#settings.signal);
        if (!this.#alive()) return;
        this.#results.push(...results);
        this.#change.ring();
      }
      if (this.#state === 'ending') {
        this.#results.push(...this.#tracks.finish());
        this.#close(this.#error === undefined ? 'done' : 'failed');
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#working = false;
      this.#change.ring();
    }
  }

  #waits(): boolean {
    return this.#queue.steps > 0 || this.#unconverted.length > 0;
  }

  /** The next block of what is not converted yet. What is wrong with it concerns its writer only. */
  async #convert(audio: Unconverted): Promise<void> {
    try {
      const next = await inSlices({ next: () => ({ done: true, value: audio.blocks.next() }) });
      if (!this.#alive()) return;
      if (!next.done) {
        this.#queue.push(next.value);
        const steps = Math.min(audio.steps, next.value[0].length / stepSamples);
        audio.steps -= steps;
        this.#unconvertedSteps -= steps;
        return;
      }
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      audio.error = error;
    }
    audio.done = true;
    this.#unconverted.shift();
    this.#unconvertedSteps = this.#unconverted.length === 0 ? 0 : this.#unconvertedSteps - audio.steps;
    this.#change.ring();
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
    this.#close('failed');
  }

  /** An error behind all that was written before: the writer of a pipe is not asked again. */
  async #endWith(error: unknown): Promise<void> {
    if (this.#state === 'open') {
      this.#error = error;
      this.#beginEnd();
    }
    await this.#end();
  }

  #close(state: 'done' | 'failed'): void {
    this.#state = state;
    this.#stats.streamEnded();
    if (state === 'failed') this.#stats.failed(this.#error);
    this.#queue.clear();
    for (const audio of this.#unconverted.splice(0)) audio.done = true;
    this.#unconvertedSteps = 0;
    this.#input.free();
    this.#forgetSignal();
    this.#change.ring();
  }
}
