/** Many files through one engine, some at a time: results as they come, progress, what was done, how it adds up. */
import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { decodeFile } from '../audio/decode.ts';
import { floatsOf, mixed } from '../audio/samples.ts';
import type { Engine } from '../engine.ts';
import { type ChannelReport, clock, type FileReport, type ReportFormat } from '../reports/report.ts';
import { type Envelope, EnvelopeBuilder } from '../reports/svg-envelope.ts';
import { exitCodes, messageOf } from './errors.ts';
import type { FormatName } from './formats.ts';
import { type Finished, Journal, journalName } from './journal.ts';
import type { CommonOptions } from './options.ts';
import { Ordered } from './ordered.ts';
import { outputPaths, writeWhole } from './outputs.ts';
import { type Progress, showProgress } from './progress.ts';
import { sharesOf, sharesTable } from './shares.ts';
import { printable, stderrStyle } from './style.ts';

const indexName = 'index.html';

export interface AnalyzeOptions extends CommonOptions {
  readonly period: number;
  /** Seconds. */
  readonly start?: number;
  readonly end?: number;
  /** ms */
  readonly minDuration?: number;
  readonly summary?: boolean;
  readonly transitions?: boolean;
  readonly format: readonly FormatName[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly partial?: boolean;
  readonly jobs: number;
  readonly quiet?: boolean;
}

export class Batch {
  readonly #engine: Engine;
  readonly #files: readonly string[];
  readonly #formats: readonly ReportFormat[];
  readonly #options: AnalyzeOptions;
  /** For each file a path for each format. */
  readonly #outputs: readonly (readonly string[])[];
  readonly #interrupt = new AbortController();
  readonly #finished = new Map<number, Finished>();
  readonly #printed = new Ordered((text) => this.#progress.print(process.stdout, text));
  #failed = 0;
  #journal: Journal | undefined;
  #progress: Progress;

  constructor(engine: Engine, files: readonly string[], formats: readonly ReportFormat[], options: AnalyzeOptions) {
    const { out } = options;
    this.#engine = engine;
    this.#files = files;
    this.#formats = formats;
    this.#options = options;
    this.#progress = { at: () => {}, end: () => {}, print: (stream, text) => void stream.write(text), stop: () => {} };
    const endings = formats.map(({ extension }) => extension);
    this.#outputs =
      out === undefined ? [] : outputPaths(files, out, endings, [join(out, journalName), join(out, indexName)]);
  }

  async run(): Promise<number> {
    const { out, resume = false, quiet = false, jobs } = this.#options;
    const onInterrupt = (): void => this.#interrupt.abort();
    process.once('SIGINT', onInterrupt);
    if (out !== undefined) this.#journal = await Journal.open(out, this.#optionsKey(), resume);
    const waiting = await this.#leftToDo();
    this.#progress = await showProgress(await this.#sizes(waiting), !quiet);
    const began = performance.now();
    try {
      const queue = waiting[Symbol.iterator]();
      await Promise.all(
        Array.from({ length: jobs }, async () => {
          for (const i of queue) if (!this.#interrupt.signal.aborted) await this.#file(i);
        }),
      );
    } finally {
      this.#progress.stop();
      process.removeListener('SIGINT', onInterrupt);
    }
    await this.#writeIndex();
    this.#close(
      (performance.now() - began) / 1000,
      waiting.flatMap((i) => this.#finished.get(i) ?? []),
    );
    if (this.#interrupt.signal.aborted) {
      process.stderr.write(`interrupted${out === undefined ? '' : '; with --resume the same command goes on'}\n`);
      return exitCodes.interrupted;
    }
    return this.#failed > 0 ? exitCodes.failed : exitCodes.done;
  }

  async #sizes(waiting: readonly number[]): Promise<Map<string, number>> {
    const entries = waiting.map(async (i): Promise<[string, number]> => {
      const found = await stat(this.#files[i]).catch(() => undefined);
      return [this.#files[i], found?.size ?? 0];
    });
    return new Map(await Promise.all(entries));
  }

  /** Indices of the files that no earlier run has finished. */
  async #leftToDo(): Promise<number[]> {
    const left: number[] = [];
    for (const [i, file] of this.#files.entries()) {
      const done = this.#options.resume ? await this.#journal?.finished(file, this.#outputs[i]) : undefined;
      if (done) this.#finished.set(i, done);
      else left.push(i);
    }
    return left;
  }

  async #file(i: number): Promise<void> {
    const file = this.#files[i];
    try {
      const { report, envelopes } = await this.#report(file);
      const finished = { file, seconds: report.seconds, shares: sharesOf(report) };
      const written = (format: ReportFormat, alone: boolean, first: boolean): string =>
        format.write(this.#shown(report, format), { alone, first, envelopes });
      if (this.#journal) {
        const texts = this.#formats.map((format) => written(format, true, true));
        await this.#journal.write(finished, this.#outputs[i], texts);
      } else {
        const [format] = this.#formats;
        this.#printed.put(i, (first) => written(format, this.#files.length === 1, first));
      }
      this.#finished.set(i, finished);
    } catch (error) {
      if (this.#interrupt.signal.aborted) return;
      const message = messageOf(error);
      const name = printable(file);
      this.#failed++;
      this.#progress.print(
        process.stderr,
        `${stderrStyle.red('failed')} ${message.startsWith(name) ? message : `${name}: ${message}`}\n`,
      );
      if (!this.#journal) this.#printed.put(i, undefined);
    }
    this.#progress.end(file);
  }

  /** What any of the formats needs. */
  #needs(what: keyof NonNullable<ReportFormat['needs']>): boolean {
    return this.#formats.some(({ needs }) => needs?.[what]);
  }

  async #report(file: string): Promise<{ report: FileReport; envelopes: Record<string, Envelope> }> {
    const { models, channel, volumeThreshold, period, partial, raw = false, transitions = false } = this.#options;
    const { start, end, minDuration } = this.#options;
    let seconds = 0;
    const { channels, warnings } = await this.#engine.processFile(file, {
      models,
      channel,
      volumeThreshold,
      outputPeriod: period,
      includeRawValues: raw || this.#needs('raw'),
      includeTransitions: transitions || this.#needs('transitions'),
      includeSummary: true,
      ...{ start, end, minDuration, partial },
      signal: this.#interrupt.signal,
      onProgress: (progress) => {
        seconds = progress.seconds;
        this.#progress.at(file, progress.bytes, seconds);
      },
      onWarning: ({ message }) =>
        this.#progress.print(process.stderr, `${stderrStyle.yellow('warning')} ${printable(message)}\n`),
    });
    // What a decoder gives at its very end comes after the last progress.
    const analysed = Math.max(
      0,
      ...Object.values(channels).map(({ time_series }) => ((time_series.at(-1)?.timestamp ?? -64) + 64) / 1000),
    );
    const envelopes = this.#needs('waveform') ? await waveforms(file, Object.keys(channels)) : {};
    return { report: { file, seconds: Math.max(seconds, analysed), period, channels, warnings }, envelopes };
  }

  /** What was asked for, or the format needs; the rest was for another format or the closing table. */
  #shown(report: FileReport, { needs = {} }: ReportFormat): FileReport {
    const { raw, transitions, summary } = this.#options;
    const strip = (channel: ChannelReport): ChannelReport => ({
      time_series:
        raw || needs.raw
          ? channel.time_series
          : channel.time_series.map(({ timestamp, results }) => ({ timestamp, results })),
      ...((summary || needs.summary) && { summary: channel.summary }),
      ...((transitions || needs.transitions) && { transitions: channel.transitions }),
    });
    const channels = Object.entries(report.channels).map(([name, channel]) => [name, strip(channel)] as const);
    return { ...report, channels: Object.fromEntries(channels) };
  }

  /** Where several pages were written, one that lists them. */
  async #writeIndex(): Promise<void> {
    const { out } = this.#options;
    const page = this.#formats.findIndex(({ extension }) => extension === 'html');
    if (out === undefined || page < 0 || this.#files.length < 2) return;
    const { indexPage } = await import('../reports/index-page.ts');
    const linkTo = (path: string) => relative(out, path).split(sep).map(encodeURIComponent).join('/');
    const entries = this.#inOrder().map(([i, finished]) => ({ ...finished, link: linkTo(this.#outputs[i][page]) }));
    await writeWhole(join(out, indexName), indexPage(entries));
  }

  #inOrder(): [number, Finished][] {
    return [...this.#finished].sort(([a], [b]) => a - b);
  }

  /** What stands behind the last result: the end of a list, the closing table, the speed. */
  #close(elapsed: number, analysed: readonly Finished[]): void {
    const { format, out, quiet } = this.#options;
    if (!this.#journal && this.#files.length > 1)
      process.stdout.write(this.#formats[0].end?.(this.#printed.written) ?? '');
    if (quiet || (this.#files.length === 1 && out === undefined)) return;
    // Results on standard output that are to be read by programs stay alone there.
    const stream = out !== undefined || format[0] === 'table' ? process.stdout : process.stderr;
    if (stream === process.stderr && process.stderr.isTTY !== true) return;
    const done = this.#inOrder().map(([, finished]) => finished);
    const seconds = analysed.reduce((sum, file) => sum + file.seconds, 0);
    const earlier = done.length - analysed.length;
    const words = [
      `${done.length} of ${this.#files.length} files`,
      ...(earlier > 0 ? [`${earlier} of them done before`] : []),
      ...(analysed.length > 0
        ? [`${clock(seconds)} of audio in ${elapsed.toFixed(1)} s, ${Math.round(seconds / elapsed)} times real time`]
        : []),
      ...(this.#failed > 0 ? [`${this.#failed} failed`] : []),
    ];
    if (done.length > 0) stream.write(`${out === undefined ? '\n' : ''}${sharesTable(done)}\n`);
    stream.write(`${words.join('; ')}\n`);
  }

  /** Equal for two runs whose results for one file are the same. */
  #optionsKey(): string {
    const { models, channel, raw, volumeThreshold, weights, period, summary, transitions, format, partial } =
      this.#options;
    const { start, end, minDuration } = this.#options;
    return JSON.stringify({
      models: [...models].sort(),
      channel,
      raw,
      volumeThreshold,
      weights,
      period,
      summary,
      transitions,
      format,
      partial,
      ...{ start, end, minDuration },
    });
  }
}

/** Decoding is quick beside analysis, so a picture's outline is read in a second pass. */
async function waveforms(file: string, channels: readonly string[]): Promise<Record<string, Envelope>> {
  const builders = new Map<string, EnvelopeBuilder>();
  for await (const block of decodeFile(file, { partial: true, onWarning: () => {} })) {
    for (const channel of channels) {
      const builder = builders.get(channel) ?? new EnvelopeBuilder(block.sampleRate);
      builders.set(channel, builder);
      builder.add(floatsOf(channel === 'mix' ? mixed(block.channels) : block.channels[Number(channel)]));
    }
  }
  return Object.fromEntries([...builders].map(([channel, builder]) => [channel, builder.finish()]));
}
