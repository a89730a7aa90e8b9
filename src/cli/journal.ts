/** What a batch has finished, a line a file beside its results, so that a batch that was cut off can go on. */
import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeWhole } from './outputs.ts';
import type { Share } from './shares.ts';

export interface Finished {
  readonly file: string;
  readonly seconds: number;
  readonly shares: readonly Share[];
}

interface Line extends Finished {
  /** Of the input when it was analysed. */
  readonly size: number;
  readonly modified: number;
  /** The options that decide what is in the result. */
  readonly options: string;
  readonly outputs: readonly string[];
}

export const journalName = 'undertone-batch.jsonl';

export class Journal {
  readonly #path: string;
  readonly #options: string;
  readonly #lines: ReadonlyMap<string, Line>;

  private constructor(path: string, options: string, lines: ReadonlyMap<string, Line>) {
    this.#path = path;
    this.#options = options;
    this.#lines = lines;
  }

  /** The journal in `folder`, which is made if need be; begun anew unless it is to go on. */
  static async open(folder: string, options: string, resume: boolean): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, journalName);
    if (!resume) {
      await writeFile(path, '');
      return new Journal(path, options, new Map());
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    return new Journal(path, options, new Map(text.split('\n').flatMap(readLine)));
  }

  /** What is known of a file whose results are there, made of the same bytes with the same options. */
  async finished(file: string, outputs: readonly string[]): Promise<Finished | undefined> {
    const line = this.#lines.get(resolve(file));
    if (
      !line ||
      line.options !== this.#options ||
      !sameList(
        line.outputs,
        outputs.map((path) => resolve(path)),
      )
    )
      return undefined;
    const [input, ...results] = await Promise.all([file, ...outputs].map((path) => stat(path).catch(() => undefined)));
    return results.every(Boolean) && input?.size === line.size && input.mtimeMs === line.modified
      ? { ...line, file }
      : undefined;
  }

  /** Writes the results of a file, texts[i] to outputs[i], then the line that says so. */
  async write(finished: Finished, outputs: readonly string[], texts: readonly string[]): Promise<void> {
    for (const [i, output] of outputs.entries()) await writeWhole(output, texts[i]);
    const { size, mtimeMs } = await stat(finished.file);
    const line: Line = {
      ...finished,
      file: resolve(finished.file),
      size,
      modified: mtimeMs,
      options: this.#options,
      outputs: outputs.map((path) => resolve(path)),
    };
    await appendFile(this.#path, `${JSON.stringify(line)}\n`);
  }
}

function sameList(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((item, i) => item === b[i]);
}

/** A last line that was cut off is no line. */
function readLine(text: string): [string, Line][] {
  try {
    const line = JSON.parse(text) as Line;
    return [[line.file, line]];
  } catch {
    return [];
  }
}
