/**
 * Runs each test file in a process of its own, as many at once as there are cores, at most 4, and closes with the line
 * `N passed, N failed`. A file that crashes, ends early or tests nothing counts as failed. Skips are told; with
 * UNDERTONE_REQUIRE_WEBGPU=1, as in CI, they count as failed too.
 * usage: node --import tsx tools/test.ts [PATTERN] [--jobs N]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Outcome {
  readonly file: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const skipsFail = process.env.UNDERTONE_REQUIRE_WEBGPU === '1';
const { values: options, positionals } = parseArgs({ options: { jobs: { type: 'string' } }, allowPositionals: true });
const pattern = new RegExp(positionals[0] ?? '');
const jobs = Number(options.jobs ?? Math.min(4, availableParallelism()));

/** How long each file took when it last ran here: the longest begin first, so that none is left alone at the end. */
const timesFile = join(root, '.cache/test-times.json');
const times = readTimes();

function readTimes(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

function testFiles(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts') && pattern.test(path))
    .sort()
    .sort((a, b) => (times[b] ?? 10) - (times[a] ?? 10));
}

function run(file: string): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', join(root, 'test', file)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
    child.on('close', (code, signal) => {
      const count = (label: string): number => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(text)?.[1] ?? NaN);
      const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
      const seconds = (performance.now() - started) / 1000;
      let failed = Number.isNaN(total) ? 1 : total - passed;
      let note = '';
      if (Number.isNaN(total)) note = `ended before its summary (${signal ?? `exit code ${code}`})`;
      else if (code !== 0 && failed === 0)
        note = `every test passed, yet it ended with ${signal ?? `exit code ${code}`}`;
      else if (total + skipped === 0) note = 'it tests nothing';
      if (note) failed ||= 1;
      const lines = text
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^\s+(Total|Passed|Skipped|Duration):/.test(line));
      console.log(`\n${file}  ${seconds.toFixed(1)} s${note ? `  ${note}` : ''}\n${lines.join('\n')}`);
      resolve({ file, seconds, passed: passed || 0, failed, skipped: skipped || 0 });
    });
  });
}

async function main(): Promise<number> {
  const waiting = testFiles();
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) outcomes.push(await run(file));
  };
  await Promise.all(Array.from({ length: jobs }, work));

  const sum = (of: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((total, each) => total + each[of], 0);
  for (const { file, seconds } of outcomes) times[file] = Math.round(seconds * 10) / 10;
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(timesFile, JSON.stringify(times));
  const slowest = [...outcomes].sort((a, b) => b.seconds - a.seconds).slice(0, 5);
  console.log(`\nslowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds.toFixed(1)} s`).join(', ')}`);
  const broken = outcomes.filter(({ failed }) => failed > 0);
  if (broken.length > 0) console.log(`failed: ${broken.map(({ file, failed }) => `${file} (${failed})`).join(', ')}`);
  const left = outcomes.filter(({ skipped }) => skipped > 0);
  if (left.length > 0) {
    const list = left.map(({ file, skipped }) => `${file} (${skipped})`).join(', ');
    console.log(`${sum('skipped')} skipped${skipsFail ? ', which counts as failed here' : ''}: ${list}`);
  }
  const failed = sum('failed') + (skipsFail ? sum('skipped') : 0);
  console.log(`${sum('passed')} passed, ${failed} failed`);
  return failed === 0 && outcomes.length > 0 ? 0 : 1;
}

process.exitCode = await main();
