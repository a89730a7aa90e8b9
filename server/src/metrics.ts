/** What Prometheus sees of a process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineStats } from 'undertone';

export class Metrics {
  readonly registry = new Registry();
  readonly callsOpen = this.#gauge('undertone_calls_open', 'Live calls under way.', 'kind');
  readonly callsEnded = this.#counter('undertone_calls_ended_total', 'Live calls by why they ended.', 'kind', 'reason');
  readonly audioSeconds = this.#counter(
    'undertone_audio_seconds_total',
    'Seconds of audio taken in, by channel.',
    'source',
  );
  readonly periodSeconds = this.#histogram(
    'undertone_period_seconds',
    'From the last audio of a period of a live call to its answer.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  readonly pauses = this.#counter(
    'undertone_call_pauses_total',
    'Times that a call was held back because its audio waited.',
  );
  readonly requestSeconds = this.#histogram(
    'undertone_request_seconds',
    'From a request to its answer.',
    [0.005, 0.025, 0.1, 0.5, 1, 5, 25, 100],
    'route',
    'status',
  );
  readonly analysisSeconds = this.#counter(
    'undertone_analysis_seconds_total',
    'Seconds that files and chunks took.',
    'source',
  );
  readonly realTimeFactor = this.#histogram(
    'undertone_real_time_factor',
    'Seconds of analysis for a second of audio, files and jobs.',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    'source',
  );
  readonly waiting = this.#gauge('undertone_requests_under_way', 'Requests whose audio is being analysed.');
  readonly refused = this.#counter('undertone_refused_total', 'Requests and calls refused, by code.', 'code');
  readonly errors = this.#counter('undertone_errors_total', 'Errors by kind.', 'kind');
  readonly jobsEnded = this.#counter('undertone_jobs_ended_total', 'Jobs by outcome.', 'outcome');

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Jobs by state, asked for when Prometheus asks. */
  watchQueue(depth: () => Promise<Readonly<Record<string, number>>>): void {
    new Gauge({
      name: 'undertone_jobs',
      help: 'Jobs by state.',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        try {
          for (const [state, count] of Object.entries(await depth())) this.set({ state }, count);
        } catch {
          // The queue can't be reached; the other figures are still worth having.
          this.reset();
        }
      },
    });
  }

  /** What the engine says of itself, asked for when Prometheus asks. */
  watchEngine(stats: () => EngineStats): void {
    const registers = [this.registry];
    new Counter({
      name: 'undertone_engine_runs_total',
      help: 'Runs of the networks, by how many pieces of audio were computed together.',
      labelNames: ['size'],
      registers,
      collect() {
        this.reset();
        for (const [size, count] of Object.entries(stats().batches.sizes)) this.inc({ size }, count);
      },
    });
    new Gauge({
      name: 'undertone_engine_jobs_waiting',
      help: 'Pieces of audio that wait for a run.',
      registers,
      collect() {
        this.set(stats().jobsWaiting);
      },
    });
    new Gauge({
      name: 'undertone_engine_real_time_factor',
      help: 'Seconds of audio for a second in which the networks ran.',
      registers,
      collect() {
        this.set(stats().realTimeFactor);
      },
    });
    new Counter({
      name: 'undertone_engine_write_waits_total',
      help: 'Times that a stream made its writer wait.',
      registers,
      collect() {
        this.reset();
        this.inc(stats().writeWaits);
      },
    });
  }

  /** One analysis of a whole recording. */
  analysed(source: 'chunk' | 'file' | 'job', audioSeconds: number, seconds: number): void {
    this.audioSeconds.inc({ source }, audioSeconds);
    this.analysisSeconds.inc({ source }, seconds);
    if (audioSeconds > 0) this.realTimeFactor.observe({ source }, seconds / audioSeconds);
  }

  #gauge<T extends string>(name: string, help: string, ...labelNames: T[]) {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #counter<T extends string>(name: string, help: string, ...labelNames: T[]) {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<T extends string>(name: string, help: string, buckets: number[], ...labelNames: T[]) {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
