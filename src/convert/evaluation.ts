/** How often a network is right about labelled clips: what quantized weights cost, in the figure that counts. */
import { innerRate } from '../audio/format.ts';
import type { Backend, Program } from '../backends/backend.ts';
import { ArgumentError } from '../errors.ts';
import { composeModels } from '../graph/compose.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../models/model.ts';
import { platform } from '../platform/index.ts';
import { readClip } from './clip.ts';
import { listedFile } from './files.ts';
import { type Answer, balanced, confusionOf, recallOf } from './recall.ts';

/** A clip is its first seconds, the mean of its channels. */
const clipSeconds = 3;

export interface Evaluation {
  readonly clips: number;
  /** Mean recall over the labels that occur, for each graph. */
  readonly balanced: readonly number[];
  /** Clips on which the first graph and another one disagree, for each graph. */
  readonly changed: readonly number[];
}

/**
 * Judges each graph on the clips of a list: a TSV with a header row, a column `file` (relative to `folder`, by default
 * the list's own), and any column that holds the model's labels; rows without one are passed over.
 */
export async function evaluateGraphs(
  graphs: readonly Graph[],
  model: Model,
  list: string,
  folder: string | undefined,
  backend: Backend,
): Promise<Evaluation> {
  if (model.sampleRate !== innerRate)
    throw new ArgumentError('--evaluate', `a model for ${model.sampleRate} Hz`, `a model for ${innerRate} Hz`);
  const clips = parseList(new TextDecoder().decode(await platform.readFile(list)), list, model.labels);
  const step = model.features.hop * model.framesPerStep;
  const composed = graphs.map((graph) => composeModels([{ ...model, graph }]));
  const answers = graphs.map((): Answer[] => []);
  const programs = new Map<string, Promise<Program>>();
  for (const { file, label } of clips) {
    const clip = await readClip(listedFile(list, file, folder), clipSeconds);
    const pcm = Int16Array.from(clip, (sample) => 32768 * sample);
    const samples = Math.floor(pcm.length / step) * step;
    if (samples === 0) continue;
    for (const [i, graph] of composed.entries()) {
      const key = `${i} ${samples}`;
      if (!programs.has(key)) programs.set(key, backend.prepare(graph, { batch: 1, samples }));
      const [probabilities] = await (await programs.get(key)!).run([pcm.subarray(0, samples)]);
      answers[i].push({ truth: label, answer: winner(probabilities, model.labels) });
    }
  }
  for (const program of programs.values()) (await program).dispose();
  return {
    clips: answers[0].length,
    balanced: answers.map((own) => balanced(recallOf(confusionOf(own, model.labels)))),
    changed: answers.map((own) => own.filter(({ answer }, clip) => answer !== answers[0][clip].answer).length),
  };
}

function parseList(text: string, list: string, labels: readonly string[]): { file: string; label: string }[] {
  const [header = [], ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => line.split('\t').map((cell) => cell.trim()));
  const at = header.indexOf('file');
  if (at < 0)
    throw new ArgumentError(
      '--evaluate',
      `${list}, which has no column "file"`,
      'a tab-separated list with a header row',
    );
  const clips = rows.flatMap((row) => {
    const label = row.find((cell, column) => column !== at && labels.includes(cell));
    return label && row[at] ? [{ file: row[at], label }] : [];
  });
  if (clips.length === 0)
    throw new ArgumentError(
      '--evaluate',
      `${list}, which names none of ${labels.join(', ')}`,
      "a list with the model's labels in one of its columns",
    );
  return clips;
}

/** The label of the largest mean probability over the steps. */
function winner(probabilities: Float32Array, labels: readonly string[]): string {
  const sums = labels.map((_, label) => {
    let sum = 0;
    for (let i = label; i < probabilities.length; i += labels.length) sum += probabilities[i];
    return sum;
  });
  return labels[sums.indexOf(Math.max(...sums))];
}
