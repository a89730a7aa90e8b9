/** Runs the real command line on its source, as a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const voice = join(root, 'samples/reading-room.wav');
export const call = join(root, 'samples/call.flac');
export const stereo = fileURLToPath(new URL('fixtures/two-speakers.ogg', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  /** Variables of the environment besides those of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what stands on standard output so far. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Without the software GPU of other tests, which `auto` would look at each time only to leave it. */
const { VK_DRIVER_FILES: _, VK_ICD_FILENAMES: __, ...env } = process.env;

/** Two processes at a time, as many as the smallest machine has cores; the others wait. */
let running = 0;
const waiting: (() => void)[] = [];

export async function undertone(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  if (running >= 2) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await spawned(args, options);
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function spawned(args: readonly string[], { input, env: more, onOutput }: RunOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...args], {
      cwd: root,
      env: { ...env, ...more },
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      timeout: 180_000,
    });
    let [out, err] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      onOutput?.(out, (signal) => child.kill(signal));
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin?.on('error', () => {}).end(input);
  });
}

/** On a terminal, which util-linux's `script` pretends to be; undefined where it is not installed. */
export async function onTerminal(args: readonly string[]): Promise<string | undefined> {
  const quoted = [process.execPath, '--import', 'tsx', join(root, 'src/cli/main.ts'), ...args]
    .map((word) => `'${word}'`)
    .join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qec', quoted, '/dev/null'], {
      cwd: root,
      env: { ...env, TERM: 'xterm', NO_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 180_000,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(undefined) : reject(error)));
    child.on('close', () => resolve(text));
  });
}

/** What stands on a terminal after such a text: lines as carriage returns, cursor moves and erasures leave them. */
export function screen(text: string): string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  let saved = [0, 0];
  for (const [token, , number, action] of text.matchAll(/\x1b(\[\??(\d*)(?:;\d+)*([A-Za-z])|[78])|[\s\S]/g)) {
    if (token === '\n') row++;
    else if (token === '\r') column = 0;
    else if (token === '\x1b7') saved = [row, column];
    else if (token === '\x1b8') [row, column] = saved;
    else if (action === 'A') row = Math.max(0, row - Number(number || 1));
    else if (action === 'G') column = Number(number || 1) - 1;
    else if (action === 'K') lines[row] = number === '2' ? [] : (lines[row] ?? []).slice(0, column);
    else if (action === 'J') lines.splice(row, Infinity, (lines[row] ?? []).slice(0, column));
    else if (!action) {
      lines[row] ??= [];
      lines[row][column++] = token;
    }
    lines[row] ??= [];
  }
  return lines.map((line) =>
    Array.from(line, (character) => character ?? ' ')
      .join('')
      .trimEnd(),
  );
}

/** A folder for the time of `act`. */
export async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'undertone-cli-'));
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Like assert.match, but shows the text. */
export function has(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`expected ${pattern} in:\n${text.slice(0, 4000)}`);
}

/** Exit code 1 or 2, one line on standard error, nothing on standard output. */
export function isRefusal({ code, out, err }: Outcome, expected: 1 | 2, pattern: RegExp): void {
  const [first, ...rest] = err.trimEnd().split('\n');
  const hint = rest.join('\n').trim();
  if (
    code !== expected ||
    out !== '' ||
    !pattern.test(first) ||
    (hint !== '' && hint !== '(--help tells more)') ||
    /\n\s+at /.test(err)
  ) {
    throw new Error(`expected exit code ${expected} and one line like ${pattern}, got ${code}:\n${out}${err}`);
  }
}
