/** ONNX files as they stand: nodes, tensors and named inputs, checked for sense but not yet understood. */
import { ConversionError } from '../errors.ts';
import { fromHalf } from '../graph/half.ts';
import { sizeOf } from '../graph/tensor.ts';
import {
  type DataType,
  dataTypeName,
  type GraphProto,
  modelProto,
  type NodeProto,
  type TensorProto,
  type ValueProto,
} from './schema.ts';

export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly type: DataType;
  readonly values: Float32Array | readonly number[];
}

export interface OnnxInput {
  readonly name: string;
  readonly type: DataType;
  /** A name, a number, or undefined where the file doesn't say; undefined as a whole where the rank isn't known. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** The graph of a file, or of a branch of one of its nodes. */
export interface OnnxGraph {
  readonly nodes: readonly NodeProto[];
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

export interface OnnxModel extends OnnxGraph {
  readonly source: string;
  readonly opset: number;
  readonly external: ExternalFiles;
}

export const opsets = { oldest: 1, newest: 24 } as const;
const rankLimit = 8;

const integerTypes: readonly DataType[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'bool',
  'uint32',
  'uint64',
];
const floatTypes: readonly DataType[] = ['float32', 'float16', 'double', 'bfloat16'];
export const isFloat = (type: DataType): boolean => floatTypes.includes(type);
export const isInteger = (type: DataType): boolean => integerTypes.includes(type);

/** The bytes of a file that lies in the ONNX file's folder or below it; throws where it can't be read. */
export type ExternalFiles = (location: string) => Uint8Array;

const noExternalFiles: ExternalFiles = () => {
  throw new Error('the files beside the ONNX file were not given');
};

/** Reads an ONNX file from memory. `source` is what errors call it; tensors may lie in files that `external` reads. */
export function readOnnx(bytes: Uint8Array, source: string, external = noExternalFiles): OnnxModel {
  const fail = (reason: string, cause?: unknown): never => {
    throw new ConversionError(source, reason, undefined, { cause });
  };
  let model: ReturnType<typeof modelProto.decode>;
  try {
    model = modelProto.decode(bytes);
  } catch (error) {
    return fail(`it is no ONNX file, or is cut off or damaged: ${(error as Error).message}`, error);
  }
  const { graph, operatorSets } = model;
  if (!graph || operatorSets.length === 0) return fail('it is no ONNX model: it has no graph or no operator set');
  const opset = operatorSets.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 0;
  if (opset < opsets.oldest || opset > opsets.newest)
    return fail(`it uses operator set ${opset}; versions ${opsets.oldest} to ${opsets.newest} are supported`);
  return { source, opset, external, ...readGraph(graph, source, external) };
}

/** Where an ONNX file says that tensors of it lie: places as seen from its folder. */
export function externalLocations(bytes: Uint8Array): string[] {
  const locations = (graph: GraphProto | undefined): string[] =>
    (graph?.initializer ?? []).flatMap(({ dataLocation, externalData: entries }) =>
      dataLocation === 1 ? entries.flatMap(({ key, value }) => (key === 'location' && value ? [value] : [])) : [],
    );
  try {
    return [...new Set(locations(modelProto.decode(bytes).graph))];
  } catch {
    // Whoever reads the file says what is wrong with it.
    return [];
  }
}

/** Reads the graph of a file or of an attribute. Throws ConversionError. */
export function readGraph(graph: GraphProto, source: string, external: ExternalFiles): OnnxGraph {
  const fail = (reason: string, cause?: unknown): never => {
    throw new ConversionError(source, reason, undefined, { cause });
  };
  if (graph.sparseInitializer.length > 0) return fail('it holds sparse tensors, which are not supported');
  const tensors = new Map<string, OnnxTensor>();
  for (const tensor of graph.initializer) {
    if (tensors.has(tensor.name ?? '')) fail(`tensor "${tensor.name}" is there twice`);
    try {
      tensors.set(tensor.name ?? '', readTensor(tensor, external));
    } catch (error) {
      fail(`tensor "${tensor.name}": ${(error as Error).message}`, error);
    }
  }
  return {
    nodes: reachableNodes(graph),
    tensors,
    // Before IR version 4 initializers are listed among the inputs as well.
    inputs: graph.input.filter(({ name }) => !tensors.has(name ?? '')).map((input) => readInput(input, fail)),
    outputs: graph.output.map(({ name }) => name || fail('an output has no name')),
  };
}

function readInput({ name, type }: ValueProto, fail: (reason: string) => never): OnnxInput {
  const tensor = type?.tensorType;
  if (!name || !tensor) return fail(`input "${name}" is no tensor`);
  const elementType = dataTypeName(tensor.elementType) as DataType;
  return { name, type: elementType, shape: tensor.shape?.dim.map(({ value, symbol }) => symbol || value) };
}

/** The nodes that outputs depend on; the others need not be understood. */
function reachableNodes(graph: GraphProto): NodeProto[] {
  const wanted = new Set(graph.output.map(({ name }) => name ?? ''));
  const kept: NodeProto[] = [];
  for (const node of [...graph.node].reverse()) {
    if (!node.output.some((name) => name !== '' && wanted.has(name))) continue;
    kept.push(node);
    for (const name of usedBy(node)) wanted.add(name);
  }
  return kept.reverse();
}

/** What a node reads: its inputs, and what its branches take from the graph around them. */
function usedBy({ input, attribute }: NodeProto): string[] {
  return [...input, ...attribute.flatMap(({ g }) => (g ? [...g.node.flatMap(usedBy), ...g.output.map(nameOf)] : []))];
}

const nameOf = ({ name }: ValueProto): string => name ?? '';

/** Decodes a tensor; floats of any width become float32, whole numbers stay numbers. Throws Error. */
export function readTensor(tensor: TensorProto, external = noExternalFiles): OnnxTensor {
  const type = dataTypeName(tensor.dataType) as DataType;
  const shape = [...tensor.dims];
  if (!isFloat(type) && !isInteger(type)) throw new Error(`elements of type ${type} are not supported`);
  if (shape.length > rankLimit) throw new Error(`${shape.length} axes are more than ${rankLimit}`);
  if (shape.some((extent) => !(extent >= 0))) throw new Error(`the shape [${shape.join(', ')}] makes no sense`);
  const size = sizeOf(shape);
  const raw = tensor.dataLocation === 1 ? externalData(tensor, external) : tensor.rawData;
  if (raw) return { shape, type, values: fromBytes(raw, type, size) };
  const typed = typedValues(tensor, type);
  if (typed.length !== size)
    throw new Error(`shape [${shape.join(', ')}] needs ${size} elements, but there are ${typed.length}`);
  return { shape, type, values: isFloat(type) ? Float32Array.from(typed) : typed };
}

function typedValues(tensor: TensorProto, type: DataType): readonly number[] {
  if (type === 'float32') return tensor.floatData;
  if (type === 'double') return tensor.doubleData;
  if (type === 'float16') return tensor.int32Data.map(fromHalf);
  if (type === 'bfloat16')
    return Array.from(new Float32Array(Uint32Array.from(tensor.int32Data, (bits) => bits << 16).buffer));
  if (type === 'int64') return tensor.int64Data;
  if (type === 'uint32' || type === 'uint64') throw new Error(`elements of type ${type} must be in raw_data`);
  return tensor.int32Data;
}

const byteWidths: Partial<Record<DataType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  double: 8,
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
};

function fromBytes(bytes: Uint8Array, type: DataType, size: number): Float32Array | number[] {
  const width = byteWidths[type]!;
  if (bytes.length !== size * width)
    throw new Error(`${size} elements of ${type} need ${size * width} bytes, but there are ${bytes.length}`);
  const { buffer } = new Uint8Array(bytes);
  switch (type) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case 'bfloat16':
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    case 'double':
      return Float32Array.from(new Float64Array(buffer));
    case 'int64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'uint64':
      return Array.from(new BigUint64Array(buffer), Number);
    case 'int32':
      return Array.from(new Int32Array(buffer));
    case 'uint32':
      return Array.from(new Uint32Array(buffer));
    case 'int16':
      return Array.from(new Int16Array(buffer));
    case 'uint16':
      return Array.from(new Uint16Array(buffer));
    case 'int8':
      return Array.from(new Int8Array(buffer));
    default:
      return Array.from(bytes);
  }
}

/** Whether a location stays within the folder that it starts from. */
function staysInside(location: string): boolean {
  let depth = 0;
  const inside = location.split(/[\\/]/).every((part) => {
    if (part === '..') depth--;
    else if (part !== '.' && part !== '') depth++;
    return depth >= 0;
  });
  return inside && !/^([\\/]|[a-z]:)/i.test(location);
}

/** Bytes of a tensor that lies in another file of the same folder. */
function externalData(tensor: TensorProto, external: ExternalFiles): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value ?? '']));
  const location = entries.get('location') ?? '';
  if (location === '' || !staysInside(location)) {
    throw new Error(`its data lies in "${location}", which is not in the folder of the ONNX file`);
  }
  const offset = Number(entries.get('offset') ?? 0);
  let file: Uint8Array;
  try {
    file = external(location);
  } catch (error) {
    throw new Error(`its data lies in "${location}", which can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const length = Number(entries.get('length') ?? file.length - offset);
  if (!(offset >= 0 && length >= 0 && offset + length <= file.length))
    throw new Error(`its data reaches beyond the end of "${location}"`);
  return file.subarray(offset, offset + length);
}
