/** How often a network is right about labelled clips: what quantized weights cost, in the figure that counts. */
import { decodeFile } from '../audio/decode.ts';
import { innerRate } from '../audio/format.ts';
import { resample } from '../audio/pcm.ts';
import type { Backend, Program } from '../backends/backend.ts';
import { ArgumentError } from '../errors.ts';
import { logMelOf } from '../features/log-mel.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../models/model.ts';
import { platform } from '../platform/index.ts';
import { listedFile } from './files.ts';

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
  const right = graphs.map(() => new Map<string, { hits: number; all: number }>());
  const changed = graphs.map(() => 0);
  const programs = new Map<string, Promise<Program>>();
  for (const { file, label } of clips) {
    const features = await featuresOf(listedFile(list, file, folder), model);
    const time = features.length / model.features.bands;
    if (time === 0) continue;
    let first: string | undefined;
    for (const [i, graph] of graphs.entries()) {
      const key = `${i} ${time}`;
      if (!programs.has(key)) programs.set(key, backend.prepare(graph, { batch: 1, time }));
      const [probabilities] = await (await programs.get(key)!).run([features]);
      const answer = winner(probabilities, model.labels);
      first ??= answer;
      if (answer !== first) changed[i]++;
      const tally = right[i].get(label) ?? { hits: 0, all: 0 };
      right[i].set(label, { hits: tally.hits + (answer === label ? 1 : 0), all: tally.all + 1 });
    }
  }
  for (const program of programs.values()) (await program).dispose();
  const judged = [...right[0].values()].reduce((sum, { all }) => sum + all, 0);
  return {
    clips: judged,
    balanced: right.map((tallies) => mean([...tallies.values()].map(({ hits, all }) => hits / all))),
    changed,
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

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

/** Features of the clip's whole steps, [time, bands]. */
async function featuresOf(path: string, { features, framesPerStep, sampleRate }: Model): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  let [length, rate] = [0, sampleRate];
  for await (const block of decodeFile(path)) {
    rate = block.sampleRate;
    parts.push(
      block.channels.length === 1
        ? block.channels[0]
        : Float32Array.from(block.channels[0], (_, i) => mean(block.channels.map((channel) => channel[i]))),
    );
    length += block.channels[0].length;
    if (length >= clipSeconds * rate) break;
  }
  const samples = new Float32Array(length);
  parts.reduce((at, part) => (samples.set(part, at), at + part.length), 0);
  const pcm = await resample(samples.subarray(0, clipSeconds * rate), rate);
  const step = features.hop * framesPerStep;
  return logMelOf(pcm.subarray(0, Math.floor(pcm.length / step) * step), {
    frame: features.frame,
    hop: features.hop,
    bands: features.bands,
    sampleRate,
  });
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
