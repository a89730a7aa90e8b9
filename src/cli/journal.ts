/** What a batch has finished, a line a file beside its results, so that a batch that was cut off can go on. */
import { appendFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
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
  readonly output: string;
}

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
    const path = join(folder, 'undertone-batch.jsonl');
    if (!resume) {
      await writeFile(path, '');
      return new Journal(path, options, new Map());
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    return new Journal(path, options, new Map(text.split('\n').flatMap(readLine)));
  }

  /** What is known of a file whose result is there, made of the same bytes with the same options. */
  async finished(file: string, output: string): Promise<Finished | undefined> {
    const line = this.#lines.get(resolve(file));
    if (!line || line.options !== this.#options || line.output !== resolve(output)) return undefined;
    const [input, result] = await Promise.all([stat(file), stat(output)].map((each) => each.catch(() => undefined)));
    return result && input?.size === line.size && input.mtimeMs === line.modified ? { ...line, file } : undefined;
  }

  /** Writes a result whole or not at all, then the line that says so. */
  async write(finished: Finished, output: string, text: string): Promise<void> {
    await mkdir(dirname(output), { recursive: true });
    await writeFile(`${output}.part`, text);
    await rename(`${output}.part`, output);
    const { size, mtimeMs } = await stat(finished.file);
    const line: Line = {
      ...finished,
      file: resolve(finished.file),
      size,
      modified: mtimeMs,
      options: this.#options,
      output: resolve(output),
    };
    await appendFile(this.#path, `${JSON.stringify(line)}\n`);
  }
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
