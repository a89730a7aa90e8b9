/** Makes a graph out of an ONNX file, node by node: each handler of src/onnx/ops emits the ops it stands for. */
import { ConversionError, UndertoneError } from '../errors.ts';
import type { Attributes, Graph, GraphInput, GraphNode } from '../graph/graph.ts';
import { type FloatTensor, type Shape, sizeOf, type Tensor } from '../graph/tensor.ts';
import { opNamed, ops } from '../ops/index.ts';
import { checkOps } from './check.ts';
import { declareInputs } from './inputs.ts';
import { OnnxNode } from './node.ts';
import { isFloat, type OnnxGraph, type OnnxModel, type OnnxTensor } from './reader.ts';
import { Size } from './size.ts';
import { Axes, sameExtent } from './symbols.ts';
import { type FilledValue, identityOrder, sameOrder, type TensorValue, type Value } from './value.ts';

/** A tensor of the graph and its shape, axes as they are in the graph. */
export interface Operand {
  readonly name: string;
  readonly shape: readonly Size[];
}

/** Elements that conversion may make out of nothing (repeated or padded constants), and sums it may compute ahead. */
const elementLimit = 1 << 25;
const workLimit = 2e9;

/** Turns one ONNX node into ops; gives a value for each output it supports. */
export type Handler = (node: OnnxNode, to: Lowering) => (Value | undefined)[];
/** By the ONNX op's name in the standard. */
export type HandlerTable = ReadonlyMap<string, Handler>;

export class Lowering {
  readonly inputs: GraphInput[];
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly values = new Map<string, Value>();
  /** Values that hold whole numbers or truth values: ONNX divides those otherwise. */
  readonly whole = new Set<string>();
  readonly #taken = new Set<string>();
  /** What a reshape was made of, so that a second one starts from the same. */
  readonly #reshaped = new Map<string, Operand>();
  /** The last extent of every value made so far. */
  readonly #widths = new Map<string, Size | undefined>();
  readonly #emitted = new Map<string, readonly string[]>();
  #madeElements = 0;
  #work = 0;
  #node: OnnxNode | undefined;
  readonly model: OnnxModel;
  readonly #handlers: HandlerTable;

  constructor(model: OnnxModel, handlers: HandlerTable, axes: Axes = new Axes()) {
    this.model = model;
    this.#handlers = handlers;
    checkOps(model, [...handlers.keys()]);
    this.inputs = declareInputs(model, axes);
    for (const [i, { name, shape }] of this.inputs.entries()) {
      this.#taken.add(name);
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
        (value) => this.asTensor(value),
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
    const copy = this.#fresh(name);
    this.nodes.push({
      name: copy,
      op: 'unary',
      inputs: [operand.name],
      outputs: [copy],
      attributes: { kind: 'identity' },
    });
    return copy;
  }

  /** Gives a value the name that it has in the ONNX file; what has it already, for want of one of its own, gets another. */
  #rename(from: string, to: string): string {
    if (from === to || this.inputs.some(({ name }) => name === to)) return from;
    if (this.#taken.has(to)) this.#swap(to, this.#fresh(to));
    this.#taken.add(to);
    this.#swap(from, to);
    return to;
  }

  #swap(from: string, to: string): void {
    const swap = (name: string): string => (name === from ? to : name);
    this.nodes.forEach(
      (node, i) => (this.nodes[i] = { ...node, inputs: node.inputs.map(swap), outputs: node.outputs.map(swap) }),
    );
    const constant = this.constants.get(from);
    if (constant) {
      this.constants.delete(from);
      this.constants.set(to, constant);
    }
    for (const [name, value] of this.values)
      if (value.kind === 'tensor' && value.name === from) this.values.set(name, { ...value, name: to });
    for (const [key, outputs] of this.#emitted) if (outputs.includes(from)) this.#emitted.set(key, outputs.map(swap));
    for (const [name, operand] of this.#reshaped)
      if (name === from || operand.name === from) {
        this.#reshaped.delete(name);
        this.#reshaped.set(swap(name), { ...operand, name: swap(operand.name) });
      }
  }

  #fresh(wanted: string): string {
    // An empty name would stand for an input that is left out.
    const plain = wanted || 'value';
    let name = plain;
    for (let n = 2; this.#taken.has(name); n++) name = `${plain}.${n}`;
    this.#taken.add(name);
    return name;
  }

  // Constants.

  constantValue({ shape, type, values }: OnnxTensor, name: string): Value {
    if (!isFloat(type)) return { kind: 'integers', shape, elements: Array.from(values, (value) => Size.of(value)) };
    return this.tensorValue(this.constant(shape, Float32Array.from(values), name));
  }

  constant(shape: Shape, data: Float32Array, name = this.#node?.name ?? 'constant'): Operand {
    const fresh = this.#fresh(name);
    this.constants.set(fresh, { shape, data });
    return { name: fresh, shape: shape.map((extent) => Size.of(extent)) };
  }

  /** The numbers of a tensor that is a constant, in ONNX order. */
  constantOf(value: Value): FloatTensor | undefined {
    if (value.kind === 'tensor')
      return this.constants.get(this.arrange(value, identityOrder(value.shape.length)).name) as FloatTensor | undefined;
    const shape = value.shape.map((extent) => (typeof extent === 'number' ? extent : extent.constant));
    if (shape.some((extent) => extent === undefined)) return undefined;
    const known = shape as number[];
    if (value.kind === 'filled')
      return { shape: known, data: new Float32Array(this.#claim(sizeOf(known))).fill(value.fill) };
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
    let current = this.constant(known, new Float32Array(this.#claim(sizeOf(known))).fill(fill));
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

  #claim(elements: number): number {
    this.#madeElements += elements;
    if (!(this.#madeElements <= elementLimit))
      throw new RangeError(`constants of more than ${elementLimit} elements would have to be made`);
    return elements;
  }

  // Making nodes.

  tensorValue({ name, shape }: Operand, order: readonly number[] = identityOrder(shape.length)): TensorValue {
    const onnxShape = new Array<Size>(shape.length);
    order.forEach((axis, i) => (onnxShape[axis] = shape[i]));
    return { kind: 'tensor', name, shape: onnxShape, order };
  }

  /** Emits a node, or computes it right away where all of its inputs are constants. */
  emit(
    op: string,
    inputs: readonly (Operand | undefined)[],
    attributes: Attributes,
    shapes: readonly (readonly Size[])[],
    hint?: string,
  ): Operand[] {
    const name = hint ?? this.#node?.name ?? op;
    const names = inputs.map((input) => input?.name ?? '');
    while (names.at(-1) === '') names.pop();
    const key = JSON.stringify([op, names, attributes]);
    const known = this.#emitted.get(key);
    if (known) return known.map((output, i) => ({ name: output, shape: shapes[i] }));
    const tensors = inputs.map((input) =>
      input ? this.constants.get(input.name) : { shape: [], data: new Float32Array(0) },
    );
    let outputs: string[];
    if (tensors.every((tensor) => tensor !== undefined)) {
      outputs = this.#fold(
        { name, op, inputs: names, outputs: shapes.map((_, i) => `${i}`), attributes },
        tensors as Tensor[],
      );
    } else {
      const fresh = this.#fresh(name);
      outputs = shapes.map((_, i) => (i === 0 ? fresh : this.#fresh(`${fresh}.${i}`)));
      this.nodes.push({ name: fresh, op, inputs: names, outputs, attributes });
    }
    this.#emitted.set(key, outputs);
    outputs.forEach((output, i) => this.#widths.set(output, shapes[i].at(-1)));
    if (isMovement(op) && inputs.some((input) => input && this.whole.has(input.name)))
      for (const output of outputs) this.whole.add(output);
    return outputs.map((output, i) => ({ name: output, shape: shapes[i] }));
  }

  #fold(node: GraphNode, tensors: readonly Tensor[]): string[] {
    const op = opNamed(node);
    const shapes = tensors.map(({ shape }) => shape);
    for (const shape of op.infer(node, shapes)) this.#claim(sizeOf(shape));
    this.#work += op.multiplyAdds(node, shapes);
    if (!(this.#work <= workLimit)) throw new RangeError('computing its constants ahead would take too long');
    return op.compute(node, tensors, []).map(({ shape, data }) => this.constant(shape, data, node.inputs[0]).name);
  }

  emitOne(
    op: string,
    inputs: readonly (Operand | undefined)[],
    attributes: Attributes,
    shape: readonly Size[],
    hint?: string,
  ): Operand {
    return this.emit(op, inputs, attributes, [shape], hint)[0];
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

  /** The tensor with its axes in another order; a node only where that moves data. */
  arrange(value: TensorValue, order: readonly number[]): Operand {
    const operand = { name: value.name, shape: value.order.map((axis) => value.shape[axis]) };
    if (sameOrder(value.order, order)) return operand;
    const permutation = order.map((axis) => value.order.indexOf(axis));
    const shape = order.map((axis) => value.shape[axis]);
    const moved = permutation.filter((axis) => operand.shape[axis].constant !== 1);
    const onlyOnesMove = moved.every((axis, i) => i === 0 || axis > moved[i - 1]);
    if (onlyOnesMove && this.#reshapeAttribute(operand, shape))
      return this.reshape(operand, shape, `${operand.name}.layout`);
    return this.emitOne('transpose', [operand], { permutation }, shape, `${operand.name}.layout`);
  }

  /** The same elements in the same order under another shape. */
  reshape(operand: Operand, shape: readonly Size[], hint?: string): Operand {
    const from = this.#reshaped.get(operand.name) ?? operand;
    if (sameShape(operand.shape, shape)) return operand;
    if (sameShape(from.shape, shape)) return from;
    const attribute = this.#reshapeAttribute(operand, shape);
    const apart = attribute ? undefined : this.#unmerged(operand, shape);
    if (apart) return apart;
    if (!attribute)
      throw new RangeError(
        `the shape [${shape.join(', ')}] can't be told from [${from.shape.join(', ')}]: two of its extents depend on the input's`,
      );
    const result = this.emitOne('reshape', [from], { shape: attribute }, shape, hint);
    this.#reshaped.set(result.name, from);
    return result;
  }

  /**
   * Takes back a merging of leading axes, such as [batch, time, n] to [batch x time, n], that was made for ops which
   * work row by row: they are emitted again on the axes as they were.
   */
  #unmerged(operand: Operand, shape: readonly Size[]): Operand | undefined {
    const last = shape.at(-1)!;
    if (operand.shape.length !== 2 || !operand.shape[1].equals(last)) return undefined;
    const node = this.nodes.find(({ outputs }) => outputs[0] === operand.name);
    if (!node || !['reshape', 'dense', 'unary', 'binary', 'softmax'].includes(node.op)) return undefined;
    const from = this.#reshaped.get(operand.name);
    if (from)
      return sameShape(from.shape, shape) || this.#reshapeAttribute(from, shape)
        ? this.reshape(from, shape)
        : undefined;
    const at = node.inputs.findIndex((name) => !this.constants.has(name));
    const others = node.inputs.filter((_, i) => i !== at).map((name) => this.constants.get(name)?.shape);
    if (node.op === 'binary' && !(others.length === 1 && others[0]?.length === 1)) return undefined;
    const rows = this.#widths.get(node.inputs[at]);
    const apart =
      rows && this.#unmerged({ name: node.inputs[at], shape: [operand.shape[0], rows] }, [...shape.slice(0, -1), rows]);
    if (!apart) return undefined;
    const inputs = node.inputs.map((name, i) =>
      i === at ? apart : name === '' ? undefined : { name, shape: this.constants.get(name)!.shape.map(Size.of) },
    );
    return this.emitOne(node.op, inputs, node.attributes, shape, node.name);
  }

  /** A shape as the op reshape wants it: 0 for the extent of the same axis, -1 for what is left; undefined if that isn't enough. */
  #reshapeAttribute(operand: Operand, shape: readonly Size[]): number[] | undefined {
    const from = this.#reshaped.get(operand.name) ?? operand;
    if (shape.some((size) => size.constant !== undefined && size.constant < 1))
      throw new RangeError(`the shape [${shape.join(', ')}] holds nothing`);
    const attribute = shape.map((size, axis) => size.constant ?? (from.shape[axis]?.equals(size) ? 0 : -1));
    return attribute.filter((extent) => extent === -1).length > 1 ? undefined : attribute;
  }
}

/** Ops that compute nothing: what held whole numbers holds them afterwards. */
const isMovement = (op: string): boolean =>
  op === 'reshape' || op === 'transpose' || ops.get(op)?.movement !== undefined;

export function sameShape(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, axis) => size.equals(b[axis]));
}
