import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decide, type Step } from '../../src/answers/decision.ts';
import { Reporter, type ReportSettings } from '../../src/answers/series.ts';
import type { ModelMetadata } from '../../src/models/model.ts';

const metadata = (name: string, labels: readonly string[], unknownCutoff = 0) =>
  ({
    name,
    labels,
    unknownCutoff,
    warmupWeights: [],
    gate: name === 'speech' ? '' : 'speech',
  }) as unknown as ModelMetadata;

const speech = metadata('speech', ['music', 'other', 'speech']);
const gender = metadata('gender', ['male', 'female'], 0.1);

/** A step of a sound known by name. */
function step(sound: 'man' | 'woman' | 'doubt' | 'music' | 'silence'): Step {
  const [music, other, talk, male] = {
    man: [0.05, 0.05, 0.9, 0.8],
    woman: [0.1, 0.1, 0.8, 0.1],
    doubt: [0.1, 0, 0.9, 0.52],
    music: [0.7, 0.2, 0.1, 0.5],
    silence: [0.2, 0.7, 0.1, 0.5],
  }[sound];
  return {
    level: sound === 'silence' ? 0 : 0.1,
    silent: sound === 'silence',
    index: 0,
    row: 0,
    probabilities: { speech: [music, other, talk], gender: [male, 1 - male] },
  };
}

function reporter(settings: Partial<ReportSettings> = {}): Reporter {
  const models = settings.models ?? [speech, gender];
  return new Reporter({
    models,
    decide: (steps) => decide(models, [speech], steps),
    outputPeriod: 1024,
    includeRawValues: false,
    includeSummary: true,
    includeTransitions: true,
    ...settings,
  });
}

const many = (count: number, sound: Parameters<typeof step>[0]) => Array.from({ length: count }, () => step(sound));

test('a period comes with the step that completes it; the last may be partial', () => {
  const report = reporter({ outputPeriod: 256 });
  assert.equal(report.push(many(3, 'man')), []);
  assert.equal(
    report.push(many(1, 'man')).map(({ timestamp }) => timestamp),
    [0],
  );
  assert.equal(
    report.push(many(9, 'woman')).map(({ timestamp }) => timestamp),
    [256, 512],
  );
  const [last] = report.finish();
  assert.is(last.timestamp, 768);
  assert.is(last.results.gender.result, 'female');
  assert.equal(report.finish(), []);
});

test('a period is one analysis of its steps: gating, margins and raw values over all of it', () => {
  const report = reporter({ outputPeriod: 256, includeRawValues: true });
  const [period] = report.push([...many(2, 'silence'), step('man'), step('woman')]);
  assert.equal(Object.keys(period), ['timestamp', 'results', 'raw']);
  assert.equal(period.results.speech, { result: 'speech', confidence: 0.85 });
  assert.equal(period.raw!.speech, { music: 0.075, other: 0.075, speech: 0.85 });
  // Weighted by p(speech): (0.9 x 0.8 + 0.8 x 0.1) / 1.7.
  assert.equal(period.raw!.gender, { male: 0.4706, female: 0.5294 });
  assert.is(period.results.gender.result, 'unknown');
  assert.not('raw' in reporter({ outputPeriod: 64 }).push([step('man')])[0]);
});

test('summary: steps over all steps, every possible result listed', () => {
  const report = reporter();
  report.push([
    ...many(3, 'man'),
    ...many(1, 'woman'),
    ...many(1, 'doubt'),
    ...many(1, 'music'),
    ...many(1, 'silence'),
  ]);
  assert.equal(report.overview().summary, {
    gender: {
      male_fraction: 0.4286,
      female_fraction: 0.1429,
      no_speech_fraction: 0.1429,
      unknown_fraction: 0.1429,
      silence_fraction: 0.1429,
    },
    speech: { music_fraction: 0.1429, other_fraction: 0, speech_fraction: 0.7143, silence_fraction: 0.1429 },
  });
  assert.equal(Object.keys(report.overview().summary!.gender), [
    'male_fraction',
    'female_fraction',
    'no_speech_fraction',
    'unknown_fraction',
    'silence_fraction',
  ]);
  assert.equal(reporter({ models: [speech] }).overview().summary, {
    speech: { music_fraction: 0, other_fraction: 0, speech_fraction: 0, silence_fraction: 0 },
  });
});

test('transitions: contiguous runs on the grid, mean confidence', () => {
  const report = reporter();
  report.push([...many(2, 'silence'), ...many(3, 'man'), ...many(2, 'music')]);
  assert.equal(report.overview().transitions, {
    gender: [
      { timestamp_start: 0, timestamp_end: 128, result: 'silence', confidence: 1 },
      { timestamp_start: 128, timestamp_end: 320, result: 'male', confidence: 0.6 },
      { timestamp_start: 320, timestamp_end: 448, result: 'no_speech', confidence: 0.9 },
    ],
    speech: [
      { timestamp_start: 0, timestamp_end: 128, result: 'silence', confidence: 1 },
      { timestamp_start: 128, timestamp_end: 320, result: 'speech', confidence: 0.9 },
      { timestamp_start: 320, timestamp_end: 448, result: 'music', confidence: 0.7 },
    ],
  });
  // A run goes on over calls; what is asked for early does not close it.
  report.push(many(1, 'music'));
  assert.is(report.overview().transitions!.speech.length, 3);
  assert.is(report.overview().transitions!.speech[2].timestamp_end, 512);
});

test('mean confidence over a run of different steps', () => {
  const report = reporter({ models: [speech] });
  report.push([step('man'), step('woman')]);
  assert.equal(report.overview().transitions!.speech, [
    { timestamp_start: 0, timestamp_end: 128, result: 'speech', confidence: 0.85 },
  ]);
});

test('summary and transitions only where they are asked for', () => {
  assert.equal(reporter({ includeSummary: false, includeTransitions: false }).overview(), {});
  assert.equal(Object.keys(reporter({ includeTransitions: false }).overview()), ['summary']);
});

test('a week of steps: exact timestamps, memory of the result only', () => {
  const report = reporter({ models: [speech], includeTransitions: false, outputPeriod: 64 * 10000 });
  const block = many(1000, 'music');
  const before = process.memoryUsage().heapUsed;
  let last = -1;
  const steps = 945_000;
  for (let i = 0; i < steps / 1000; i++) {
    for (const { timestamp } of report.push(block)) {
      assert.ok(last === -1 ? timestamp === 0 : timestamp === last + 640_000);
      last = timestamp;
    }
  }
  assert.is(last, 640_000 * 93);
  assert.is(report.overview().summary!.speech.music_fraction, 1);
  global.gc?.();
  assert.ok(process.memoryUsage().heapUsed - before < 60e6);
});

test.run();
