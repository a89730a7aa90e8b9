/** The report as tables for a terminal. */
import Table from 'cli-table3';
import type { Errors } from './borders.ts';
import { classes, genders } from './labels.ts';
import type { ConditionReport, CorpusRow } from './report.ts';
import type { StepReport } from './steps.ts';

const figure = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(3);
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

export function screenReport(report: Readonly<Record<string, ConditionReport>>): string {
  const parts = [mainTable(report), lengthTable(report)];
  for (const [name, condition] of Object.entries(report)) parts.push(confusionTable(name, condition));
  const [firstName, first] = Object.entries(report)[0];
  if (first.gender) parts.push(riskTable(firstName, first), pitchTable(report));
  parts.push(corpusTable(report));
  return parts.filter((part) => part !== '').join('\n\n');
}

function table(head: string[], rows: string[][]): string {
  const made = new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
  made.push(...rows);
  return made.toString();
}

function mainTable(report: Readonly<Record<string, ConditionReport>>): string {
  const rows = Object.entries(report).map(([name, { speech, gender }]) => [
    name,
    figure(speech.balanced),
    ...classes.map((label) => figure(speech.recall[label])),
    figure(speech.ece),
    figure(gender?.balanced),
    ...genders.map((label) => figure(gender?.recall[label])),
    figure(gender?.ece),
    figure(gender?.gated.balanced),
  ]);
  return table(['condition', '3 classes', ...classes, 'ECE', 'gender', ...genders, 'ECE', 'gender, gated'], rows);
}

function lengthTable(report: Readonly<Record<string, ConditionReport>>): string {
  const lengths = Object.values(report)[0].lengths.map(({ seconds }) => seconds);
  if (lengths.length < 2) return '';
  const rows = Object.entries(report).map(([name, { lengths: scores }]) => [
    name,
    ...scores.map(({ speech, gender }) => `${figure(speech.balanced)} / ${figure(gender?.balanced)}`),
  ]);
  return table(['balanced, 3 classes / gender', ...lengths.map((seconds) => `${seconds} s`)], rows);
}

function confusionTable(name: string, { speech, gender }: ConditionReport): string {
  const columns = Object.keys(Object.values(speech.confusion)[0]);
  const speechRows = Object.entries(speech.confusion).map(([truth, row]) => [
    truth,
    ...columns.map((answer) => String(row[answer])),
  ]);
  const first = table([`${name}: truth \\ answer`, ...columns], speechRows);
  if (!gender) return first;
  const answers = Object.keys(Object.values(gender.gated.confusion)[0]);
  const rows = Object.entries(gender.gated.confusion).map(([truth, row]) => [
    truth,
    ...answers.map((answer) => String(row[answer])),
  ]);
  return `${first}\n${table([`${name}: truth \\ answer`, ...answers], rows)}`;
}

function riskTable(name: string, { gender }: ConditionReport): string {
  const points = gender!.riskCoverage.filter(({ coverage }) => coverage >= 0.8);
  const rows = points.map(({ coverage, risk, errorsLeft, cutoff }) => [
    percent(1 - coverage),
    percent(risk),
    percent(errorsLeft),
    (2 * cutoff - 1).toFixed(3),
  ]);
  const { share, errorsLeft } = gender!.unknown;
  return `${table([`${name}: gender unknown`, 'wrong among the rest', 'errors left', 'margin'], rows)}\nby the model's own cut-off: ${percent(share)} unknown, ${percent(errorsLeft)} of the errors left`;
}

function pitchTable(report: Readonly<Record<string, ConditionReport>>): string {
  const [first] = Object.values(report);
  const rows = first.gender!.pitch.map(({ band, clips }) => [
    band,
    String(clips),
    ...Object.values(report).map(({ gender }) => {
      const recall = gender!.pitch.find((row) => row.band === band)?.recall;
      return genders.map((label) => figure(recall?.[label])).join(' / ');
    }),
  ]);
  return table([`pitch: recall, ${genders.join(' / ')}`, 'clips', ...Object.keys(report)], rows);
}

/** What a list of segments gives. */
export function stepsReport(report: StepReport): string {
  const errors = ({ median, ninety, found }: Errors): string =>
    `${median.toFixed(0)}, ${ninety.toFixed(0)} ms${found < 1 ? `, ${percent(1 - found)} missed` : ''}`;
  const rows = Object.entries(report).flatMap(([condition, models]) =>
    Object.entries(models).map(([model, { area, meanArea, onset, end }]) => [
      condition,
      model,
      area.toFixed(4),
      meanArea.toFixed(4),
      errors(onset),
      errors(end),
    ]),
  );
  return table(['condition', 'model', 'area', 'mean of files', 'onset: median, 90 %', 'end: median, 90 %'], rows);
}

function corpusTable(report: Readonly<Record<string, ConditionReport>>): string {
  const [name, { speech, gender }] = Object.entries(report)[0];
  const of = (rows: readonly CorpusRow[] | undefined, corpus: string): CorpusRow | undefined =>
    rows?.find((row) => row.corpus === corpus);
  const rows = speech.corpora.map(({ corpus, clips, recall }) => {
    const voices = of(gender?.corpora, corpus);
    return [
      corpus,
      String(clips),
      ...classes.map((label) => figure(recall[label])),
      ...genders.map((label) => figure(voices?.recall[label])),
    ];
  });
  return table([`${name}: recall by corpus`, 'clips', ...classes, ...genders], rows);
}
