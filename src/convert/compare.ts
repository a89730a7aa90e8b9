/** A model file and the ONNX file it came from, value by value: where does the first difference arise? */
import { ReferenceBackend } from '../backends/reference/index.ts';
import { parity } from '../backends/tolerances.ts';
import { ConversionError } from '../errors.ts';
import { probe } from '../graph/passes/edit.ts';
import { sizeOf, stridesOf } from '../graph/tensor.ts';
import type { StoredNetwork } from '../models/model.ts';
import { Lowering } from '../onnx/lowering.ts';
import { handlers } from '../onnx/ops/index.ts';
import { readOnnx } from '../onnx/reader.ts';
import { modelProto } from '../onnx/schema.ts';
import { filesBeside, readOnnxFile } from './files.ts';
import { openOriginal } from './original.ts';
import { deviation } from './verify.ts';

export interface ComparedValue {
  /** The node of the model file that makes it. */
  readonly node: string;
  readonly op: string;
  /** The value's name in the ONNX file. */
  readonly original: string;
  readonly deviation: number;
}

export interface Comparison {
  readonly values: readonly ComparedValue[];
  /** The first value, in the order of computation, that departs by more than the tolerance for parity. */
  readonly first: ComparedValue | undefined;
}

/** Runs both on the same random input and compares every value that has kept its identity through all passes. */
export async function compareWithOnnx(model: StoredNetwork, path: string): Promise<Comparison> {
  const bytes = await readOnnxFile(path);
  const lowering = new Lowering(readOnnx(bytes, path, filesBeside(path)), handlers);
  lowering.run();
  const origins = lowering.origins();
  const { graph } = model;
  const named = graph.nodes.flatMap((node) =>
    node.outputs.filter((name) => origins.has(name)).map((name) => ({ node, name, ...origins.get(name)! })),
  );
  const session = await openOriginal(
    withOutputs(
      bytes,
      named.map(({ original }) => original),
    ),
    path,
  );
  const [plan] = probe(graph);
  const program = await new ReferenceBackend().prepare(graph, plan.bindings);
  let state = 11;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const inputs = graph.inputs.map(({ name }) => {
    const shape = plan.shapes.get(name)!;
    return { name, shape, data: Float32Array.from({ length: sizeOf(shape) }, () => 20 * random() - 5) };
  });
  const expected = await session.run(inputs);
  const trace = program.trace(inputs.map(({ data }) => data));
  const values = named.map(({ node, name, original, order }) => {
    const { shape, data } = trace.get(name)!;
    const theirs = expected[original];
    if (!theirs) throw new ConversionError(path, `onnxruntime gives no value "${original}"`);
    return {
      node: node.name,
      op: node.op,
      original,
      deviation: deviation(inOnnxOrder(Float32Array.from(data), shape, order), theirs),
    };
  });
  return { values, first: values.find(({ deviation: departs }) => !(departs <= parity)) };
}

/**
 * The same file with more outputs. A part that stands twice in a protocol buffer is merged by its reader, so the new
 * outputs are simply appended.
 */
function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const empty = { node: [], name: undefined, initializer: [], input: [], sparseInitializer: [] };
  const output = [...new Set(names)].map((name) => ({ name, type: undefined }));
  const known = new Set(modelProto.decode(bytes).graph?.output.map(({ name }) => name));
  const graph = { ...empty, output: output.filter(({ name }) => !known.has(name)) };
  const addition = modelProto.encode({ irVersion: undefined, producer: undefined, graph, operatorSets: [] });
  return graph.output.length === 0 ? bytes : Uint8Array.from([...bytes, ...addition]);
}

/** Axis i of `data` is ONNX axis order[i]. */
function inOnnxOrder(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = stridesOf(shape);
  const theirs = order.map((_, axis) => shape[order.indexOf(axis)]);
  const steps = order.map((_, axis) => strides[order.indexOf(axis)]);
  const outer = stridesOf(theirs);
  return data.map(
    (_, i) => data[theirs.reduce((at, extent, axis) => at + (Math.floor(i / outer[axis]) % extent) * steps[axis], 0)],
  );
}
