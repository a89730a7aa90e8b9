import { type FileReport, type ReportFormat, type Run, runsOf } from './report.ts';

/**
 * Praat's TextGrid in its long text form: one interval tier a model (and channel, where there are several), from 0 to
 * the length of the audio without a gap. Times are seconds.
 * https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
 */
export function toTextGrid(report: FileReport): string {
  const several = Object.keys(report.channels).length > 1;
  const all = [...runsOf(report)];
  const end = Math.max(report.seconds, ...all.flatMap(({ runs }) => runs.map((run) => run.timestamp_end / 1000)));
  const tiers = all.map(({ channel, model, runs }, i) =>
    tier(i + 1, several ? `${model} channel ${channel}` : model, runs, end),
  );
  return [
    'File type = "ooTextFile"',
    'Object class = "TextGrid"',
    '',
    'xmin = 0',
    `xmax = ${end}`,
    'tiers? <exists>',
    `size = ${tiers.length}`,
    'item []:',
    ...tiers.flat(),
    '',
  ].join('\n');
}

function tier(number: number, name: string, runs: readonly Run[], end: number): string[] {
  const intervals = runs.map(({ timestamp_start, timestamp_end, result }) => ({
    from: timestamp_start / 1000,
    to: timestamp_end / 1000,
    text: result,
  }));
  // What is behind the last whole step was not heard; Praat wants the tier filled all the same.
  const heard = intervals.at(-1)?.to ?? 0;
  if (heard < end) intervals.push({ from: heard, to: end, text: '' });
  return [
    `    item [${number}]:`,
    '        class = "IntervalTier"',
    `        name = ${quoted(name)}`,
    '        xmin = 0',
    `        xmax = ${end}`,
    `        intervals: size = ${intervals.length}`,
    ...intervals.flatMap(({ from, to, text }, i) => [
      `        intervals [${i + 1}]:`,
      `            xmin = ${from}`,
      `            xmax = ${to}`,
      `            text = ${quoted(text)}`,
    ]),
  ];
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

export const format: ReportFormat = {
  extension: 'TextGrid',
  needs: { transitions: true },
  joins: false,
  write: toTextGrid,
};
