import { createRequire } from 'node:module';
import { parse } from 'csv-parse/sync';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toAudacityLabels } from '../../src/reports/audacity.ts';
import { toCsv } from '../../src/reports/csv.ts';
import { clock, runsOf } from '../../src/reports/report.ts';
import { toRttm } from '../../src/reports/rttm.ts';
import { table, width } from '../../src/reports/table.ts';
import { toTextGrid } from '../../src/reports/textgrid.ts';
import { sampleReport } from './sample-report.ts';

const report = sampleReport();
const runs = [...runsOf(report)];

test('csv: a parser that is not ours reads back every period, awkward file names too', () => {
  const rows: Record<string, string>[] = parse(toCsv(report), { columns: true });
  const periods = Object.entries(report.channels).flatMap(([channel, { time_series }]) =>
    time_series.map((period) => ({ channel, ...period })),
  );
  assert.is(rows.length, periods.length);
  rows.forEach((row, i) => {
    const { channel, timestamp, results, raw } = periods[i];
    assert.is(row.file, report.file);
    assert.is(row.channel, channel);
    assert.is(Number(row.start_ms), timestamp);
    for (const [model, { result, confidence }] of Object.entries(results)) {
      assert.is(row[model], result);
      assert.is(Number(row[`${model}_confidence`]), confidence);
      for (const [label, value] of Object.entries(raw![model])) assert.is(Number(row[`${model}_${label}`]), value);
    }
  });
  assert.is(Number(rows.at(-1)!.end_ms), 5500);
  assert.is(toCsv(report, { header: false }).split('\r\n').length, toCsv(report).split('\r\n').length - 1);
});

test('TextGrid: a parser that is not ours reads back every run; tiers have no gaps and end with the audio', () => {
  const { TextGrid } = createRequire(import.meta.url)('textgrid') as {
    TextGrid: { textgridToJSON(text: string): { xmax: string; items: Tier[] } };
  };
  const read = quietly(() => TextGrid.textgridToJSON(toTextGrid(report)));
  assert.is(Number(read.xmax), report.seconds);
  assert.is(read.items.length, runs.length);
  read.items.forEach((tier, i) => {
    const { channel, model, runs: expected } = runs[i];
    assert.is(tier.name, `${model} channel ${channel}`);
    assert.is(tier.class, 'IntervalTier');
    const intervals = tier.intervals.map(({ xmin, xmax, text }) => ({ from: Number(xmin), to: Number(xmax), text }));
    const wanted = expected.map((run) => ({
      from: run.timestamp_start / 1000,
      to: run.timestamp_end / 1000,
      text: run.result,
    }));
    assert.equal(intervals, [...wanted, { from: wanted.at(-1)!.to, to: report.seconds, text: '' }]);
  });
});

test('RTTM: who speaks, when, how sure; ten fields a line', () => {
  const lines = toRttm(report)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  const expected = runs
    .filter(({ model }) => model === 'gender')
    .flatMap(({ channel, runs: own }) =>
      own.filter(({ result }) => ['male', 'female', 'unknown'].includes(result)).map((run) => ({ channel, ...run })),
    );
  assert.is(lines.length, expected.length);
  lines.forEach((fields, i) => {
    const { channel, timestamp_start, timestamp_end, result, confidence } = expected[i];
    assert.is(fields.length, 10);
    assert.equal(fields.slice(0, 3), ['SPEAKER', 'a_"quoted",_name', String(Number(channel) + 1)]);
    assert.is(Number(fields[3]) * 1000, timestamp_start);
    assert.is(Math.round(Number(fields[4]) * 1000), timestamp_end - timestamp_start);
    assert.equal(fields.slice(7, 9), [result, String(confidence)]);
  });
});

test('RTTM without a voice model lists speech', () => {
  const channels = { 0: { time_series: [], transitions: { speech: report.channels[0].transitions!.speech } } };
  assert.ok(
    toRttm({ ...report, channels })
      .split('\n')
      .filter(Boolean)
      .every((line) => line.split(' ')[7] === 'speech'),
  );
});

test('Audacity labels: three fields separated by tabs, in order of time', () => {
  const lines = toAudacityLabels(report)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  assert.is(
    lines.length,
    runs.reduce((count, { runs: own }) => count + own.length, 0),
  );
  const starts = lines.map(([start]) => Number(start));
  assert.equal(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  const labels = new Set(lines.map(([, , label]) => label));
  assert.ok(labels.has('channel 0 gender: female') && labels.has('channel 1 speech: music'));
});

test('without transitions the runs are those of the periods', () => {
  const channels = Object.fromEntries(
    Object.entries(report.channels).map(([name, { time_series }]) => [name, { time_series }]),
  );
  for (const { runs: own } of runsOf({ ...report, channels })) {
    own.slice(1).forEach((run, i) => {
      assert.is(run.timestamp_start, own[i].timestamp_end);
      assert.is.not(run.result, own[i].result);
    });
    assert.is(own.at(-1)!.timestamp_end, 5440);
  }
});

test('tables line up, whatever the colours and widths', () => {
  const text = table(
    [{ title: 'file' }, { title: 'share', align: 'right' }],
    [
      ['\x1b[31mröt\x1b[39m', '1 %'],
      ['日本.wav', '100 %'],
    ],
  );
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.map(width), [15, 15, 15]);
});

test('times to read', () => {
  assert.equal([clock(7), clock(187.44, 1), clock(3765), clock(59.96, 1)], ['0:07', '3:07.4', '1:02:45', '1:00.0']);
});

interface Tier {
  name: string;
  class: string;
  intervals: { xmin: string; xmax: string; text: string }[];
}

/** The parser talks while it reads. */
function quietly<T>(act: () => T): T {
  const { log } = console;
  console.log = () => {};
  try {
    return act();
  } finally {
    console.log = log;
  }
}

test.run();
