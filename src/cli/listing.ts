/** The result of one file as text for people: runs of equal results, the models side by side. */
import {
  type ChannelReport,
  clock,
  type FileReport,
  modelsOf,
  percent,
  periodEnd,
  type ReportFormat,
  speechFirst,
} from '../reports/report.ts';
import { table } from '../reports/table.ts';
import { paint, printable, stdoutStyle } from './style.ts';

export const format: ReportFormat = {
  extension: 'txt',
  joins: true,
  write: (report, { first }) => `${first ? '' : '\n'}${listing(report)}`,
};

export function listing(report: FileReport): string {
  const channels = Object.entries(report.channels);
  const title = `${stdoutStyle.bold(printable(report.file))}, ${clock(report.seconds, 1)}\n`;
  const parts = channels.map(([channel, output]) => {
    const heading = channels.length > 1 ? `\nchannel ${channel}\n` : '\n';
    const rows = output.transitions ? transitionRows(output) : periodRows(report, output);
    return `${heading}${rows}${output.summary ? `\n${summaryLines(output)}` : ''}`;
  });
  return title + parts.join('');
}

interface Row {
  readonly start: number;
  end: number;
  readonly results: readonly string[];
  readonly confidences: number[][];
  readonly raw: readonly number[];
}

/** Periods with the same results joined; with raw values each on its own, its probabilities behind. */
function periodRows(report: FileReport, output: ChannelReport): string {
  const models = speechFirst(modelsOf(output), (model) => model);
  const labels = models.flatMap((model) =>
    Object.keys(output.time_series[0]?.raw?.[model] ?? {}).map((label) => [model, label] as const),
  );
  const rows: Row[] = [];
  for (const [i, { timestamp, results, raw }] of output.time_series.entries()) {
    const own = models.map((model) => results[model]);
    const end = periodEnd(report, output.time_series, i);
    const last = rows.at(-1);
    if (last && !raw && own.every(({ result }, model) => result === last.results[model])) {
      last.end = end;
      own.forEach(({ confidence }, model) => last.confidences[model].push(confidence));
    } else {
      rows.push({
        start: timestamp,
        end,
        results: own.map(({ result }) => result),
        confidences: own.map(({ confidence }) => [confidence]),
        raw: labels.map(([model, label]) => raw![model][label]),
      });
    }
  }
  const columns = [
    { title: 'from', align: 'right' } as const,
    { title: 'to', align: 'right' } as const,
    ...models.flatMap((model) => [{ title: model }, { title: 'conf.', align: 'right' } as const]),
    ...labels.map(([, label]) => ({ title: label, align: 'right' }) as const),
  ];
  const cells = rows.map(({ start, end, results, confidences, raw }) => [
    clock(start / 1000, 2),
    clock(end / 1000, 2),
    ...results.flatMap((result, i) => [paint(result), mean(confidences[i]).toFixed(2)]),
    ...raw.map((value) => stdoutStyle.dim(value.toFixed(2))),
  ]);
  return table(columns, cells, stdoutStyle.dim);
}

function transitionRows(output: ChannelReport): string {
  const columns = [
    { title: 'model' },
    { title: 'from', align: 'right' },
    { title: 'to', align: 'right' },
    { title: 'heard' },
    { title: 'conf.', align: 'right' },
  ] as const;
  const rows = speechFirst(Object.entries(output.transitions!), ([model]) => model).flatMap(([model, runs]) =>
    runs.map(({ timestamp_start, timestamp_end, result, confidence }) => [
      model,
      clock(timestamp_start / 1000, 2),
      clock(timestamp_end / 1000, 2),
      paint(result),
      confidence.toFixed(2),
    ]),
  );
  return table(columns, rows, stdoutStyle.dim);
}

/** `speech: speech 62 %, music 20 %, …`, the largest first, nothing that is not there. */
function summaryLines(output: ChannelReport): string {
  return speechFirst(Object.entries(output.summary!), ([model]) => model)
    .map(([model, fractions]) => {
      const shares = Object.entries(fractions)
        .filter(([, fraction]) => fraction > 0)
        .sort(([, a], [, b]) => b - a)
        .map(([key, fraction]) => `${paint(key.replace(/_fraction$/, ''))} ${percent(fraction)}`);
      return `${stdoutStyle.dim(`${model}:`)} ${shares.join(', ')}\n`;
    })
    .join('');
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
