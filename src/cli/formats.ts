/**
 * What `analyze --format` can write. A line here and the file it names are all that a new format takes: help,
 * completion and docs/command-line.md are made from this list. The file is loaded when the format is asked for.
 */
import type { ReportFormat } from '../reports/report.ts';

export interface ListedFormat {
  /** What it is, in half a line. */
  readonly about: string;
  load(): Promise<{ readonly format: ReportFormat }>;
}

export const formats = {
  table: { about: 'runs of equal results, to read', load: () => import('./listing.ts') },
  json: { about: "the library's own form; a list for several files", load: () => import('../reports/json.ts') },
  jsonl: { about: 'the same, a line for each file, with its name', load: () => import('../reports/jsonl.ts') },
  csv: { about: 'a row for each channel and period, times in ms', load: () => import('../reports/csv.ts') },
  segments: {
    about: 'CSV: start, end, label and confidence of each run',
    load: () => import('../reports/segments.ts'),
  },
  textgrid: { about: 'Praat: a tier for each model and channel', load: () => import('../reports/textgrid.ts') },
  rttm: { about: 'who speaks when, for diarization tools', load: () => import('../reports/rttm.ts') },
  audacity: { about: 'a label track', load: () => import('../reports/audacity.ts') },
  webvtt: { about: 'cues for a player', load: () => import('../reports/webvtt.ts') },
  elan: { about: 'ELAN: a tier for each model and channel', load: () => import('../reports/elan.ts') },
  svg: { about: 'a picture: waveform, models, the voice as a line', load: () => import('../reports/svg.ts') },
  html: { about: 'the same as a page that tells more', load: () => import('../reports/html.ts') },
} satisfies Record<string, ListedFormat>;

export type FormatName = keyof typeof formats;

export const formatNames = Object.keys(formats) as FormatName[];
