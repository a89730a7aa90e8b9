/** Results on the screen, as JSON and as a plot. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Table from 'cli-table3';
import { svg } from '../../tools/evaluate/chart.ts';
import type { Row } from './row.ts';

export interface Report {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly quick: boolean;
  readonly rows: readonly Row[];
  /** By question, what went wrong. */
  readonly failures: Readonly<Record<string, string>>;
}

export function screenTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ['name', 'value', 'unit', 'device'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'left', 'left'],
  });
  for (const { name, value, unit, device } of rows) table.push([name, rounded(value), unit, device]);
  return table.toString();
}

function rounded(value: number): string {
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : Number.isInteger(value)
      ? String(value)
      : value.toPrecision(4);
}

export async function writeReport(report: Report, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Beside and renamed: a run that is cut off leaves the last whole report.
  await writeFile(`${path}.part`, `${JSON.stringify(report, null, 1)}\n`);
  await rename(`${path}.part`, path);
}

/** Three plots: speed ratios, latency by length, throughput by batch; those with nothing to show are left out. */
export async function writePlots(rows: readonly Row[], folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const plots = Object.entries({
    ratios: ratioPlot(rows),
    latency: curvePlot(rows, /^chunk-(.+)s-p50-ms$/, 'Chunk latency, p50', 'seconds of audio', 'ms'),
    throughput: curvePlot(
      rows,
      /^batch-(.+)-realtime-factor$/,
      'Chunks of one second at once',
      'chunks',
      'times real time',
    ),
  });
  const drawn = plots.filter((plot): plot is [string, string] => plot[1] !== undefined);
  await Promise.all(drawn.map(([name, text]) => writeFile(join(folder, `${name}.svg`), text)));
  return drawn.map(([name]) => join(folder, `${name}.svg`));
}

function ratioPlot(rows: readonly Row[]): string | undefined {
  const ratios = rows.filter(({ name }) => name.includes('-vs-'));
  if (ratios.length === 0) return undefined;
  return svg(
    {
      title: { text: 'Times faster (1: as fast)', left: 'center', textStyle: { fontSize: 15 } },
      grid: { left: 260, right: 64, top: 48, bottom: 40 },
      xAxis: { type: 'log', min: 0.1 },
      yAxis: { type: 'category', inverse: true, data: ratios.map(({ name, device }) => `${name}, ${device}`) },
      series: [
        {
          type: 'bar',
          data: ratios.map(({ value }) => Number(value.toPrecision(3))),
          label: { show: true, position: 'right' },
          markLine: { symbol: 'none', data: [{ xAxis: 1 }], label: { show: false } },
        },
      ],
    },
    720,
    96 + 32 * ratios.length,
  );
}

function curvePlot(rows: readonly Row[], pattern: RegExp, title: string, x: string, y: string): string | undefined {
  const points = rows.flatMap(({ name, value, device }) =>
    pattern.test(name) ? [{ at: Number(pattern.exec(name)![1]), value, device }] : [],
  );
  if (points.length < 2) return undefined;
  const devices = [...new Set(points.map(({ device }) => device))];
  return svg({
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { top: 28 },
    xAxis: { type: 'log', name: x, nameLocation: 'middle', nameGap: 32 },
    yAxis: { type: 'log', name: y, nameLocation: 'middle', nameGap: 48 },
    series: devices.map((device) => ({
      type: 'line',
      name: device,
      data: points.filter((point) => point.device === device).map(({ at, value }) => [at, value]),
    })),
  });
}
