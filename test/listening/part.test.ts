/** A part of a file, and runs that are too short to tell. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, Engine, InputTooShortError } from '../../src/index.ts';
import { sampleVoice } from '../support/sample.ts';
import { wavBytes } from '../support/wav.ts';

const engine = await Engine.create({ device: 'cpu', threads: 1 });
const voice = await sampleVoice();
const samples = Float32Array.from({ length: 48000 * 2 }, (_, i) => voice[i % voice.length] / 32768);
const options = { models: ['Speech', 'Gender'], includeTransitions: true, includeSummary: true } as const;

test('a part is answered as a file of its own, at the times of the whole', async () => {
  // 1.3 s lies in the step that begins at 1.28 s.
  const part = await engine.processFile(wavBytes([samples]), { ...options, start: 1.3, end: 3.5 });
  const alone = await engine.processFile(wavBytes([samples.subarray(20480, 56000)]), options);
  const [got, expected] = [part.channels[0], alone.channels[0]];
  assert.equal(got.summary, expected.summary);
  assert.equal(
    got.time_series,
    expected.time_series.map((period) => ({ ...period, timestamp: period.timestamp + 1280 })),
  );
  assert.is(got.transitions?.speech[0].timestamp_start, 1280);
  assert.is(
    got.transitions?.speech.at(-1)?.timestamp_end,
    (expected.transitions?.speech.at(-1)?.timestamp_end ?? NaN) + 1280,
  );
});

test('at another rate the part is the same stretch of time', async () => {
  const slow = Float32Array.from({ length: samples.length / 2 }, (_, i) => samples[2 * i]);
  const part = await engine.processFile(wavBytes([slow], { sampleRate: 8000 }), { ...options, start: 1.28, end: 3.5 });
  const alone = await engine.processFile(wavBytes([slow.subarray(10240, 28000)], { sampleRate: 8000 }), options);
  assert.equal(part.channels[0].summary, alone.channels[0].summary);
});

test('times without sense are refused; a part behind the end is too short', async () => {
  const refused = (more: object) =>
    engine.processFile(wavBytes([samples]), { ...options, ...more }).then(
      () => assert.unreachable(),
      (error: Error) => error,
    );
  for (const more of [{ start: -1 }, { start: NaN }, { end: '2' }, { start: 3, end: 3 }, { minDuration: -1 }])
    assert.instance(await refused(more), ArgumentError, JSON.stringify(more));
  assert.instance(await refused({ start: 100 }), InputTooShortError);
});

test('minDuration: transitions have no shorter run; periods and summary stay', async () => {
  const bytes = wavBytes([samples]);
  const [plain, longer] = await Promise.all([
    engine.processFile(bytes, options),
    engine.processFile(bytes, { ...options, minDuration: 700 }),
  ]);
  assert.equal(longer.channels[0].time_series, plain.channels[0].time_series);
  assert.equal(longer.channels[0].summary, plain.channels[0].summary);
  const runs = longer.channels[0].transitions?.gender ?? [];
  assert.ok(runs.length < (plain.channels[0].transitions?.gender.length ?? 0));
  for (const run of runs) assert.ok(runs.length === 1 || run.timestamp_end - run.timestamp_start >= 700);
});

test.after(() => engine.dispose());
test.run();
