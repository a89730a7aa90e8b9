/** meta.json: what a model file says about its network beyond the network itself. */
import { ArgumentError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import type { FeatureSettings, ModelMetadata } from '../models/model.ts';
import { checkMetadata } from '../models/model-file.ts';
import { opNamed } from '../ops/index.ts';
import { fileName } from '../platform/paths.ts';

export type ConversionMetadata = Omit<ModelMetadata, 'conversion'>;

type Reader<T> = (value: unknown, name: string) => T;

const fail = (name: string, value: unknown, allowed: string): never => {
  throw new ArgumentError(`meta.${name}`, value === undefined ? 'nothing' : JSON.stringify(value), allowed);
};
const word: Reader<string> = (value, name) =>
  typeof value === 'string' && value !== '' ? value : fail(name, value, 'a text');
const count: Reader<number> = (value, name) =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31
    ? (value as number)
    : fail(name, value, 'a positive whole number');
const fraction: Reader<number> = (value, name) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : fail(name, value, 'a number from 0 to 1');
const list =
  <T>(element: Reader<T>): Reader<readonly T[]> =>
  (value, name) =>
    Array.isArray(value) ? value.map((item, i) => element(item, `${name}[${i}]`)) : fail(name, value, 'a list');

function features(value: unknown, name: string): FeatureSettings {
  const { kind, frame, hop, bands, ...others } = record(value, name);
  refuseOthers(others, `${name}.`);
  if (kind !== 'logmel') fail(`${name}.kind`, kind, '"logmel"');
  return {
    kind: 'logmel',
    frame: count(frame, `${name}.frame`),
    hop: count(hop, `${name}.hop`),
    bands: count(bands, `${name}.bands`),
  };
}

function record(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(name, value, 'an object');
}

function refuseOthers(others: Record<string, unknown>, prefix: string): void {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(`${prefix}${unknown}`, others[unknown], 'left out: there is no such field');
}

/** A model that tells speech from other sounds answers for every sound; any other is taken for a voice model. */
function usualGate(labels: unknown): string {
  return Array.isArray(labels) && labels.includes('speech') ? '' : 'speech';
}

/** Reads the JSON of a meta file. Throws ArgumentError that names the field. */
export function parseMetadata(json: unknown): ConversionMetadata {
  const {
    name,
    version,
    labels,
    sampleRate,
    features: geometry,
    framesPerStep,
    receptiveField,
    unknownCutoff,
    gate,
    warmupWeights,
    training,
    ...others
  } = record(json, '');
  refuseOthers(others, '');
  const metadata: ConversionMetadata = {
    name: word(name, 'name'),
    version: count(version, 'version'),
    labels: list(word)(labels, 'labels'),
    sampleRate: count(sampleRate, 'sampleRate'),
    features: features(geometry, 'features'),
    framesPerStep: count(framesPerStep, 'framesPerStep'),
    receptiveField: count(receptiveField, 'receptiveField'),
    unknownCutoff: fraction(unknownCutoff ?? 0, 'unknownCutoff'),
    gate: gate === '' ? '' : gate === undefined ? usualGate(labels) : word(gate, 'gate'),
    warmupWeights: list(fraction)(warmupWeights ?? [], 'warmupWeights'),
    training: JSON.stringify(training ?? {}),
  };
  try {
    checkMetadata({ ...metadata, conversion: '{}' });
  } catch (error) {
    throw new ArgumentError('meta', (error as Error).message, 'consistent');
  }
  return metadata;
}

/** What can be told of a network without a meta file: enough to hold and inspect it, not to listen with it. */
export function inferMetadata(graph: Graph, source: string): ConversionMetadata {
  const [plan] = probe(graph);
  const [input, output] = [plan.shapes.get(graph.inputs[0].name)!, plan.shapes.get(graph.outputs[0])!];
  const name =
    fileName(source)
      .replace(/\.[^.]*$/, '')
      .replace(/[^a-z0-9_-]/gi, '_')
      .replace(/^[^a-z]*/i, '') || 'model';
  return {
    name,
    version: 1,
    labels: Array.from({ length: Math.min(1000, output.at(-1)!) }, (_, i) => `class${i}`),
    sampleRate: 16000,
    features: { kind: 'logmel', frame: 512, hop: 256, bands: input.at(-1)! },
    framesPerStep: Math.max(1, Math.round((input[1] ?? 1) / (output[1] ?? 1))),
    receptiveField: 1,
    unknownCutoff: 0,
    gate: '',
    warmupWeights: [],
    training: '{}',
  };
}

/** Why an engine could not listen with this network; empty if it can. */
export function contractBreaches(
  graph: Graph,
  { features: { bands }, framesPerStep, labels }: ConversionMetadata,
): string[] {
  const breaches: string[] = [];
  const [plan, other] = probe(graph);
  const [input] = graph.inputs;
  const shape = input.shape;
  if (
    graph.inputs.length !== 1 ||
    shape.length !== 3 ||
    shape[0] !== 'batch' ||
    shape[1] !== 'time' ||
    shape[2] !== bands
  ) {
    breaches.push(
      `its inputs are ${graph.inputs.map(({ name, shape: dimensions }) => `${name} [${dimensions.join(', ')}]`).join(', ')}, not one of [batch, time, ${bands}]`,
    );
    return breaches;
  }
  for (const { shapes, bindings } of [plan, other]) {
    const output = shapes.get(graph.outputs[0])!;
    const expected = [bindings.batch, bindings.time / framesPerStep, labels.length];
    if (output.length !== 3 || output.some((extent, axis) => extent !== expected[axis])) {
      breaches.push(
        `its output is [${output.join(', ')}] where the metadata say [${expected.join(', ')}] (batch, time / framesPerStep, labels)`,
      );
      break;
    }
  }
  if (!plan.streamable) {
    const blocking = plan.nodes
      .filter(({ node, inputShapes }) => opNamed(node).state(node, inputShapes) === undefined)
      .map(({ node }) => `"${node.name}" (${node.op})`);
    breaches.push(
      `it can't be streamed, because ${blocking.slice(0, 3).join(', ')}${blocking.length > 3 ? ` and ${blocking.length - 3} more` : ''} would have to look ahead`,
    );
  }
  return breaches;
}
