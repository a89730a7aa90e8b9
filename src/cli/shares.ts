/** How a file adds up, for the table that closes a batch. */
import { clock, type FileReport, percent, speechFirst } from '../reports/report.ts';
import { type Column, table } from '../reports/table.ts';
import { printable, stdoutStyle } from './style.ts';

/** The shares of one channel, by model and label. */
export interface Share {
  readonly channel: string;
  readonly fractions: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function sharesOf(report: FileReport): Share[] {
  return Object.entries(report.channels).map(([channel, { summary }]) => ({ channel, fractions: summary ?? {} }));
}

/** A row a channel: the labels of Speech, then those that name a voice. */
export function sharesTable(
  files: readonly { readonly file: string; readonly seconds: number; readonly shares: readonly Share[] }[],
): string {
  const rows = files.flatMap(({ file, seconds, shares }) =>
    shares.map((share) => ({
      name: printable(shares.length > 1 ? `${file} [${share.channel}]` : file),
      seconds,
      fractions: share.fractions,
    })),
  );
  const shown = new Map<string, { model: string; key: string }>();
  for (const { fractions } of rows) {
    const models = speechFirst(Object.keys(fractions), (model) => model);
    for (const model of models)
      for (const key of Object.keys(fractions[model]))
        if (!shown.has(key) && key !== 'no_speech_fraction') shown.set(key, { model, key });
  }
  const columns: Column[] = [
    { title: 'file', shrinks: true },
    { title: 'length', align: 'right' },
    ...[...shown.keys()].map((key) => ({ title: key.replace(/_fraction$/, ''), align: 'right' }) as const),
  ];
  const cells = rows.map(({ name, seconds, fractions }) => [
    name,
    clock(seconds),
    ...[...shown.values()].map(({ model, key }) => percent(fractions[model]?.[key] ?? 0)),
  ]);
  return table(columns, cells, stdoutStyle.dim, process.stdout.columns);
}
