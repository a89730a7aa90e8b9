/** What every format is made of: the time series of one file, as the engine gives it, and what it is of. */

import type { Transition } from '../answers/by-model.ts';
import type { ChannelReport } from '../answers/series.ts';
import type { Envelope } from './svg-envelope.ts';

export type { ChannelReport } from '../answers/series.ts';
/** A run of equal results, in milliseconds. Runs are contiguous. */
export type Run = Transition;

/** A way to write a report. Add a file that exports one as `format`, and its line in src/cli/formats.ts. */
export interface ReportFormat {
  /** Of files it is written to, without the dot. */
  readonly extension: string;
  /** What the report must hold beyond what the user asked to see. */
  readonly needs?: {
    readonly raw?: boolean;
    readonly transitions?: boolean;
    readonly summary?: boolean;
    readonly waveform?: boolean;
  };
  /** Whether several files may stand one after the other in one text; if not, each needs a file of its own. */
  readonly joins: boolean;
  /** What closes a text of several files, of which `written` were written. */
  end?(written: number): string;
  write(report: FileReport, place: Place): string;
}

/** Where a report stands: alone in a text, or among others. */
export interface Place {
  readonly alone: boolean;
  readonly first: boolean;
  /** Outlines of the waveforms by channel, if the format needs them. */
  readonly envelopes: Readonly<Record<string, Envelope>>;
}

export interface FileReport {
  /** As it was given on the command line. */
  readonly file: string;
  /** Length of the audio. */
  readonly seconds: number;
  /** Milliseconds of one period. */
  readonly period: number;
  readonly channels: Readonly<Record<string, ChannelReport>>;
  /** What was wrong with a damaged file whose readable part was used. */
  readonly warnings?: readonly string[] | undefined;
}

/** Every channel's runs of every model; where transitions were not asked for, runs of periods. */
export function* runsOf(report: FileReport): Generator<{ channel: string; model: string; runs: readonly Run[] }> {
  for (const [channel, output] of Object.entries(report.channels)) {
    for (const model of modelsOf(output))
      yield { channel, model, runs: output.transitions?.[model] ?? runsOfPeriods(report, output, model) };
  }
}

export function modelsOf({ time_series, transitions, summary }: ChannelReport): string[] {
  return Object.keys(time_series[0]?.results ?? transitions ?? summary ?? {});
}

/** Where period i ends, in ms: the last one with the audio, though not before its first step does. */
export function periodEnd(report: FileReport, series: ChannelReport['time_series'], i: number): number {
  const { timestamp } = series[i];
  return (
    series[i + 1]?.timestamp ??
    Math.max(timestamp + 64, Math.min(timestamp + report.period, Math.round(report.seconds * 1000)))
  );
}

/** Periods of equal result joined; the confidence is the mean over the run. */
function runsOfPeriods(report: FileReport, { time_series }: ChannelReport, model: string): Run[] {
  const runs: { timestamp_start: number; timestamp_end: number; result: string; confidences: number[] }[] = [];
  time_series.forEach(({ timestamp, results }, i) => {
    const { result, confidence } = results[model];
    // What is behind the last whole step was not heard.
    const end = Math.floor(periodEnd(report, time_series, i) / 64) * 64;
    const last = runs.at(-1);
    if (last?.result === result) {
      last.timestamp_end = end;
      last.confidences.push(confidence);
    } else {
      runs.push({ timestamp_start: timestamp, timestamp_end: end, result, confidences: [confidence] });
    }
  });
  return runs.map(({ confidences, ...run }) => ({
    ...run,
    confidence: Math.round((confidences.reduce((a, b) => a + b) / confidences.length) * 1e4) / 1e4,
  }));
}

/** Models that answer for every sound, the coarser one first. All others are voice models. */
const soundModels: readonly string[] = ['speech', 'speech-rt'];

export function isVoiceModel(name: string): boolean {
  return !soundModels.includes(name);
}

/** Models of every sound before the voice models, which depend on them; for the eye, not for data. */
export function speechFirst<T>(entries: readonly T[], nameOf: (entry: T) => string): T[] {
  const rank = (entry: T): number =>
    isVoiceModel(nameOf(entry)) ? soundModels.length : soundModels.indexOf(nameOf(entry));
  return [...entries].sort((a, b) => rank(a) - rank(b));
}

/** 3:07, 1:02:45, 3:07.4: a time in seconds, to read. */
export function clock(seconds: number, decimals = 0): string {
  const scale = 10 ** decimals;
  const total = Math.round(seconds * scale) / scale;
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const rest = (total % 60).toFixed(decimals).padStart(decimals > 0 ? decimals + 3 : 2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
