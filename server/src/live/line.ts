/** One direction of sound in a call: audio in, periods out, as the engine gets to them. */
import type { AnalysisStream, Engine, StreamResult } from 'undertone';
import { type Asked, rateOf, secondsOf, seriesOptions } from '../analysis.ts';
import { samplesOf } from '../encodings.ts';
import type { Metrics } from '../metrics.ts';

export interface LineEvents {
  onResult(period: StreamResult): void;
  onError(error: unknown): void;
  /** More audio waits than should; false when there is room again. */
  onFull(full: boolean): void;
}

/** Audio that may wait before the socket is asked to rest. */
const roomSeconds = 1;

export class Line {
  readonly #stream: AnalysisStream;
  readonly #asked: Asked;
  readonly #metrics: Metrics;
  readonly #events: LineEvents;
  readonly #periodSeconds: number;
  /** When the audio of each period that is not answered yet was complete. */
  readonly #complete: number[] = [];
  /** Channels that are answered for, each with a result a period. */
  readonly #answers: number;
  readonly #reading: Promise<void>;
  #seconds = 0;
  #periods = 0;
  #answered = 0;
  #waiting = 0;
  #full = false;
  #cancelled = false;

  private constructor(stream: AnalysisStream, asked: Asked, metrics: Metrics, events: LineEvents) {
    this.#stream = stream;
    this.#asked = asked;
    this.#metrics = metrics;
    this.#events = events;
    this.#periodSeconds = (asked.output_period ?? 1024) / 1000;
    this.#answers = asked.channel === undefined ? (asked.channels ?? 1) : 1;
    this.#reading = this.#read();
  }

  /** @throws UndertoneError for what was asked */
  static async open(engine: Engine, asked: Asked, metrics: Metrics, events: LineEvents): Promise<Line> {
    const stream = await engine.openStream({
      ...seriesOptions(asked),
      sampleRate: rateOf(asked),
      channels: asked.channels ?? 1,
    });
    return new Line(stream, asked, metrics, events);
  }

  get stream(): AnalysisStream {
    return this.#stream;
  }

  /** Seconds of audio written so far. */
  get seconds(): number {
    return this.#seconds;
  }

  /** @throws UndertoneError for audio that is none */
  write(bytes: Uint8Array): void {
    const seconds = secondsOf(bytes.length, this.#asked);
    this.#waiting += seconds;
    const room = this.#stream.write(samplesOf(bytes, this.#asked.encoding ?? 's16le'));
    this.#seconds += seconds;
    this.#metrics.audioSeconds.inc({ source: 'call' }, seconds * this.#answers);
    this.#countPeriods();
    const taken = () => {
      this.#waiting -= seconds;
      if (this.#full && this.#waiting <= 0) this.#setFull(false);
    };
    // Errors come out of the iteration too.
    room.then(taken, taken);
    if (!this.#full && this.#waiting > roomSeconds) this.#setFull(true);
  }

  /** No more audio comes: resolves when all results are told. */
  async finish(): Promise<void> {
    await this.#stream.end();
    await this.#reading;
  }

  cancel(): void {
    this.#cancelled = true;
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
