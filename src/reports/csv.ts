import { type FileReport, modelsOf, periodEnd, type ReportFormat } from './report.ts';

/**
 * One row a channel and period, comma-separated as RFC 4180 has it: file, channel, start and end in milliseconds, then
 * for each model its result and confidence and, where raw values are there, the probability of each label.
 */
export function toCsv(report: FileReport, options: { header?: boolean } = {}): string {
  const first = Object.values(report.channels)[0];
  if (!first) return '';
  const models = modelsOf(first);
  const labels = models.map((model) => Object.keys(first.time_series[0]?.raw?.[model] ?? {}));
  const header = [
    'file',
    'channel',
    'start_ms',
    'end_ms',
    ...models.flatMap((model, i) => [model, `${model}_confidence`, ...labels[i].map((label) => `${model}_${label}`)]),
  ];
  const rows = Object.entries(report.channels).flatMap(([channel, { time_series }]) =>
    time_series.map(({ timestamp, results, raw }, at) => {
      const end = periodEnd(report, time_series, at);
      const values = models.flatMap((model, i) => [
        results[model].result,
        results[model].confidence,
        ...labels[i].map((label) => raw?.[model]?.[label] ?? ''),
      ]);
      return [report.file, channel, timestamp, end, ...values];
    }),
  );
  return [...(options.header === false ? [] : [header]), ...rows].map(csvRow).join('');
}

export function csvRow(cells: readonly (string | number)[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

/**
 * A text that a spreadsheet would run as a formula gets an apostrophe in front, which spreadsheets take for "this is
 * text".
 */
function quoted(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const format: ReportFormat = {
  extension: 'csv',
  joins: true,
  write: (report, { alone, first }) => toCsv(report, { header: alone || first }),
};
