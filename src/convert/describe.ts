/** What a model file holds, in words and tables. */
import type { Attributes, Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import { allocate, type Plan, planGraph } from '../graph/plan.ts';
import { symbolicExtents } from '../graph/symbolic.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { ModelFile } from '../models/model-file.ts';
import { bytesPerElement, type Encoding } from '../models/weights.ts';

/** A table with its columns side by side; numbers stand at the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = (text: string): boolean => /^[\d,.]+$/.test(text);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => (isNumber(cell) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

const grouped = (count: number): string =>
  Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

/** Extents that follow the input's, by name: batch, time, time/4. */
function symbolicShape(name: string, plans: readonly [Plan, Plan]): string {
  return `[${symbolicExtents(name, plans).join(', ')}]`;
}

function attributeText(attributes: Attributes): string {
  const dull: Readonly<Record<string, string>> = {
    strides: '1',
    dilations: '1',
    pads: '0',
    groups: '1',
    activation: 'identity',
    direction: 'forward',
    log: '0',
    countPadding: '0',
  };
  return Object.entries(attributes)
    .filter(([name, value]) => !(dull[name] !== undefined && [value].flat().every((one) => `${one}` === dull[name])))
    .map(([name, value]) =>
      Array.isArray(value)
        ? `${name} ${value.length > 8 ? `${value.slice(0, 8).join(' ')} ...` : value.join(' ')}`
        : `${name} ${value as number | string}`,
    )
    .join(', ');
}

/** Everything `undertone inspect FILE` prints. */
export function describeFile({ model, network, formatVersion, checksum, encodings }: ModelFile, size: number): string {
  const file: [string, string][] = [
    ['training', network.training],
    ['conversion', network.conversion],
    ['format', `version ${formatVersion}, ${grouped(size)} bytes`],
    ['checksum', `sha256 ${checksum}`],
  ];
  if (!model) {
    const plain: [string, string][] = [
      ['network', `${network.name}, version ${network.version}; no model of audio`],
      ...(network.labels.length > 0 ? [['labels', network.labels.join(', ')] as [string, string]] : []),
      ...file,
    ];
    const head = table([...plain, ...graphHead(network.graph, encodings), ...costs(network.graph)]);
    return `${head}\n${nodeTable(network.graph)}`;
  }
  const { features } = model;
  const head: [string, string][] = [
    ['model', `${model.name}, version ${model.version}`],
    ['labels', model.labels.join(', ')],
    [
      'features',
      `${features.kind}, ${features.bands} bands, frames of ${features.frame} samples every ${features.hop} at ` +
        `${model.sampleRate} Hz`,
    ],
    [
      'steps',
      `one for ${model.framesPerStep} frames ` +
        `(${((1000 * model.framesPerStep * features.hop) / model.sampleRate).toFixed(0)} ms); sees ` +
        `${model.receptiveField} steps`,
    ],
    ['unknown', model.unknownCutoff > 0 ? `below a margin of ${model.unknownCutoff}` : 'never'],
    ['gate', model.gate || 'none'],
    ['warm-up', model.warmupWeights.length > 0 ? model.warmupWeights.join(', ') : 'none'],
    ...(model.independent ? [['classes', 'independent'] as [string, string]] : []),
    ...file,
  ];
  const seconds = (frames: number): number => (frames * features.hop) / model.sampleRate;
  const length = model.framesPerStep * Math.max(1, Math.round(1 / seconds(model.framesPerStep)));
  return (
    table([...head, ...graphHead(model.graph, encodings), ...costs(model.graph, { length, seconds })]) +
    '\n' +
    nodeTable(model.graph)
  );
}

/** The same of an ONNX network, as the graph it would become. */
export function describeNetwork(graph: Graph, path: string, size: number): string {
  const head: [string, string][] = [
    ['network', path],
    ['format', `ONNX, ${grouped(size)} bytes`],
  ];
  return `${table([...head, ...graphHead(graph, new Map()), ...costs(graph)])}\n${nodeTable(graph)}`;
}

function graphHead(graph: Graph, encodings: ReadonlyMap<string, Encoding>): [string, string][] {
  const plans = probe(graph);
  const parameters = [...graph.constants.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const stored = [...graph.constants].reduce(
    (sum, [name, { shape }]) => sum + sizeOf(shape) * bytesPerElement[encodings.get(name) ?? 'float32'],
    0,
  );
  return [
    [
      'parameters',
      `${grouped(parameters)} in ${graph.constants.size} tensors, ${grouped(stored)} bytes as ` +
        `${[...new Set(encodings.values())].join(' and ') || 'float32'}`,
    ],
    ['inputs', graph.inputs.map((input) => `${input.name} [${input.shape.join(', ')}] ${input.type}`).join('; ')],
    ['outputs', graph.outputs.map((name) => `${name} ${symbolicShape(name, plans)}`).join('; ')],
  ];
}

function nodeTable(graph: Graph): string {
  const plans = probe(graph);
  const rows = graph.nodes.map((node) => {
    const count = node.inputs.reduce(
      (sum, name) => sum + (graph.constants.has(name) ? sizeOf(graph.constants.get(name)!.shape) : 0),
      0,
    );
    return [
      node.name,
      node.op,
      node.outputs.map((name) => symbolicShape(name, plans)).join(' '),
      grouped(count),
      attributeText(node.attributes),
    ];
  });
  return table([['node', 'op', 'output', 'parameters', 'attributes'], ...rows]);
}

/**
 * What a run needs: work (for a second of audio, if it is known what that is), memory at work, and memory of a stream.
 */
function costs(
  graph: Graph,
  audio?: { readonly length: number; readonly seconds: (frames: number) => number },
): [string, string][] {
  let plan: Plan;
  try {
    plan = audio ? planGraph(graph, { batch: 1, time: audio.length }) : probe(graph)[0];
  } catch {
    plan = probe(graph)[0];
  }
  const sizes =
    Object.entries(plan.bindings)
      .map(([name, extent]) => `${name} ${extent}`)
      .join(', ') || 'a run';
  const { batch = 1, time } = plan.bindings;
  const work =
    audio && time !== undefined
      ? `${grouped(plan.multiplyAdds / batch / audio.seconds(time))} for a second of audio`
      : `${grouped(plan.multiplyAdds)} for ${sizes}`;
  const arena = allocate(plan, (name, shape) => (graph.constants.has(name) ? 0 : sizeOf(shape))).length;
  return [
    ['multiply-adds', work],
    ['memory', `${grouped(4 * arena)} bytes of activations for ${sizes}`],
    ['streaming', plan.streamable ? `yes, ${grouped(4 * plan.stateLength)} bytes a stream` : 'no'],
  ];
}
