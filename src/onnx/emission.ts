/** The graph that is being made: nodes and constants, emitted one by one, each name once, nothing twice. */
import type { Attributes, GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../graph/tensor.ts';
import { opNamed, ops } from '../ops/index.ts';
import { Size } from './size.ts';
import { identityOrder, sameOrder, type TensorValue, type Value } from './value.ts';

/** A tensor of the graph and its shape, axes as they are in the graph. */
export interface Operand {
  readonly name: string;
  readonly shape: readonly Size[];
}

/** Elements that conversion may make out of nothing (repeated or padded constants), and sums it may compute ahead. */
const elementLimit = 1 << 25;
const workLimit = 2e9;

export abstract class Emission {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Tensor>();
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

  /** What values are named after that have no name of their own. */
  abstract get currentName(): string | undefined;

  /** A name that nothing else has. */
  claimName(wanted: string): string {
    // An empty name would stand for an input that is left out.
    const plain = wanted || 'value';
    let name = plain;
    for (let n = 2; this.#taken.has(name); n++) name = `${plain}.${n}`;
    this.#taken.add(name);
    return name;
  }

  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  /** Calls a value otherwise, wherever it stands. */
  rename(from: string, to: string): void {
    this.#taken.add(to);
    const swap = (name: string): string => (name === from ? to : name);
    this.nodes.forEach(
      (node, i) => (this.nodes[i] = { ...node, inputs: node.inputs.map(swap), outputs: node.outputs.map(swap) }),
    );
    const constant = this.constants.get(from);
    if (constant) {
      this.constants.delete(from);
      this.constants.set(to, constant);
    }
    for (const [key, outputs] of this.#emitted) if (outputs.includes(from)) this.#emitted.set(key, outputs.map(swap));
    for (const [name, operand] of this.#reshaped)
      if (name === from || operand.name === from) {
        this.#reshaped.delete(name);
        this.#reshaped.set(swap(name), { ...operand, name: swap(operand.name) });
      }
  }

  constant(shape: Shape, data: Float32Array, name = this.currentName ?? 'constant'): Operand {
    const fresh = this.claimName(name);
    this.constants.set(fresh, { shape, data });
    return { name: fresh, shape: shape.map((extent) => Size.of(extent)) };
  }

  isWhole(value: Value): boolean {
    return value.kind === 'integers' || (value.kind === 'tensor' && this.whole.has(value.name));
  }

  /** Notes that a value holds whole numbers or truth values. */
  asWhole(value: TensorValue): TensorValue {
    this.whole.add(value.name);
    return value;
  }

  /** The same numbers, to be divided as any others. */
  asFloat(value: TensorValue): TensorValue {
    if (!this.whole.has(value.name)) return value;
    const shape = value.order.map((axis) => value.shape[axis]);
    const operand = { name: value.name, shape };
    const constant = this.constants.get(value.name);
    if (constant) return { ...value, name: this.constant(constant.shape, Float32Array.from(constant.data)).name };
    return { ...value, name: this.emitOne('unary', [operand], { kind: 'identity' }, shape).name };
  }

  claim(elements: number): number {
    this.#madeElements += elements;
    if (!(this.#madeElements <= elementLimit))
      throw new RangeError(`constants of more than ${elementLimit} elements would have to be made`);
    return elements;
  }

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
    const name = hint ?? this.currentName ?? op;
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
      const fresh = this.claimName(name);
      outputs = shapes.map((_, i) => (i === 0 ? fresh : this.claimName(`${fresh}.${i}`)));
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
    for (const shape of op.infer(node, shapes)) this.claim(sizeOf(shape));
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
        `the shape [${shape.join(', ')}] can't be told from [${from.shape.join(', ')}]: two of its extents ` +
          `depend on the input's`,
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

  /**
   * A shape as the op reshape wants it: 0 for the extent of the same axis, -1 for what is left; undefined if that isn't
   * enough.
   */
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
