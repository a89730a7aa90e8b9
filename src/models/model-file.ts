/**
 * The model file: weights/model.proto, read and written. The format is a contract; docs/model-format.md is its text.
 * Nothing of a file is believed: sizes are held against the bytes that are there before anything is allocated.
 */
import { ModelFileError } from '../errors.ts';
import {
  type AttributeValue,
  checkGraph,
  type ElementType,
  type Graph,
  type GraphInput,
  type GraphNode,
} from '../graph/graph.ts';
import { sizeOf, type Tensor } from '../graph/tensor.ts';
import { opNamed } from '../ops/index.ts';
import { type FilePlace, platform } from '../platform/index.ts';
import type { Model, StoredNetwork } from './model.ts';
import {
  type AttributeMessage,
  type GraphMessage,
  type InputMessage,
  type ModelMessage,
  modelFileType,
  modelType,
  type NodeMessage,
  type TensorMessage,
} from './model-schema.ts';
import { bytesPerElement, decodeWeights, type Encoding, encodeWeights, encodings } from './weights.ts';

const formatVersion = 2;
const magic = 'undertone model';
/** The magic as a string field number 1: how every model file begins. */
const beginning = Uint8Array.from([0x0a, magic.length, ...Array.from(magic, (letter) => letter.charCodeAt(0))]);
const elementTypes: readonly ElementType[] = ['float32', 'int16'];
const rankLimit = 8;
const modelName = /^[a-z][a-z0-9_-]*$/i;

export interface ModelFile {
  readonly formatVersion: number;
  /** SHA-256 of what the file holds, in hexadecimal digits. */
  readonly checksum: string;
  readonly network: StoredNetwork;
  /** The same as a model that listens to audio; undefined where the file says nothing of that. */
  readonly model: Model | undefined;
  /** How each constant of the graph is stored. */
  readonly encodings: ReadonlyMap<string, Encoding>;
}

export interface WriteOptions {
  /** How kernels and matrices are stored; vectors stay float32. Default float32. */
  readonly weights?: Encoding;
}

/** Whether these are the bytes of a model file, as far as their beginning tells. */
export function isModelFile(bytes: Uint8Array): boolean {
  return beginning.every((byte, i) => byte === bytes[i]);
}

/** Reads a model file from where it lies. Throws ModelFileError. */
export async function loadModel(place: FilePlace): Promise<Model> {
  const name = platform.nameOf(place);
  const bytes = await platform.readFile(place).catch((error: Error) => {
    throw new ModelFileError(name, `it can't be read: ${error.message}`, { cause: error });
  });
  return readModel(bytes, name);
}

/** Reads a model file from memory; `source` is what errors call it. Throws ModelFileError. */
export function readModel(bytes: Uint8Array, source = 'data'): Model {
  const { model, network } = readModelFile(bytes, source);
  if (model) return model;
  throw new ModelFileError(
    source,
    `it holds the plain network "${network.name}", which states no audio features: Network of ` +
      `undertone/network runs it, an engine can't listen with it`,
  );
}

/** Like `readModel`, with what is only of interest for inspection. */
export function readModelFile(bytes: Uint8Array, source = 'data'): ModelFile {
  const { payload, checksum, version } = openEnvelope(bytes, source);
  const message = decode(() => modelType.decode(payload), source);
  try {
    const { graph, encodings } = readGraph(required(message.graph, 'graph'));
    const model = message.features ? readMetadata(message, graph, version) : undefined;
    return { formatVersion: version, checksum, network: model ?? readNetwork(message, graph), model, encodings };
  } catch (error) {
    throw new ModelFileError(source, (error as Error).message, { cause: error });
  }
}

/** The bytes of a model file of the present format version. */
export function writeModel(model: Model | StoredNetwork, { weights = 'float32' }: WriteOptions = {}): Uint8Array {
  checkGraph(model.graph);
  const { graph, ...metadata } = model;
  const payload = modelType.encode({ ...nothing, ...metadata, graph: writeGraph(graph, weights) });
  return modelFileType.encode({
    magic,
    formatVersion,
    checksum: platform.sha256(payload),
    payload,
  });
}

/** A message of no fields. */
const nothing = modelType.decode(new Uint8Array(0));

function openEnvelope(bytes: Uint8Array, source: string): { payload: Uint8Array; checksum: string; version: number } {
  if (!isModelFile(bytes)) {
    const cut = bytes.length < beginning.length && bytes.every((byte, i) => byte === beginning[i]);
    throw new ModelFileError(source, cut ? `it is cut off after ${bytes.length} bytes` : 'it is not a model file');
  }
  const { formatVersion: version = 0, checksum, payload } = decode(() => modelFileType.decode(bytes), source);
  if (version > formatVersion) {
    throw new ModelFileError(
      source,
      `it is of format version ${version}, but this release reads versions up to ${formatVersion}; update undertone`,
    );
  }
  if (version < 1 || !checksum || !payload)
    throw new ModelFileError(source, `it is cut off or damaged (${bytes.length} bytes)`);
  const actual = platform.sha256(payload);
  if (hexadecimal(actual) !== hexadecimal(checksum))
    throw new ModelFileError(source, 'it was altered: its contents do not have the checksum it states');
  return { payload, checksum: hexadecimal(actual), version };
}

export function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function decode<T>(read: () => T, source: string): T {
  try {
    return read();
  } catch (error) {
    throw new ModelFileError(source, `it is cut off or damaged: ${(error as Error).message}`, { cause: error });
  }
}

function readNetwork({ name, version, labels, training, conversion }: ModelMessage, graph: Graph): StoredNetwork {
  return {
    name: required(name, 'name'),
    version: positive(version, 'version'),
    labels: [...labels],
    training: training || '{}',
    conversion: conversion || '{}',
    graph,
  };
}

function readMetadata(message: ModelMessage, graph: Graph, fileVersion: number): Model {
  const { name, version, labels, sampleRate, features, framesPerStep, receptiveField, unknownCutoff, warmupWeights } =
    message;
  const model: Model = {
    name: required(name, 'name'),
    version: positive(version, 'version'),
    labels: [...labels],
    sampleRate: positive(sampleRate, 'sample rate'),
    features: {
      kind: required(features?.kind, 'feature kind') as 'logmel',
      frame: positive(features?.frame, 'frame'),
      hop: positive(features?.hop, 'hop'),
      bands: positive(features?.bands, 'bands'),
    },
    framesPerStep: positive(framesPerStep, 'frames per step'),
    receptiveField: positive(receptiveField, 'receptive field'),
    unknownCutoff: unknownCutoff ?? 0,
    ...(message.independent ? { independent: true } : {}),
    gate: fileVersion === 1 ? gateOfVersion1(name) : (message.gate ?? ''),
    warmupWeights: [...warmupWeights],
    training: message.training || '{}',
    conversion: message.conversion || '{}',
    graph,
  };
  checkMetadata(model);
  return model;
}

/** Files of version 1 name no gate: `speech` was the gate of all other models. */
function gateOfVersion1(name: string | undefined): string {
  return name === 'speech' ? '' : 'speech';
}

/** Throws where metadata makes no sense; used when a file is read and before one is made. */
export function checkMetadata({
  name,
  labels,
  features,
  unknownCutoff,
  gate,
  warmupWeights,
}: Omit<Model, 'graph'>): void {
  const fail = (reason: string): never => {
    throw new Error(reason);
  };
  if (!modelName.test(name)) fail(`its name is ${JSON.stringify(name)}, but it must be a word`);
  if (labels.length < 2 || new Set(labels).size !== labels.length || labels.includes(''))
    fail(`its labels are [${labels.join(', ')}], but it needs two or more different ones`);
  if (features.kind !== 'logmel')
    fail(`its features are of kind ${JSON.stringify(features.kind)}, but only logmel is known`);
  if (!(unknownCutoff >= 0 && unknownCutoff <= 1))
    fail(`its unknown cut-off is ${unknownCutoff}, but it must be between 0 and 1`);
  if (gate !== '' && !modelName.test(gate)) fail(`its gate is ${JSON.stringify(gate)}, but it must be a model's name`);
  if (gate === name) fail(`its gate is ${JSON.stringify(gate)}, which is the model itself`);
  if (warmupWeights.some((weight) => !(weight >= 0 && Number.isFinite(weight))))
    fail('a warm-up weight is negative or no number');
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined || value === '') throw new Error(`its ${what} is missing`);
  return value;
}

function positive(value: number | undefined, what: string): number {
  if (!value) throw new Error(`its ${what} is missing or 0`);
  return value;
}

function readGraph(message: GraphMessage): { graph: Graph; encodings: Map<string, Encoding> } {
  const constants = new Map<string, Tensor>();
  const stored = new Map<string, Encoding>();
  for (const part of message.tensors) {
    const name = required(part.name, 'tensor name');
    if (constants.has(name)) throw new Error(`tensor "${name}" is there twice`);
    stored.set(name, encodings[part.encoding ?? 0]);
    constants.set(name, readTensor(name, part));
  }
  const graph = {
    inputs: message.inputs.map(readInput),
    nodes: message.nodes.map(readNode),
    constants,
    outputs: [...message.outputs],
  };
  if (graph.inputs.length === 0) throw new Error('graph: it has no inputs');
  checkGraph(graph);
  graph.nodes.forEach(opNamed);
  return { graph, encodings: stored };
}

function readTensor(name: string, { shape, encoding = 0, data = new Uint8Array(0), scales }: TensorMessage): Tensor {
  const known = encodings[encoding];
  if (!known) throw new Error(`tensor "${name}" has the unknown encoding ${encoding}`);
  if (shape.length > rankLimit) throw new Error(`tensor "${name}" has ${shape.length} axes, more than ${rankLimit}`);
  const size = sizeOf(shape);
  if (shape.includes(0) || size * bytesPerElement[known] !== data.length) {
    throw new Error(`tensor "${name}" of shape [${shape.join(', ')}] can't have ${data.length} bytes of ${known}`);
  }
  if (known === 'int8' && scales?.length !== 4 * (shape.at(-1) ?? 1))
    throw new Error(`tensor "${name}" has ${scales?.length ?? 0} bytes of scales`);
  return { shape: [...shape], data: decodeWeights({ encoding: known, data, scales }, shape) };
}

function readInput({ name, shape, type = 0 }: InputMessage): GraphInput {
  const elementType = elementTypes[type];
  if (!elementType) throw new Error(`input "${name}" has the unknown element type ${type}`);
  if (shape.length > rankLimit) throw new Error(`input "${name}" has ${shape.length} axes, more than ${rankLimit}`);
  const dimensions = shape.map(({ extent, name: symbol }) =>
    extent === undefined ? required(symbol, 'dimension name') : positive(extent, 'input extent'),
  );
  return { name: required(name, 'input name'), shape: dimensions, type: elementType };
}

function readNode({ name, op, inputs, outputs, attributes }: NodeMessage): GraphNode {
  return {
    name: required(name, 'node name'),
    op: required(op, 'op'),
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: Object.fromEntries(
      attributes.map((attribute) => [required(attribute.name, 'attribute name'), readAttribute(attribute)]),
    ),
  };
}

function readAttribute({ name, number, text, list }: AttributeMessage): AttributeValue {
  const values = [number, text, list && [...list.values]].filter((value) => value !== undefined);
  if (values.length !== 1) throw new Error(`attribute "${name}" has ${values.length} values`);
  return values[0];
}

function writeGraph(graph: Graph, weights: Encoding): GraphMessage {
  return {
    inputs: graph.inputs.map(({ name, shape, type }) => ({
      name,
      shape: shape.map((dimension) =>
        typeof dimension === 'number' ? { extent: dimension, name: undefined } : { extent: undefined, name: dimension },
      ),
      type: elementTypes.indexOf(type),
    })),
    nodes: graph.nodes.map((node) => ({ ...node, attributes: Object.entries(node.attributes).map(writeAttribute) })),
    outputs: graph.outputs,
    tensors: [...graph.constants].map(([name, { shape, data }]) => {
      const { encoding, ...bytes } = encodeWeights(
        Float32Array.from(data),
        shape,
        shape.length >= 2 ? weights : 'float32',
      );
      return { name, shape, encoding: encodings.indexOf(encoding), scales: undefined, ...bytes };
    }),
  };
}

function writeAttribute([name, value]: [string, AttributeValue]): AttributeMessage {
  return {
    name,
    number: typeof value === 'number' ? value : undefined,
    text: typeof value === 'string' ? value : undefined,
    list: typeof value === 'object' ? { values: value } : undefined,
  };
}
