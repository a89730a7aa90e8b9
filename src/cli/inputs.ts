/** The files that the arguments of a batch stand for. */
import { realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { audioExtensions } from '../audio/extensions.ts';
import { UsageError } from './errors.ts';

export interface Inputs {
  /** Files as given, what folders hold (with all below them, sorted), what patterns match. */
  readonly files: readonly string[];
  /** What folders hold besides: files by ending. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** No file comes twice, whatever the ways and links that lead to it. */
export async function expandInputs(args: readonly string[]): Promise<Inputs> {
  const files = new Map<string, string>();
  const leftOut = new Map<string, string>();
  for (const argument of args) {
    const { audio, others } = await expand(argument);
    for (const file of audio) await keep(files, file);
    for (const file of others) await keep(leftOut, file);
  }
  const counts = new Map<string, number>();
  for (const file of leftOut.values()) {
    const ending = extname(file).toLowerCase() || 'no ending';
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return { files: [...files.values()], leftOut: counts };
}

async function keep(files: Map<string, string>, file: string): Promise<void> {
  const path = await realpath(file).catch(() => file);
  if (!files.has(path)) files.set(path, file);
}

async function expand(argument: string): Promise<{ audio: string[]; others: string[] }> {
  const kind = await stat(argument).catch(() => undefined);
  if (kind?.isDirectory()) {
    const found = (await glob('**/*', { cwd: argument })).sort().map((file) => join(argument, file));
    const [audio, others] = [true, false].map((wanted) => found.filter((file) => isAudio(file) === wanted));
    if (audio.length === 0)
      throw new UsageError(`the folder ${argument} holds no audio files (${audioExtensions.join(', ')})`);
    return { audio, others };
  }
  if (kind || !isDynamicPattern(argument)) return { audio: [argument], others: [] };
  const matches = await glob(argument, { expandDirectories: false, absolute: false });
  if (matches.length === 0) throw new UsageError(`no file matches ${argument}`);
  return { audio: matches.sort(), others: [] };
}

function isAudio(file: string): boolean {
  return audioExtensions.includes(extname(file).slice(1).toLowerCase());
}

/** `2 .txt, 1 .pdf`, the most frequent first. */
export function leftOutText(leftOut: Inputs['leftOut']): string {
  return [...leftOut]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([ending, count]) => `${count} ${ending}`)
    .join(', ');
}
