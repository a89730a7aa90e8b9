/**
 * Puts one fault after the other into copies of the project, git worktrees in a temporary folder, and runs the tests
 * that must notice it. Which faults: test/mutations/. Closes with the line `N killed, N survived`.
 * usage: node --import tsx tools/mutate.ts [PATTERN] [--short] [--jobs N]
 * PATTERN is a regular expression on file and text. Faults in kernels of the GPU need one, or tools/software-gpu.sh.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { mutations } from '../test/mutations/index.ts';
import { type Mutation, needsGpu } from '../test/mutations/mutation.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false }, jobs: { type: 'string' } },
  allowPositionals: true,
});
const jobs = Number(options.jobs ?? Math.min(4, availableParallelism()));
const softwareDriver = join(root, '.cache/swiftshader/vk_swiftshader_icd.json');
const driver = process.env.VK_DRIVER_FILES ?? (existsSync(softwareDriver) ? softwareDriver : undefined);
const needsBuild = ({ file }: Mutation): boolean => file.includes('/assembly/') || file.startsWith('shaders/');

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const npm = (script: string, cwd: string): void =>
  void execFileSync('npm', ['run', '--silent', ...script.split(' ')], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });

/** The working tree as it stands, with what was built for it. */
function makeCopy(folder: string, built: readonly string[]): string {
  git('worktree', 'add', '--quiet', '--detach', folder, 'HEAD');
  for (const path of lines(git('diff', '--name-only', 'HEAD'))) {
    rmSync(join(folder, path), { force: true });
    if (existsSync(join(root, path))) cpSync(join(root, path), join(folder, path));
  }
  for (const path of [...lines(git('ls-files', '--others', '--exclude-standard')), ...built])
    cpSync(join(root, path), join(folder, path));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Process groups of tests under way. */
const groups = new Set<number>();
const end = (group: number): void => {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

interface Outcome {
  readonly code: number | null;
  readonly text: string;
  readonly seconds: number;
  readonly late: boolean;
}

/** Runs test files of a copy until the first test fails. */
function runTests(copy: string, { tests, cases }: Mutation, gpu: boolean, limit: number): Promise<Outcome> {
  const uvu = join(root, 'node_modules/uvu/bin.js');
  const pattern = `^(${tests.map((file) => file.replace(/^test\//, '').replaceAll('.', '\\.')).join('|')})$`;
  const { VK_DRIVER_FILES: _, UNDERTONE_REQUIRE_WEBGPU: __, UNDERTONE_CASES: ___, ...given } = process.env;
  const env: NodeJS.ProcessEnv = { ...given };
  if (gpu) Object.assign(env, { UNDERTONE_REQUIRE_WEBGPU: '1', ...(driver ? { VK_DRIVER_FILES: driver } : {}) });
  if (cases) env.UNDERTONE_CASES = cases;
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', uvu, 'test', pattern, '--bail'], {
      cwd: copy,
      env,
      // Its own group, so that whatever the tests have started ends with them.
      detached: true,
    });
    let text = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (text += stripVTControlCharacters(chunk.toString())));
    groups.add(child.pid!);
    const timer = setTimeout(() => {
      late = true;
      end(child.pid!);
    }, limit * 1000);
    child.on('close', (code) => {
      clearTimeout(timer);
      groups.delete(child.pid!);
      resolve({ code, text, late, seconds: (performance.now() - started) / 1000 });
    });
  });
}

const baselines = new Map<string, Promise<Outcome>>();

/** The tests without the fault must pass, and there must be some: else a failure would say nothing. */
async function baselineOf(copy: string, mutation: Mutation): Promise<Outcome> {
  const key = JSON.stringify([mutation.tests, mutation.cases, needsGpu(mutation)]);
  let baseline = baselines.get(key);
  if (!baseline) baselines.set(key, (baseline = runTests(copy, mutation, needsGpu(mutation), 600)));
  const outcome = await baseline;
  if (outcome.code !== 0 || !/Passed:\s+[1-9]/.test(outcome.text))
    throw new Error(
      `${mutation.tests.join(', ')} fails, or tests nothing, without any fault:\n${outcome.text.slice(-2000)}`,
    );
  return outcome;
}

/** How the fault was noticed, or undefined if it was not. */
async function tryOne(copy: string, mutation: Mutation, built: readonly string[]): Promise<string | undefined> {
  const baseline = await baselineOf(copy, mutation);
  const path = join(copy, mutation.file);
  const original = readFileSync(path, 'utf8');
  try {
    writeFileSync(
      path,
      original.replace(mutation.text, () => mutation.replacement),
    );
    if (needsBuild(mutation)) npm('generate', copy);
    const { code, text, late } = await runTests(copy, mutation, needsGpu(mutation), 120 + 10 * baseline.seconds);
    if (late) return 'the tests do not end';
    if (code === 0) return undefined;
    const failed = /FAIL\s+(.*)/.exec(text)?.[1] ?? (/Exiting early/.test(text) ? 'a test does not end' : undefined);
    if (!failed)
      throw new Error(`no test failed, yet the run did: the fault breaks more than it should\n${text.slice(-2000)}`);
    return failed.trim();
  } finally {
    writeFileSync(path, original);
    if (needsBuild(mutation)) for (const file of built) cpSync(join(root, file), join(copy, file));
  }
}

const nameOf = ({ file, text, replacement }: Mutation): string =>
  `${file}: ${text.replace(/\s+/g, ' ')} -> ${replacement.replace(/\s+/g, ' ') || 'nothing'}`;

function chosen(): Mutation[] {
  const pattern = new RegExp(positionals[0] ?? '');
  const wanted = mutations.filter(
    (mutation) => pattern.test(`${mutation.file}: ${mutation.text}`) && (mutation.short || !options.short),
  );
  if (driver || process.env.UNDERTONE_REQUIRE_WEBGPU === '1') return wanted;
  const left = wanted.filter((mutation) => !needsGpu(mutation));
  if (left.length < wanted.length)
    console.log(
      `${wanted.length - left.length} need a GPU and are left out; for a software GPU, run tools/software-gpu.sh.`,
    );
  return left;
}

async function main(): Promise<number> {
  const list = chosen();
  npm('generate', root);
  const built = lines(git('ls-files', '--others', '--ignored', '--exclude-standard', '--', 'src', 'test'));
  const folder = mkdtempSync(join(tmpdir(), 'undertone-mutate-'));
  const survivors: string[] = [];
  const broken: string[] = [];
  let killed = 0;
  const waiting = [...list];
  const work = async (copy: string): Promise<void> => {
    for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
      try {
        const how = await tryOne(copy, mutation, built);
        if (how === undefined) survivors.push(nameOf(mutation));
        else killed++;
        console.log(
          how === undefined ? `SURVIVED  ${nameOf(mutation)}` : `killed    ${nameOf(mutation)}\n          by ${how}`,
        );
      } catch (error) {
        broken.push(`${nameOf(mutation)}\n  ${(error as Error).message}`);
        console.log(`BROKEN    ${nameOf(mutation)}`);
      }
    }
  };
  const tidy = (): void => {
    for (const group of groups) end(group);
    rmSync(folder, { recursive: true, force: true });
    git('worktree', 'prune');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      tidy();
      process.exit(1);
    });
  try {
    const copies = Array.from({ length: Math.min(jobs, list.length) }, (_, i) => makeCopy(join(folder, `${i}`), built));
    await Promise.all(copies.map(work));
  } finally {
    tidy();
  }
  for (const each of broken) console.log(`\ndid not run: ${each}`);
  for (const each of survivors) console.log(`\nsurvived: ${each}`);
  console.log(
    `\n${killed} killed, ${survivors.length} survived${broken.length > 0 ? `, ${broken.length} did not run` : ''}`,
  );
  return survivors.length + broken.length === 0 && list.length > 0 ? 0 : 1;
}

process.exitCode = await main();
