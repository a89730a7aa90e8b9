import { createRequire } from 'node:module';
import { parse } from 'csv-parse/sync';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toAudacityLabels } from '../../src/reports/audacity.ts';
import { toCsv } from '../../src/reports/csv.ts';
import { toElan } from '../../src/reports/elan.ts';
import { clock, runsOf, speechFirst } from '../../src/reports/report.ts';
import { toRttm } from '../../src/reports/rttm.ts';
import { toSegments } from '../../src/reports/segments.ts';
import { table, width } from '../../src/reports/table.ts';
import { toTextGrid } from '../../src/reports/textgrid.ts';
import { toWebVtt } from '../../src/reports/webvtt.ts';
import { sampleReport } from './sample-report.ts';

const webvtt = createRequire(import.meta.url)('node-webvtt') as {
  parse(text: string, options: { strict: boolean }): { cues: { start: number; end: number; text: string }[] };
};

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

test('RTTM without a voice model takes SpeechRT for the borders where it was asked for', () => {
  const run = (timestamp_start: number, timestamp_end: number) => ({
    timestamp_start,
    timestamp_end,
    result: 'speech',
    confidence: 0.9,
  });
  const transitions = { speech: [run(0, 2000)], 'speech-rt': [run(192, 768), run(1024, 1984)] };
  const lines = toRttm({ ...report, channels: { 0: { time_series: [], transitions } } })
    .trimEnd()
    .split('\n');
  assert.equal(
    lines.map((line) => line.split(' ').slice(3, 5)),
    [
      ['0.192', '0.576'],
      ['1.024', '0.960'],
    ],
  );
});

test('to the eye models of every sound come first, the coarser before the finer', () => {
  const names = ['age', 'gender', 'speech-rt', 'speech'];
  assert.equal(
    speechFirst(names, (name) => name),
    ['speech', 'speech-rt', 'age', 'gender'],
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

test('segments: a parser that is not ours reads back every run, in order of time', () => {
  const rows: Record<string, string>[] = parse(toSegments(report), { columns: true });
  const expected = runs.flatMap(({ channel, model, runs: own }) => own.map((run) => ({ ...run, channel, model })));
  assert.is(rows.length, expected.length);
  const told = ({ start, end, label, confidence, model, channel }: Record<string, string>) =>
    [Number(start), Number(end), label, Number(confidence), model, channel].join();
  const wanted = expected.map((run) =>
    [run.timestamp_start / 1000, run.timestamp_end / 1000, run.result, run.confidence, run.model, run.channel].join(),
  );
  assert.equal(new Set(rows.map(told)), new Set(wanted));
  assert.ok(rows.every(({ start }, i) => i === 0 || Number(start) >= Number(rows[i - 1].start)));
  assert.ok(rows.every(({ file }) => file === report.file));
});

test('WebVTT: a parser that is not ours reads cues that tell what is heard, and none in silence', () => {
  const { cues } = webvtt.parse(toWebVtt(report), { strict: true });
  assert.ok(cues.length > 4);
  cues.forEach(({ start, end, text }, i) => {
    if (i > 0) assert.ok(start >= cues[i - 1].end);
    const wanted = runs.flatMap(({ channel, model, runs: own }) => {
      const run = own.find((each) => each.timestamp_start <= start * 1000 && each.timestamp_end >= end * 1000);
      return run && !/silence|no_speech/.test(run.result) ? [`${channel} ${model} ${run.result}`] : [];
    });
    assert.is(text.split('\n').length, wanted.length, text);
    for (const each of wanted) {
      const [channel, , result] = each.split(' ');
      assert.ok(text.includes(`<v channel ${channel}>${result}</v>`), `${each} in ${text}`);
    }
  });
  const silent = runs[0].runs.find(({ result }) => result === 'silence');
  assert.ok(silent);
});

test('ELAN: a parser that is not ours reads back every run of every tier', () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
  const xml = toElan(report);
  assert.is(XMLValidator.validate(xml), true);
  const { ANNOTATION_DOCUMENT: read } = parser.parse(xml);
  const times = new Map<string, number>(
    read.TIME_ORDER.TIME_SLOT.map((slot: Record<string, string>) => [slot.TIME_SLOT_ID, Number(slot.TIME_VALUE)]),
  );
  assert.is(read.TIER.length, runs.length);
  read.TIER.forEach((tier: { TIER_ID: string; ANNOTATION: unknown }, i: number) => {
    assert.is(tier.TIER_ID, `${runs[i].model} channel ${runs[i].channel}`);
    const annotations = [tier.ANNOTATION].flat() as { ALIGNABLE_ANNOTATION: Record<string, string> }[];
    assert.equal(
      annotations.map(({ ALIGNABLE_ANNOTATION: each }) => [
        times.get(each.TIME_SLOT_REF1),
        times.get(each.TIME_SLOT_REF2),
        each.ANNOTATION_VALUE,
      ]),
      runs[i].runs.map((run) => [run.timestamp_start, run.timestamp_end, run.result]),
    );
  });
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

test('a table gives way to a narrow terminal, at the beginning of names', () => {
  const columns = [
    { title: 'file', shrinks: true },
    { title: 'share', align: 'right' },
  ] as const;
  const text = table(columns, [['recordings/of/a/long/day/call.wav', '100 %']], undefined, 24);
  assert.equal(text.split('\n').slice(0, 2), ['file               share', '…ong/day/call.wav  100 %']);
  assert.is(width(table(columns, [['recordings/of/a/long/day/call.wav', '1 %']], undefined, 5).split('\n')[1]), 19);
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
