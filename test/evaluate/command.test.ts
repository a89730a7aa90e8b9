/** The accuracy report as a command, on the voices in test/fixtures: what it writes, and how it refuses. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../..', import.meta.url));
const voices = fileURLToPath(new URL('../fixtures/voices', import.meta.url));
const work = await mkdtemp(join(tmpdir(), 'evaluate-'));

function evaluate(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', join(root, 'tools/evaluate.ts'), ...args],
      { cwd: root },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const list = join(work, 'LABELS.tsv');
const files = (await readdir(voices)).filter((file) => /^(male|female)-/.test(file)).slice(0, 4);
await writeFile(
  list,
  [
    'file\tclass\tgender\tcorpus',
    ...files.map((file) => `${file}\tspeech\t${file.split('-')[0]}\t${file.split('-')[1]}`),
  ].join('\n'),
);

test('the report on screen, as JSON and as plots', async () => {
  const [json, plots] = [join(work, 'out.json'), join(work, 'plots')];
  const { code, out, err } = await evaluate(
    voices,
    list,
    '--conditions',
    'clean,tel8k',
    '--seconds',
    '1',
    '--lengths',
    '0.5',
    '--device',
    'cpu',
    '--json',
    json,
    '--plots',
    plots,
  );
  assert.is(code, 0, err);
  assert.match(out, /4 clips, the first 1 s of each, on cpu/);
  assert.match(out, /tel8k/);
  assert.match(out, /pitch: recall, male \/ female/);
  assert.is(err, '', 'no progress bar where there is no terminal');

  const { conditions } = JSON.parse(await readFile(json, 'utf8')) as {
    conditions: Record<
      string,
      Record<
        'speech' | 'gender',
        { balanced: number; recall: Record<string, number>; ece: number; pitch: { clips: number }[] }
      > & {
        lengths: { seconds: number }[];
      }
    >;
  };
  assert.equal(Object.keys(conditions), ['clean', 'tel8k']);
  for (const { speech, gender, lengths } of Object.values(conditions)) {
    for (const { balanced, ece } of [speech, gender]) assert.ok(balanced >= 0 && balanced <= 1 && ece >= 0 && ece <= 1);
    assert.equal(Object.keys(speech.recall), ['speech']);
    assert.equal(Object.keys(gender.recall).sort(), ['female', 'male']);
    assert.is(
      gender.pitch.reduce((sum, { clips }) => sum + clips, 0),
      4,
    );
    assert.equal(
      lengths.map(({ seconds }) => seconds),
      [0.5, 1],
    );
  }
  const drawn = await readdir(plots);
  assert.equal(drawn.sort(), [
    'calibration.svg',
    'confusion-gender-clean.svg',
    'confusion-gender-tel8k.svg',
    'confusion-speech-clean.svg',
    'confusion-speech-tel8k.svg',
    'lengths.svg',
    'risk-coverage.svg',
  ]);
  assert.match(await readFile(join(plots, drawn[0]), 'utf8'), /^<svg /);
});

test('a list of segments: area, onsets and ends of every model that tells speech', async () => {
  const segments = join(work, 'SEGMENTS.tsv');
  const json = join(work, 'steps.json');
  // The first 0.4 s and what is behind 2.4 s are labelled as nobody's, so that both kinds of steps occur.
  const rows = files.map((file) => `${file}\t0.4\t2.4\tspeech`);
  await writeFile(segments, ['file\tstart\tend\tlabel', ...rows].join('\n'));
  const { code, out, err } = await evaluate(
    voices,
    segments,
    '--conditions',
    'clean',
    '--device',
    'cpu',
    '--json',
    json,
  );
  assert.is(code, 0, err);
  assert.match(out, /4 recordings on cpu/);
  const { steps } = JSON.parse(await readFile(json, 'utf8')) as {
    steps: Record<string, Record<string, { area: number; onset: { found: number }; end: { found: number } }>>;
  };
  assert.equal(Object.keys(steps), ['clean']);
  assert.equal(Object.keys(steps.clean).sort(), ['speech', 'speech-rt']);
  for (const { area, onset, end } of Object.values(steps.clean)) {
    assert.ok(area > 0 && area < 1, `${area}`);
    assert.ok(onset.found > 0 && onset.found <= 1 && end.found >= 0);
  }
});

test('--help tells the options and judges nothing', async () => {
  const { code, out, err } = await evaluate('--help');
  assert.is(code, 0, err);
  assert.match(out, /^usage: npm run evaluate/);
  for (const option of [
    '--conditions',
    '--seconds',
    '--lengths',
    '--window',
    '--device',
    '--weights',
    '--json',
    '--plots',
  ])
    assert.match(out, new RegExp(`^ .*${option}`, 'm'));
  assert.is(err, '');
});

test('a wrong call is one line that tells what is wrong', async () => {
  const broken = join(work, 'broken.wav');
  await writeFile(broken, 'no audio at all');
  const brokenList = join(work, 'broken.tsv');
  await writeFile(brokenList, 'file\tclass\tgender\tcorpus\nbroken.wav\tmusic\t\tA\n');
  const calls: [string[], RegExp][] = [
    [[], /^usage: npm run evaluate/],
    [
      [voices, list, '--conditions', 'clean,moon'],
      /^--conditions: there is no "moon"; there are clean, noise10, quiet30, tel8k$/,
    ],
    [[work, brokenList, '--device', 'cpu'], /broken\.wav/],
  ];
  await Promise.all(
    calls.map(async ([args, pattern]) => {
      const { code, err } = await evaluate(...args);
      assert.is(code, 1);
      assert.match(err.trimEnd(), pattern);
      assert.is(err.trimEnd().split('\n').length, 1, err);
    }),
  );
});

test.run();
