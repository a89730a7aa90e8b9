/** The report as SVG: confusion matrices, calibration, risk against coverage, accuracy by length. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Confusion } from '../../src/convert/recall.ts';
import { svg } from './chart.ts';
import type { ConditionReport, LengthRow } from './report.ts';

/** Writes the plots into a folder and gives their paths. */
export async function writePlots(report: Readonly<Record<string, ConditionReport>>, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const plots: Record<string, string> = {
    lengths: lengthPlot(report),
    calibration: calibrationPlot(report),
    'risk-coverage': riskPlot(report),
  };
  for (const [name, { speech, gender }] of Object.entries(report)) {
    plots[`confusion-speech-${name}`] = confusionPlot(`Speech, ${name}`, speech.confusion);
    if (gender) plots[`confusion-gender-${name}`] = confusionPlot(`Gender, ${name}`, gender.gated.confusion);
  }
  const paths = Object.keys(plots).map((name) => join(folder, `${name}.svg`));
  await Promise.all(Object.values(plots).map((text, i) => writeFile(paths[i], text)));
  return paths;
}

function lines(
  title: string,
  x: Record<string, unknown>,
  y: Record<string, unknown>,
  series: { name: string; data: number[][]; dashed?: boolean }[],
): string {
  return svg({
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { top: 28 },
    xAxis: { type: 'value', nameLocation: 'middle', nameGap: 32, ...x },
    yAxis: { type: 'value', nameLocation: 'middle', nameGap: 44, ...y },
    series: series.map(({ name, data, dashed }) => ({
      type: 'line',
      name,
      data,
      symbolSize: 5,
      lineStyle: { type: dashed ? 'dashed' : 'solid' },
    })),
  });
}

function lengthPlot(report: Readonly<Record<string, ConditionReport>>): string {
  const series = Object.entries(report).flatMap(([name, { lengths }]) => {
    const points = (pick: (row: LengthRow) => number | undefined): number[][] =>
      lengths.flatMap((row) => (pick(row) === undefined ? [] : [[row.seconds, pick(row)!]]));
    return [
      { name: `classes, ${name}`, data: points(({ speech }) => speech.balanced) },
      { name: `gender, ${name}`, data: points(({ gender }) => gender?.balanced), dashed: true },
    ];
  });
  return lines(
    'Balanced accuracy by length',
    { name: 'seconds', min: 0 },
    { name: 'balanced accuracy', min: 0.4, max: 1 },
    series,
  );
}

function calibrationPlot(report: Readonly<Record<string, ConditionReport>>): string {
  const series = Object.entries(report).flatMap(([name, { speech, gender }]) => [
    { name: `Speech, ${name}`, data: speech.calibration.map(({ confidence, accuracy }) => [confidence, accuracy]) },
    ...(gender
      ? [
          {
            name: `Gender, ${name}`,
            data: gender.calibration.map(({ confidence, accuracy }) => [confidence, accuracy]),
            dashed: true,
          },
        ]
      : []),
  ]);
  const ideal = {
    name: 'ideal',
    data: [
      [0.33, 0.33],
      [1, 1],
    ],
    dashed: true,
  };
  return lines(
    'Calibration',
    { name: 'stated probability', min: 0.3, max: 1 },
    { name: 'share that is right', min: 0, max: 1 },
    [...series, ideal],
  );
}

function riskPlot(report: Readonly<Record<string, ConditionReport>>): string {
  const series = Object.entries(report).flatMap(([name, { gender }]) =>
    gender ? [{ name, data: gender.riskCoverage.map(({ coverage, risk }) => [coverage, risk]) }] : [],
  );
  return lines(
    'Gender: wrong answers against answered clips',
    { name: 'coverage', min: 0, max: 1 },
    { name: 'risk', min: 0 },
    series,
  );
}

/** Rows are truth, columns answers; the shade is the share of the row, the number the count. */
function confusionPlot(title: string, confusion: Confusion): string {
  const truths = Object.keys(confusion);
  const answers = Object.keys(confusion[truths[0]]);
  const cells = truths.flatMap((truth, y) => {
    const total = Object.values(confusion[truth]).reduce((sum, count) => sum + count, 0);
    return answers.map((answer, x) => ({
      value: [x, y, confusion[truth][answer] / Math.max(1, total)],
      label: { formatter: String(confusion[truth][answer]) },
    }));
  });
  return svg(
    {
      title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
      grid: { left: 80, right: 24, top: 56, bottom: 48 },
      xAxis: { type: 'category', data: answers, name: 'answer', nameLocation: 'middle', nameGap: 30 },
      yAxis: { type: 'category', data: truths, inverse: true },
      visualMap: { min: 0, max: 1, show: false, inRange: { color: ['#f5f8fc', '#1f5fa8'] } },
      series: [{ type: 'heatmap', data: cells, label: { show: true } }],
    },
    480,
    320,
  );
}
