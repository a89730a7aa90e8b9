import { csvRow } from './csv.ts';
import { type FileReport, type ReportFormat, runsOf } from './report.ts';

/** A row a run: start and end in seconds, label, confidence; then which model, channel and file it belongs to. */
export function toSegments(report: FileReport, { header = true } = {}): string {
  const rows = [...runsOf(report)].flatMap(({ channel, model, runs }) =>
    runs.map((run) => ({ ...run, channel, model })),
  );
  rows.sort((a, b) => a.timestamp_start - b.timestamp_start || a.timestamp_end - b.timestamp_end);
  return [
    ...(header ? [['start', 'end', 'label', 'confidence', 'model', 'channel', 'file']] : []),
    ...rows.map(({ timestamp_start, timestamp_end, result, confidence, model, channel }) => [
      (timestamp_start / 1000).toFixed(3),
      (timestamp_end / 1000).toFixed(3),
      result,
      confidence,
      model,
      channel,
      report.file,
    ]),
  ]
    .map(csvRow)
    .join('');
}

export const format: ReportFormat = {
  extension: 'segments.csv',
  needs: { transitions: true },
  joins: true,
  write: (report, { alone, first }) => toSegments(report, { header: alone || first }),
};
