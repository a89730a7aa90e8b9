/** Builds small ONNX files, with protobufjs and test/onnx/onnx.proto: nothing of the reader under test is used. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { seeded } from '../support/random.ts';

const schema = protobuf
  .parse(readFileSync(new URL('onnx.proto', import.meta.url), 'utf8'), { keepCase: true })
  .root.lookupType('onnx.Model');

/** Values of TensorProto.DataType. */
export const types = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, double: 11 } as const;

/** A tensor as the file holds it; `proto` may replace raw_data by anything else. */
export interface TestTensor {
  readonly tensor: true;
  readonly dims: readonly number[];
  readonly data_type: number;
  readonly [field: string]: unknown;
}

const bytes = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export function floats(dims: readonly number[], data: Iterable<number>): TestTensor {
  return { tensor: true, dims, data_type: types.float32, raw_data: bytes(Float32Array.from(data)) };
}

export function ints(values: readonly number[], dims: readonly number[] = [values.length]): TestTensor {
  return { tensor: true, dims, data_type: types.int64, raw_data: bytes(BigInt64Array.from(values, BigInt)) };
}

export const scalar = (value: number): TestTensor => floats([], [value]);

/** Random floats of moderate size, the same for the same seed and shape. */
export function random(dims: readonly number[], seed = 'weights', scale?: number): TestTensor {
  const source = seeded(`${seed} ${dims}`);
  const size = dims.reduce((a, b) => a * b, 1);
  const by = scale ?? 1 / Math.sqrt(Math.max(1, size / (dims[0] ?? 1)));
  return floats(
    dims,
    Array.from({ length: size }, () => source.normal() * by),
  );
}

/** Marks a whole number as a float attribute. */
export const float = (value: number): { readonly float: number } => ({ float: value });

export type TestAttribute =
  | number
  | string
  | { readonly float: number }
  | readonly number[]
  | readonly string[]
  | { readonly floats: readonly number[] }
  | TestTensor
  | { readonly graph: TestModel };

export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs?: readonly string[] | undefined;
  readonly attributes?: Readonly<Record<string, TestAttribute>> | undefined;
  readonly name?: string;
  readonly domain?: string;
}

export interface TestModel {
  readonly opset?: number;
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly nodes: readonly TestNode[];
  readonly constants?: Readonly<Record<string, TestTensor>>;
  readonly outputs?: readonly string[] | undefined;
  /** Element types of inputs that are not float32. */
  readonly types?: Readonly<Record<string, number>>;
}

function attribute(name: string, value: TestAttribute): Record<string, unknown> {
  if (typeof value === 'number')
    return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: value.floats };
  if ('tensor' in value) return { name, type: 4, t: value };
  if ('graph' in value) return { name, type: 5, g: graphMessage(value.graph) };
  if (typeof value[0] === 'string') return { name, type: 8, strings: value.map((text) => Buffer.from(text as string)) };
  return { name, type: 7, ints: value };
}

const valueInfo = (
  name: string,
  shape: readonly (number | string)[] | undefined,
  type: number = types.float32,
): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      ...(shape
        ? {
            shape: {
              dim: shape.map((extent) => (typeof extent === 'number' ? { dim_value: extent } : { dim_param: extent })),
            },
          }
        : {}),
    },
  },
});

/** The message, for tests that spoil it. An output of a node without names is called `y`. */
export function buildMessage({ opset = 17, ...model }: TestModel): any {
  return {
    ir_version: 8,
    producer_name: 'test',
    opset_import: [{ domain: '', version: opset }],
    graph: graphMessage(model),
  };
}

function graphMessage({ inputs, nodes, constants = {}, outputs = ['y'], types: elements = {} }: TestModel): object {
  return {
    name: 'test',
    node: nodes.map(({ op, inputs: from, outputs: to = ['y'], attributes = {}, name = op, domain = '' }) => ({
      op_type: op,
      name,
      domain,
      input: from,
      output: to,
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    })),
    initializer: Object.entries(constants).map(([name, tensor]) => ({ ...tensor, name })),
    input: Object.entries(inputs).map(([name, shape]) => valueInfo(name, shape, elements[name])),
    output: outputs.map((name) => valueInfo(name, undefined, elements[name])),
  };
}

export function encode(message: object): Uint8Array {
  const encoded = schema.encode(schema.fromObject(message)).finish();
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.length);
}

export const buildOnnx = (model: TestModel): Uint8Array => encode(buildMessage(model));
