/** The files that the arguments of a batch stand for. */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from './errors.ts';

/** What is looked for in folders; a file that is named may have any name. */
const audioExtensions = ['wav', 'wave', 'flac', 'mp3', 'ogg', 'oga', 'opus', 'm4a', 'mp4', 'aac'];

/** Files as given, what folders hold (with all below them, sorted), what patterns match; none twice. */
export async function expandInputs(args: readonly string[]): Promise<string[]> {
  const files = new Map<string, string>();
  for (const argument of args)
    for (const file of await expand(argument)) if (!files.has(resolve(file))) files.set(resolve(file), file);
  return [...files.values()];
}

async function expand(argument: string): Promise<string[]> {
  const kind = await stat(argument).catch(() => undefined);
  if (kind?.isDirectory()) {
    const found = await glob(`**/*.{${audioExtensions.join()}}`, { cwd: argument, caseSensitiveMatch: false });
    if (found.length === 0)
      throw new UsageError(`the folder ${argument} holds no audio files (${audioExtensions.join(', ')})`);
    return found.sort().map((file) => join(argument, file));
  }
  if (kind || !isDynamicPattern(argument)) return [argument];
  const matches = await glob(argument, { expandDirectories: false, absolute: false });
  if (matches.length === 0) throw new UsageError(`no file matches ${argument}`);
  return matches.sort();
}

/**
 * Where each input's result goes: the folders below the inputs' common one are kept, and `call.wav` becomes
 * `call.csv`; where call.wav and call.mp3 stand side by side, `call.wav.csv` and `call.mp3.csv`.
 */
export function outputPaths(files: readonly string[], folder: string, extension: string): string[] {
  const common = commonFolder(files.map((file) => dirname(resolve(file))));
  const bare = (file: string): string =>
    join(folder, relative(common, dirname(resolve(file))), basename(file, extname(file)));
  const count = new Map<string, number>();
  for (const file of files) count.set(bare(file), (count.get(bare(file)) ?? 0) + 1);
  return files.map((file) => `${bare(file)}${count.get(bare(file))! > 1 ? extname(file) : ''}.${extension}`);
}

function commonFolder(folders: readonly string[]): string {
  const [first, ...others] = folders.map((folder) => folder.split(sep));
  const length = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (length === -1 ? first : first.slice(0, length)).join(sep) || sep;
}
