/** Makes a graph out of an ONNX file, node by node: each handler of src/onnx/ops emits the ops it stands for. */
import { ConversionError, UndertoneError } from '../errors.ts';
import type { Graph, GraphInput } from '../graph/graph.ts';
import { type FloatTensor, sizeOf } from '../graph/tensor.ts';
import { checkOps } from './check.ts';
import { Emission, type Operand } from './emission.ts';
import { declareInputs } from './inputs.ts';
import { OnnxNode } from './node.ts';
import { isFloat, type OnnxGraph, type OnnxModel, type OnnxTensor } from './reader.ts';
import type { DataType } from './schema.ts';
import { Size } from './size.ts';
import { Axes, sameExtent } from './symbols.ts';
import { type FilledValue, type IntegerValue, identityOrder, type TensorValue, type Value } from './value.ts';

/** Turns one ONNX node into ops; gives a value for each output it supports. */
export type Handler = (node: OnnxNode, to: Lowering) => (Value | undefined)[];
/** By the ONNX op's name in the standard. */
export type HandlerTable = ReadonlyMap<string, Handler>;

export class Lowering extends Emission {
  readonly inputs: GraphInput[];
  readonly values = new Map<string, Value>();
  /** Element types of constants that hold whole numbers. */
  readonly #types = new WeakMap<Value, DataType>();
  #node: OnnxNode | undefined;
  readonly model: OnnxModel;
  readonly #handlers: HandlerTable;

  constructor(model: OnnxModel, handlers: HandlerTable, axes: Axes = new Axes()) {
    super();
    this.model = model;
    this.#handlers = handlers;
    checkOps(model, [...handlers.keys()]);
    this.inputs = declareInputs(model, axes);
    for (const [i, { name, shape }] of this.inputs.entries()) {
      this.claimName(name);
      const sizes = shape.map((extent) => (typeof extent === 'number' ? Size.of(extent) : Size.symbol(extent)));
      this.values.set(name, { kind: 'tensor', name, shape: sizes, order: identityOrder(sizes.length) });
      if (!isFloat(model.inputs[i].type)) this.whole.add(name);
    }
  }

  run(): Graph {
    this.#lower(this.model);
    const outputs: string[] = [];
    for (const name of this.model.outputs) outputs.push(this.#output(name, outputs));
    return { inputs: this.inputs, nodes: this.nodes, constants: this.constants, outputs };
  }

  /** The results of a branch, whose names nothing outside of it sees. */
  branch(graph: OnnxGraph): Value[] {
    const outer = new Set(this.values.keys());
    const node = this.#node;
    if (graph.inputs.length > 0) node?.fail('a branch with inputs is not supported');
    this.#lower(graph);
    this.#node = node;
    const results = graph.outputs.map(
      (name) => this.values.get(name) ?? node!.fail(`a branch does not make its output "${name}"`),
    );
    for (const name of this.values.keys()) if (!outer.has(name)) this.values.delete(name);
    return results;
  }

  #lower({ tensors, nodes }: OnnxGraph): void {
    for (const [name, tensor] of tensors) this.values.set(name, this.constantValue(tensor, name));
    for (const proto of nodes) {
      const inputs = proto.input.map((name) => (name === '' ? undefined : (this.values.get(name) ?? null)));
      const node = new OnnxNode(
        proto,
        this.model,
        inputs.map((input) => input ?? undefined),
        this,
      );
      const missing = inputs.indexOf(null);
      if (missing >= 0) node.fail(`input "${proto.input[missing]}" is made by no earlier node`);
      this.#node = node;
      const outputs = this.#guarded(node, () => this.#handlers.get(node.op)!(node, this));
      node.finish();
      proto.output.forEach((name, i) => {
        if (name === '') return;
        if (this.values.has(name)) node.fail(`output "${name}" is made twice`);
        this.values.set(name, outputs[i] ?? node.fail(`output ${i} ("${name}") is not supported`));
      });
    }
  }

  /** For each value of the graph that is one of the ONNX file: its name there, and its axes' order. */
  origins(): Map<string, { readonly original: string; readonly order: readonly number[] }> {
    const origins = new Map<string, { original: string; order: readonly number[] }>();
    for (const [original, value] of this.values) {
      if (value.kind === 'tensor' && !this.constants.has(value.name) && !origins.has(value.name))
        origins.set(value.name, { original, order: value.order });
    }
    return origins;
  }

  /** Errors of ops and of sizes, in the terms of the ONNX node that brought them about. */
  #guarded<T>(node: OnnxNode, run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof ConversionError) throw error;
      if (error instanceof UndertoneError || error instanceof RangeError)
        throw new ConversionError(this.model.source, error.message, node, { cause: error });
      throw error;
    }
  }

  /** The graph's name for an output, axes in ONNX order. */
  #output(name: string, others: readonly string[]): string {
    const value = this.values.get(name);
    if (!value) throw new ConversionError(this.model.source, `output "${name}" is made by no node`);
    const tensor = this.asTensor(value);
    if (!tensor)
      throw new ConversionError(
        this.model.source,
        `output "${name}" is a shape that depends on the size of the input, which is not supported`,
      );
    const operand = this.arrange(tensor, identityOrder(tensor.shape.length));
    // What is an input, a constant, or another output as well, is given back as a value of its own.
    const isMade = this.nodes.some((node) => node.outputs.includes(operand.name)) && !others.includes(operand.name);
    if (isMade) return this.#rename(operand.name, name);
    const copy = this.claimName(name);
    this.nodes.push({
      name: copy,
      op: 'unary',
      inputs: [operand.name],
      outputs: [copy],
      attributes: { kind: 'identity' },
    });
    return copy;
  }

  /**
   * Gives a value the name that it has in the ONNX file; what has it already, for want of one of its own, gets another.
   */
  #rename(from: string, to: string): string {
    if (from === to || this.inputs.some(({ name }) => name === to)) return from;
    if (this.isTaken(to)) this.#swap(to, this.claimName(to));
    this.#swap(from, to);
    return to;
  }

  #swap(from: string, to: string): void {
    this.rename(from, to);
    for (const [name, value] of this.values)
      if (value.kind === 'tensor' && value.name === from) this.values.set(name, { ...value, name: to });
  }

  // Constants.

  constantValue({ shape, type, values }: OnnxTensor, name: string): Value {
    if (!isFloat(type)) {
      const value = { kind: 'integers', shape, elements: Array.from(values, (element) => Size.of(element)) } as const;
      this.#types.set(value, type);
      return value;
    }
    return this.tensorValue(this.constant(shape, Float32Array.from(values), name));
  }

  /** The element type of whole numbers that stand in the file. */
  typeOf(value: Value): DataType | undefined {
    return this.#types.get(value);
  }

  /** The numbers of a tensor that is a constant, in ONNX order. */
  constantOf(value: Value): FloatTensor | undefined {
    if (value.kind === 'tensor')
      return this.constants.get(this.arrange(value, identityOrder(value.shape.length)).name) as FloatTensor | undefined;
    const shape = value.shape.map((extent) => (typeof extent === 'number' ? extent : extent.constant));
    if (shape.some((extent) => extent === undefined)) return undefined;
    const known = shape as number[];
    if (value.kind === 'filled')
      return { shape: known, data: new Float32Array(this.claim(sizeOf(known))).fill(value.fill) };
    const elements = value.elements.map((element) => element.constant);
    return elements.includes(undefined) ? undefined : { shape: known, data: Float32Array.from(elements as number[]) };
  }

  /** Whatever the value is, as a tensor of the graph; undefined if it depends on sizes that are not known. */
  asTensor(value: Value): TensorValue | undefined {
    if (value.kind === 'tensor') return value;
    const tensor = this.constantOf(value);
    if (!tensor) return value.kind === 'filled' ? this.#filled(value) : undefined;
    const made = this.tensorValue(this.constant(tensor.shape, tensor.data));
    if (value.kind === 'integers') this.whole.add(made.name);
    return made;
  }

  /** One number repeated along axes of which some are open: those are taken from a value that has them. */
  #filled({ fill, shape }: FilledValue): TensorValue | undefined {
    const known = shape.map((size) => size.constant ?? 1);
    let current = this.constant(known, new Float32Array(this.claim(sizeOf(known))).fill(fill));
    const done = [...current.shape];
    for (const [axis, size] of shape.entries()) {
      if (size.constant !== undefined) continue;
      const like = this.axisOfSize(size);
      if (!like) return undefined;
      done[axis] = size;
      current = this.emitOne('expand', [current, like.operand], { axes: [axis], from: [like.axis] }, [...done]);
    }
    return this.tensorValue(current);
  }

  /** Whole numbers as such, where they were computed from known ones. */
  asIntegers(value: Value): IntegerValue | undefined {
    if (value.kind === 'integers') return value;
    const known = this.isWhole(value) ? this.constantOf(value) : undefined;
    return known && { kind: 'integers', shape: known.shape, elements: Array.from(known.data, Size.of) };
  }

  override get currentName(): string | undefined {
    return this.#node?.name;
  }

  /** The node that is being read. */
  get current(): OnnxNode | undefined {
    return this.#node;
  }

  /** Settles that two sizes are the same; false where they can't be. */
  same(a: Size, b: Size): boolean {
    if (a.equals(b)) return true;
    const found = sameExtent(a, b);
    if (found) throw found;
    return false;
  }

  /** An axis of some value made before that has this extent; the batch or time of a tensor, if there is one. */
  axisOfSize(size: Size): { operand: Operand; axis: number } | undefined {
    for (const value of this.values.values()) {
      if (value.kind !== 'tensor' || this.constants.has(value.name)) continue;
      const shape = value.order.map((axis) => value.shape[axis]);
      const axis = shape.findIndex((extent) => extent.equals(size));
      if (axis >= 0) return { operand: { name: value.name, shape }, axis };
    }
    return undefined;
  }
}
