/** The list of clips that an accuracy report is made from: a TSV beside a folder of audio files. */
import { access, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

export const classes = ['speech', 'music', 'other'] as const;
export type ClassName = (typeof classes)[number];

export const genders = ['male', 'female'] as const;
export type GenderName = (typeof genders)[number];

export interface LabelledClip {
  /** As the list has it; also what seeds the noise of a condition. */
  readonly file: string;
  readonly path: string;
  readonly class: ClassName;
  /** Undefined where the list says nothing. */
  readonly gender: GenderName | undefined;
  readonly corpus: string;
}

/** What a caller did wrong, in one line. */
export class EvaluationError extends Error {}

const columns = ['file', 'class', 'gender', 'corpus'] as const;

/**
 * Reads the list and checks that every file is there.
 * @throws EvaluationError that names the list and the line.
 */
export async function readLabels(list: string, folder: string): Promise<LabelledClip[]> {
  const text = await readFile(list, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new EvaluationError(`${list}: the list of labels can't be read (${error.code ?? error.message})`);
  });
  const clips = parseLabels(text, list, folder);
  const missing: string[] = [];
  for (const { path } of clips) await access(path).catch(() => missing.push(path));
  if (missing.length > 0)
    throw new EvaluationError(
      `${missing[0]}: this file of ${list} is missing${missing.length > 1 ? `, and ${missing.length - 1} others` : ''}`,
    );
  return clips;
}

/** Columns are found by the names in the first row; others may stand beside them. */
export function parseLabels(text: string, list: string, folder: string): LabelledClip[] {
  const [header = '', ...lines] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const names = header.split('\t').map((name) => name.trim());
  const absent = columns.filter((name) => !names.includes(name));
  if (absent.length > 0) {
    throw new EvaluationError(
      `${list}: line 1 lacks the column${absent.length > 1 ? 's' : ''} ${absent.join(', ')}; it has ${names.join(', ') || 'none'} (tab-separated)`,
    );
  }
  const clips = lines.flatMap((line, i) => (line.trim() === '' ? [] : [parseLine(line.split('\t'), i + 2)]));
  if (clips.length === 0) throw new EvaluationError(`${list}: it lists no clips`);
  return clips;

  function parseLine(cells: string[], number: number): LabelledClip {
    const cell = (name: (typeof columns)[number]): string => cells[names.indexOf(name)]?.trim() ?? '';
    const file = cell('file');
    if (file === '') throw new EvaluationError(`${list}: line ${number} names no file`);
    return {
      file,
      path: resolve(folder, file),
      class: oneOf(classes, cell('class'), 'class', number),
      gender: cell('gender') === '' ? undefined : oneOf(genders, cell('gender'), 'gender', number),
      corpus: cell('corpus') || 'unnamed',
    };
  }

  function oneOf<T extends string>(allowed: readonly T[], value: string, column: string, number: number): T {
    const found = allowed.find((name) => name === value);
    if (!found)
      throw new EvaluationError(
        `${list}: line ${number} has ${JSON.stringify(value)} for ${column}; allowed: ${allowed.join(', ')}${column === 'gender' ? ' or nothing' : ''}`,
      );
    return found;
  }
}
