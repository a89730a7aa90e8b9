/** Where a network comes from: a model file or an ONNX file, as one graph for all sizes or as one for each. */
import { ArgumentError, ConversionError, describe } from '../errors.ts';
import type { Graph, GraphInput } from '../graph/graph.ts';
import { isModelFile, readModelFile } from '../models/model-file.ts';
import type { ImportOptions } from '../onnx/index.ts';
import { declareInputs, fixInputs } from '../onnx/inputs.ts';
import { lowered } from '../onnx/lowered.ts';
import { type ExternalFiles, externalLocations, isFloat, readOnnx } from '../onnx/reader.ts';
import { Axes } from '../onnx/symbols.ts';
import { type FilePlace, platform } from '../platform/index.ts';
import type { Settled } from './tensors.ts';

export interface NetworkSource {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  /** The graph for every size; undefined where its form depends on the size or on whole numbers that are given. */
  readonly graph: Graph | undefined;
  /** Why there is none. */
  readonly reason?: string;
  /** The graph for these inputs alone, whole numbers taken as constants; its inputs are those left. */
  readonly specialise?: ((settled: Settled) => { readonly key: string; make(): Graph }) | undefined;
}

/** Opens a file by what it begins with. Throws ModelFileError, ConversionError, ArgumentError. */
export async function openSource(source: FilePlace | Uint8Array, options: ImportOptions): Promise<NetworkSource> {
  if (source instanceof Uint8Array) return fromBytes(source, 'data', options);
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new ArgumentError('source', describe(source), 'a path, a URL, or the bytes of a model file or an ONNX file');
  const bytes = await platform.readFile(source);
  return fromBytes(bytes, platform.nameOf(source), { ...options, external: await filesBeside(source, bytes) });
}

function fromBytes(bytes: Uint8Array, name: string, options: ImportOptions): NetworkSource {
  if (!isModelFile(bytes)) return fromOnnx(bytes, name, options);
  const settled = Object.keys({ ...options.dims, ...options.inputs });
  if (settled.length > 0)
    throw new ArgumentError('dims and inputs', settled.join(', '), 'left out for a model file, where they are settled');
  const { graph } = readModelFile(bytes, name).network;
  return { name, inputs: graph.inputs, outputs: graph.outputs, graph };
}

function fromOnnx(bytes: Uint8Array, name: string, options: ImportOptions): NetworkSource {
  try {
    const { graph, model } = lowered(bytes, name, options);
    // Whole numbers, such as a rate, choose branches: known ones leave less to compute.
    const whole = model.inputs.some(({ type }) => !isFloat(type));
    const special = whole ? specialSource(bytes, name, options) : undefined;
    return { name, inputs: graph.inputs, outputs: graph.outputs, graph, specialise: special?.specialise };
  } catch (error) {
    const special = error instanceof ConversionError ? specialSource(bytes, name, options) : undefined;
    if (!special) throw error;
    return { ...special, reason: (error as Error).message };
  }
}

/** One graph for each size and each choice of whole numbers; undefined where all of those are known. */
function specialSource(bytes: Uint8Array, name: string, options: ImportOptions): NetworkSource | undefined {
  const model = fixInputs(readOnnx(bytes, name, options.external), options.inputs ?? {});
  const inputs = declareInputs(model, new Axes(options.dims));
  const whole = new Set(model.inputs.filter(({ type }) => !isFloat(type)).map((input) => input.name));
  if (whole.size === 0 && !inputs.some(({ shape }) => shape.some((extent) => typeof extent === 'string')))
    return undefined;
  return {
    name,
    inputs,
    outputs: model.outputs,
    graph: undefined,
    specialise({ tensors, bindings }) {
      const values = inputs.flatMap((input, i) => (whole.has(input.name) ? [[input.name, tensors[i]] as const] : []));
      const key = JSON.stringify([bindings, values.map(([, { data, shape }]) => [shape, [...data]])]);
      const given = Object.fromEntries(
        values.map(([input, { data, shape }]) => [input, { type: 'int64', shape, values: [...data] } as const]),
      );
      const dims = { ...options.dims, ...bindings };
      return {
        key,
        make: () => lowered(bytes, name, { ...options, dims, inputs: { ...options.inputs, ...given } }).graph,
      };
    },
  };
}

/** The files that hold tensors of an ONNX file, read beforehand. */
async function filesBeside(place: FilePlace, bytes: Uint8Array): Promise<ExternalFiles | undefined> {
  if (isModelFile(bytes)) return undefined;
  const beside = (location: string): FilePlace =>
    place instanceof URL ? new URL(location, place) : place.replace(/[^/\\]*$/, '') + location;
  const isInside = (location: string): boolean => !/^([/\\]|[a-z]+:)|(^|[/\\])\.\.([/\\]|$)/i.test(location);
  const files = new Map<string, Uint8Array>();
  for (const location of externalLocations(bytes).filter(isInside))
    files.set(location, await platform.readFile(beside(location)));
  return (location) => {
    const file = files.get(location);
    if (!file) throw new Error('it was not found beside the ONNX file');
    return file;
  };
}
