/** One direction of sound in a call: audio in, periods out, as the engine gets to them. */
import type { AnalysisStream, Engine, StreamResult } from 'undertone';
import { type Asked, layoutOf, secondsOf, seriesOptions } from '../analysis.ts';
import type { Metrics } from '../metrics.ts';

export interface LineEvents {
  onResult(period: StreamResult): void;
  onError(error: unknown): void;
  /** Audio that was no audio: it was left out or counted as silence, and the line goes on. */
  onWarning(error: unknown): void;
  /** More audio waits than should; false when there is room again. */
  onFull(full: boolean): void;
}

/** Audio that may wait before the socket is asked to rest. */
const roomSeconds = 2;
/**
 * Packets of 20 ms are put together to stretches of at most this length: a stretch costs the engine little more than a
 * packet, and with 500 calls one of a second took a tenth less time than one of a quarter. No answer waits for it,
 * since a stretch ends where a period does.
 */
const longestStretch = 1.024;
/** What the resampler holds back, 8 ms at most: the last step of a period needs so much audio behind it. */
const behind = 0.009;
/** A period may be complete with less; its end waits so long for more, in ms. */
const patience = 15;

export class Line {
  readonly #stream: AnalysisStream;
  readonly #metrics: Metrics;
  readonly #events: LineEvents;
  readonly #periodSeconds: number;
  /** When the audio of each period that is not answered yet was complete. */
  readonly #complete: number[] = [];
  /** Channels that are answered for, each with a result a period. */
  readonly #answers: number;
  readonly #reading: Promise<void>;
  readonly #bytesOfSecond: number;
  readonly #stretchSeconds: number;
  readonly #stretch: Buffer;
  #filled = 0;
  /** Stretches that are over. */
  #stretches = 0;
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #seconds = 0;
  #periods = 0;
  #answered = 0;
  #waiting = 0;
  #full = false;
  #cancelled = false;

  private constructor(stream: AnalysisStream, asked: Asked, metrics: Metrics, events: LineEvents) {
    this.#stream = stream;
    this.#metrics = metrics;
    this.#events = events;
    this.#periodSeconds = (asked.output_period ?? 1024) / 1000;
    this.#answers = asked.channel === undefined ? (asked.channels ?? 1) : 1;
    this.#stretchSeconds = this.#periodSeconds / Math.ceil(this.#periodSeconds / longestStretch);
    this.#bytesOfSecond = 1 / secondsOf(1, asked);
    const most = (this.#stretchSeconds + behind) * this.#bytesOfSecond;
    this.#stretch = Buffer.allocUnsafe(Math.ceil(most) + 1024);
    this.#reading = this.#read();
  }

  /**
   * A new line, or one that goes on from a snapshot.
   * @throws UndertoneError for what was asked, or a snapshot of something else
   */
  static async open(
    engine: Engine,
    asked: Asked,
    metrics: Metrics,
    events: LineEvents,
    resume?: Uint8Array,
  ): Promise<Line> {
    const { onWarning } = events;
    const options = { ...seriesOptions(asked), ...layoutOf(asked), onWarning };
    const stream = await engine.openStream(resume ? { ...options, resume } : options);
    return new Line(stream, asked, metrics, events);
  }

  get stream(): AnalysisStream {
    return this.#stream;
  }

  /** Bytes of audio written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Seconds of audio written, or left out, so far. */
  get seconds(): number {
    return this.#seconds;
  }

  write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#seconds += bytes.length / this.#bytesOfSecond;
    this.#countPeriods();
    if (this.#filled + bytes.length > this.#stretch.length) this.#flush();
    if (bytes.length > this.#stretch.length) {
      this.#pass(bytes);
    } else {
      this.#stretch.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
    const beyond = this.#seconds - (this.#stretches + 1) * this.#stretchSeconds;
    if (beyond >= behind) {
      this.#flush();
      this.#stretches = Math.floor((this.#seconds - behind) / this.#stretchSeconds);
    } else if (beyond >= 0) {
      // What comes next may still be needed, so that this stretch is not over yet.
      this.#timer ??= setTimeout(() => this.#flush(), patience);
    }
  }

  /** Time in which nothing came. */
  skip(milliseconds: number): void {
    this.#flush();
    this.#seconds += milliseconds / 1000;
    this.#countPeriods();
    this.#stretches = Math.floor(this.#seconds / this.#stretchSeconds);
    this.#take(milliseconds / 1000, this.#stream.skip(milliseconds));
  }

  /** The state of the line once all that was written is answered. */
  async snapshot(): Promise<Uint8Array> {
    this.#flush();
    const bytes = await this.#stream.snapshot();
    // The reader takes its results in microtasks: they are told before what comes now.
    await new Promise((resolve) => setImmediate(resolve));
    return bytes;
  }

  /** No more audio comes: resolves when all results are told. */
  async finish(): Promise<void> {
    this.#flush();
    await this.#stream.end();
    await this.#reading;
  }

  cancel(): void {
    this.#cancelled = true;
    clearTimeout(this.#timer);
    this.#stream.cancel();
  }

  async #read(): Promise<void> {
    try {
      for await (const period of this.#stream) {
        if (this.#cancelled) return;
        this.#measure();
        this.#events.onResult(period);
      }
    } catch (error) {
      if (!this.#cancelled) this.#events.onError(error);
    }
  }

  /** Hands the stretch to the engine. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#filled === 0) return;
    const filled = this.#stretch.subarray(0, this.#filled);
    this.#filled = 0;
    // The engine copies what it is given before `write` returns.
    this.#pass(filled);
  }

  #pass(bytes: Uint8Array): void {
    const seconds = bytes.length / this.#bytesOfSecond;
    this.#metrics.audioSeconds.inc({ source: 'call' }, seconds * this.#answers);
    this.#take(seconds, this.#stream.write(bytes));
  }

  /** Audio on its way: the socket rests while more than a second of it waits. */
  #take(seconds: number, room: Promise<void>): void {
    this.#waiting += seconds;
    const taken = () => {
      this.#waiting -= seconds;
      if (this.#full && this.#waiting < roomSeconds / 2) this.#setFull(false);
    };
    room.then(taken, (error) => {
      taken();
      if (!this.#cancelled) this.#events.onWarning(error);
    });
    if (!this.#full && this.#waiting > roomSeconds) this.#setFull(true);
  }

  #countPeriods(): void {
    for (; (this.#periods + 1) * this.#periodSeconds <= this.#seconds + 1e-9; this.#periods++) {
      this.#complete.push(performance.now());
    }
  }

  #measure(): void {
    if (++this.#answered % this.#answers !== 0) return;
    const complete = this.#complete.shift();
    if (complete !== undefined) this.#metrics.periodSeconds.observe((performance.now() - complete) / 1000);
  }

  #setFull(full: boolean): void {
    this.#full = full;
    if (full) this.#metrics.pauses.inc();
    this.#events.onFull(full);
  }
}
