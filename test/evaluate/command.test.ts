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
  assert.is(err, '', 'no progress bar where there is no terminal');

  const { conditions } = JSON.parse(await readFile(json, 'utf8')) as {
    conditions: Record<
      string,
      Record<'speech' | 'gender', { balanced: number; recall: Record<string, number>; ece: number }> & {
        lengths: { seconds: number }[];
      }
    >;
  };
  assert.equal(Object.keys(conditions), ['clean', 'tel8k']);
  for (const { speech, gender, lengths } of Object.values(conditions)) {
    for (const { balanced, ece } of [speech, gender]) assert.ok(balanced >= 0 && balanced <= 1 && ece >= 0 && ece <= 1);
    assert.equal(Object.keys(speech.recall), ['speech']);
    assert.equal(Object.keys(gender.recall).sort(), ['female', 'male']);
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
