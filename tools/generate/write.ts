import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Leaves a file alone that holds this text already, so that its time tells when it changed. */
export function write(file: string, text: string): void {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  // Written beside and renamed, so that nobody ever loads half a file.
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
}

/** Whether a source changed after the target was made: a file's text, or which files are in a folder. */
export function isStale(target: string, sources: readonly string[]): boolean {
  if (!existsSync(join(root, target))) return true;
  const made = statSync(join(root, target)).mtimeMs;
  return sources.some((source) => statSync(join(root, source)).mtimeMs > made);
}
