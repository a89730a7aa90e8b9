/** How two versions of a model differ. */

import { sameShape } from '../graph/tensor.ts';
import type { StoredNetwork } from '../models/model.ts';
import type { ModelFile } from '../models/model-file.ts';
import { table } from './describe.ts';

/** A line for each difference; an empty text if there is none. */
export function diffFiles(a: ModelFile, b: ModelFile): string {
  return [...metadataChanges(a.network, b.network), ...nodeChanges(a.network, b.network), ...tensorChanges(a, b)]
    .map((line) => `${line}\n`)
    .join('');
}

function metadataChanges(a: StoredNetwork, b: StoredNetwork): string[] {
  const { graph: _a, ...before } = a;
  const { graph: _b, ...after } = b;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [old, now] = [before, after].map((metadata) => JSON.stringify(metadata[field as keyof typeof metadata]));
    return old === now ? [] : [`${field}: ${old} -> ${now}`];
  });
}

function nodeChanges({ graph: a }: StoredNetwork, { graph: b }: StoredNetwork): string[] {
  const say = ({ op, inputs, attributes }: StoredNetwork['graph']['nodes'][number]): string =>
    `${op} of ${inputs.map((name) => name || '-').join(', ')} ${JSON.stringify(attributes)}`;
  const [before, after] = [a, b].map((graph) => new Map(graph.nodes.map((node) => [node.name, say(node)])));
  const lines: string[] = [];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined) lines.push(`node "${name}" is gone: ${old}`);
    else if (now !== old) lines.push(`node "${name}": ${old} -> ${now}`);
  }
  for (const [name, now] of after) if (!before.has(name)) lines.push(`node "${name}" is new: ${now}`);
  return lines;
}

function tensorChanges(a: ModelFile, b: ModelFile): string[] {
  const lines: string[] = [];
  const rows: string[][] = [];
  const [before, after] = [a.network.graph.constants, b.network.graph.constants];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (!now) lines.push(`tensor "${name}" is gone`);
    else if (!sameShape(old.shape, now.shape))
      lines.push(`tensor "${name}": [${old.shape.join(', ')}] -> [${now.shape.join(', ')}]`);
    else {
      if (a.encodings.get(name) !== b.encodings.get(name))
        lines.push(`tensor "${name}": ${a.encodings.get(name)} -> ${b.encodings.get(name)}`);
      let [largest, squares, magnitude] = [0, 0, 0];
      for (let i = 0; i < old.data.length; i++) {
        const difference = Math.abs(old.data[i] - now.data[i]);
        largest = Math.max(largest, difference);
        squares += difference ** 2;
        magnitude += old.data[i] ** 2;
      }
      if (largest > 0)
        rows.push([
          `tensor "${name}"`,
          `largest change ${largest.toPrecision(3)}`,
          `relative ${Math.sqrt(squares / (magnitude || 1)).toPrecision(3)}`,
        ]);
    }
  }
  for (const name of after.keys()) if (!before.has(name)) lines.push(`tensor "${name}" is new`);
  return rows.length > 0 ? [...lines, table(rows).trimEnd()] : lines;
}
