/** Recordings whose borders of speech are known: a TSV of file, start, end (seconds) and label. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EvaluationError } from './labels.ts';

export interface Segment {
  /** Seconds from the recording's start. */
  readonly start: number;
  readonly end: number;
  /** `speech`, or a word for something else; where nothing is labelled nobody speaks. */
  readonly label: string;
}

export interface LabelledRecording {
  /** As the list has it; also what seeds the noise of a condition. */
  readonly file: string;
  readonly path: string;
  /** In order of time. */
  readonly segments: readonly Segment[];
}

const columns = ['file', 'start', 'end', 'label'] as const;

/** Whether a list is one of segments and not one of clips. */
export function listsSegments(text: string): boolean {
  const names = headerOf(text);
  return columns.every((name) => names.includes(name));
}

function headerOf(text: string): string[] {
  const [header = ''] = text.replace(/^\ufeff/, '').split(/\r?\n/, 1);
  return header.split('\t').map((name) => name.trim());
}

/**
 * Columns are found by the names in the first row; others may stand beside them.
 * @throws EvaluationError that names the list and the line, or a file that is missing.
 */
export async function readSegments(text: string, list: string, folder: string): Promise<LabelledRecording[]> {
  const recordings = parseSegments(text, list, folder);
  for (const { path } of recordings)
    await access(path).catch(() => {
      throw new EvaluationError(`${path}: this file of ${list} is missing`);
    });
  return recordings;
}

export function parseSegments(text: string, list: string, folder: string): LabelledRecording[] {
  const names = headerOf(text);
  const byFile = new Map<string, Segment[]>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (i === 0 || line.trim() === '') continue;
    const cells = line.split('\t');
    const cell = (name: (typeof columns)[number]): string => cells[names.indexOf(name)]?.trim() ?? '';
    const [start, end] = [Number(cell('start')), Number(cell('end'))];
    if (cell('file') === '') throw new EvaluationError(`${list}: line ${i + 1} names no file`);
    if (cell('start') === '' || !(start >= 0 && end > start))
      throw new EvaluationError(
        `${list}: line ${i + 1} goes from ${JSON.stringify(cell('start'))} to ${JSON.stringify(cell('end'))}; it must be two times in seconds, the second later`,
      );
    if (cell('label') === '') throw new EvaluationError(`${list}: line ${i + 1} has no label`);
    byFile.set(cell('file'), [...(byFile.get(cell('file')) ?? []), { start, end, label: cell('label') }]);
  }
  if (byFile.size === 0) throw new EvaluationError(`${list}: it lists no segments`);
  return [...byFile].map(([file, segments]) => ({
    file,
    path: resolve(folder, file),
    segments: segments.sort((a, b) => a.start - b.start),
  }));
}
