/** Many files through one engine, some at a time: results as they come, progress, what was done, how it adds up. */
import { stat } from 'node:fs/promises';
import { decodeFile } from '../audio/decode.ts';
import type { Engine } from '../engine.ts';
import { type ChannelReport, clock, type FileReport, type ReportFormat } from '../reports/report.ts';
import { type Envelope, EnvelopeBuilder } from '../reports/svg-envelope.ts';
import type { AnalyzeOptions } from './analyze.ts';
import { exitCodes, messageOf } from './errors.ts';
import { outputPaths } from './inputs.ts';
import { type Finished, Journal } from './journal.ts';
import { type Progress, showProgress } from './progress.ts';
import { sharesOf, sharesTable } from './shares.ts';
import { stderrStyle } from './style.ts';

export class Batch {
  readonly #engine: Engine;
  readonly #files: readonly string[];
  readonly #format: ReportFormat;
  readonly #options: AnalyzeOptions;
  readonly #outputs: readonly string[];
  readonly #interrupt = new AbortController();
  readonly #finished = new Map<number, Finished>();
  #failed = 0;
  #journal: Journal | undefined;
  #progress!: Progress;
  /** What is to be printed and waits for files before it, by index; undefined for a file that failed. */
  readonly #ready = new Map<number, ((first: boolean) => string) | undefined>();
  #printing = Promise.resolve();
  #next = 0;
  #printed = 0;

  constructor(engine: Engine, files: readonly string[], format: ReportFormat, options: AnalyzeOptions) {
    this.#engine = engine;
    this.#files = files;
    this.#format = format;
    this.#options = options;
    this.#outputs = options.out === undefined ? [] : outputPaths(files, options.out, format.extension);
  }

  async run(): Promise<number> {
    const { out, resume = false, quiet = false, jobs } = this.#options;
    const onInterrupt = (): void => this.#interrupt.abort();
    process.once('SIGINT', onInterrupt);
    if (out !== undefined) this.#journal = await Journal.open(out, this.#optionsKey(), resume);
    const waiting = await this.#leftToDo();
    const sizes = await Promise.all(
      waiting.map(
        async (i) => [this.#files[i]!, (await stat(this.#files[i]!).catch(() => undefined))?.size ?? 0] as const,
      ),
    );
    this.#progress = await showProgress(new Map(sizes), !quiet);
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

  /** Indices of the files that no earlier run has finished. */
  async #leftToDo(): Promise<number[]> {
    const left: number[] = [];
    for (const [i, file] of this.#files.entries()) {
      const done = this.#options.resume ? await this.#journal!.finished(file, this.#outputs[i]!) : undefined;
      if (done) this.#finished.set(i, done);
      else left.push(i);
    }
    return left;
  }

  async #file(i: number): Promise<void> {
    const file = this.#files[i]!;
    try {
      const { report, envelopes } = await this.#report(file);
      const finished = { file, seconds: report.seconds, shares: sharesOf(report) };
      const shown = this.#shown(report);
      if (this.#journal) {
        await this.#journal.write(
          finished,
          this.#outputs[i]!,
          this.#format.write(shown, { alone: true, first: true, envelopes }),
        );
      } else {
        const alone = this.#files.length === 1;
        await this.#print(i, (first) => this.#format.write(shown, { alone, first, envelopes }));
      }
      this.#finished.set(i, finished);
    } catch (error) {
      if (this.#interrupt.signal.aborted) return;
      const message = messageOf(error);
      this.#failed++;
      this.#progress.print(
        process.stderr,
        `${stderrStyle.red('failed')} ${message.startsWith(file) ? message : `${file}: ${message}`}\n`,
      );
      if (!this.#journal) await this.#print(i, undefined);
    }
    this.#progress.end(file);
  }

  async #report(file: string): Promise<{ report: FileReport; envelopes: Record<string, Envelope> }> {
    const { models, channel, volumeThreshold, period, partial, raw, transitions } = this.#options;
    const { needs = {} } = this.#format;
    let seconds = 0;
    const { channels, warnings } = await this.#engine.processFile(file, {
      models,
      channel,
      volumeThreshold,
      outputPeriod: period,
      includeRawValues: raw || needs.raw,
      includeTransitions: transitions || needs.transitions,
      includeSummary: true,
      partial,
      signal: this.#interrupt.signal,
      onProgress: (progress) => {
        seconds = progress.seconds;
        this.#progress.at(file, progress.bytes, seconds);
      },
      onWarning: ({ message }) => this.#progress.print(process.stderr, `${stderrStyle.yellow('warning')} ${message}\n`),
    });
    // What a decoder gives at its very end comes after the last progress.
    const heard = Math.max(
      0,
      ...Object.values(channels).map(({ time_series }) => ((time_series.at(-1)?.timestamp ?? -64) + 64) / 1000),
    );
    const envelopes = needs.waveform ? await waveforms(file, Object.keys(channels)) : {};
    return { report: { file, seconds: Math.max(seconds, heard), period, channels, warnings }, envelopes };
  }

  /** What was asked for, or the format needs; the rest was for the closing table. */
  #shown(report: FileReport): FileReport {
    const { needs = {} } = this.#format;
    const { raw, transitions, summary } = this.#options;
    const strip = (channel: ChannelReport): ChannelReport => ({
      time_series:
        raw || needs.raw
          ? channel.time_series
          : channel.time_series.map(({ timestamp, results }) => ({ timestamp, results })),
      ...((summary || needs.summary) && { summary: channel.summary }),
      ...((transitions || needs.transitions) && { transitions: channel.transitions }),
    });
    return {
      ...report,
      channels: Object.fromEntries(
        Object.entries(report.channels).map(([channel, output]) => [channel, strip(output)]),
      ),
    };
  }

  /** Standard output has the files in the order of the command line, whichever is through first. */
  #print(i: number, write: ((first: boolean) => string) | undefined): Promise<void> {
    this.#ready.set(i, write);
    this.#printing = this.#printing.then(async () => {
      for (; this.#ready.has(this.#next); this.#next++) {
        const text = this.#ready.get(this.#next)?.(this.#printed === 0);
        this.#ready.delete(this.#next);
        if (text === undefined) continue;
        this.#printed++;
        this.#progress.print(process.stdout, text);
      }
    });
    return this.#printing;
  }

  /** What stands behind the last result: the end of a list, the closing table, the speed. */
  #close(elapsed: number, analysed: readonly Finished[]): void {
    const { format, out, quiet } = this.#options;
    if (!this.#journal && this.#files.length > 1) process.stdout.write(this.#format.end?.(this.#printed) ?? '');
    if (quiet || (this.#files.length === 1 && out === undefined)) return;
    // Results on standard output that are to be read by programs stay alone there.
    const stream = format === 'table' || out !== undefined ? process.stdout : process.stderr;
    if (stream === process.stderr && process.stderr.isTTY !== true) return;
    const done = [...this.#finished].sort(([a], [b]) => a - b).map(([, finished]) => finished);
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
    });
  }
}

/** Decoding is quick beside analysis, so a picture's outline is read in a second pass. */
async function waveforms(file: string, channels: readonly string[]): Promise<Record<string, Envelope>> {
  const builders = new Map<string, EnvelopeBuilder>();
  for await (const block of decodeFile(file, { partial: true, onWarning: () => {} })) {
    for (const channel of channels) {
      if (!builders.has(channel)) builders.set(channel, new EnvelopeBuilder(block.sampleRate));
      builders.get(channel)!.add(block.channels[Number(channel)]!);
    }
  }
  return Object.fromEntries([...builders].map(([channel, builder]) => [channel, builder.finish()]));
}
