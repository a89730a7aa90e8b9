/** Where the results of a batch are written, and how: no file over another, and each whole or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';

/**
 * A path for each input and ending: the folders below the inputs' common one are kept, and `call.wav` becomes
 * `call.csv`; where call.wav and call.mp3 stand side by side, `call.wav.csv` and `call.mp3.csv`. None is an input or
 * one of `taken`, and no two are the same on a file system that takes upper and lower case for one.
 */
export function outputPaths(
  files: readonly string[],
  folder: string,
  endings: readonly string[],
  taken: readonly string[] = [],
): string[][] {
  const used = new Set([...files, ...taken].map(key));
  const common = commonFolder(files.map((file) => dirname(resolve(file))));
  const stem = (file: string): string =>
    join(folder, relative(common, dirname(resolve(file))), basename(file, extname(file)));
  const stems = new Map<string, number>();
  for (const file of files) stems.set(key(stem(file)), (stems.get(key(stem(file))) ?? 0) + 1);
  return files.map((file) => {
    const shared = (stems.get(key(stem(file))) ?? 0) > 1;
    const own = shared ? `${stem(file)}${extname(file)}` : stem(file);
    return endings.map((ending) => {
      let path = `${own}.${ending}`;
      for (let number = 2; used.has(key(path)); number++) path = `${own} (${number}).${ending}`;
      used.add(key(path));
      return path;
    });
  });
}

const key = (path: string): string => resolve(path).toLowerCase();

function commonFolder(folders: readonly string[]): string {
  const [first, ...others] = folders.map((folder) => folder.split(sep));
  const length = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (length === -1 ? first : first.slice(0, length)).join(sep) || sep;
}

/**
 * Writes a file whole or not at all, on the disk before it has its name. A link that stands there is replaced, never
 * followed.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
