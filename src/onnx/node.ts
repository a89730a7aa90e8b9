/** One node of an ONNX file as a handler sees it. Whatever a handler did not look at is an error, never ignored. */
import { ConversionError } from '../errors.ts';
import { positiveAxis } from '../graph/tensor.ts';
import { type OnnxGraph, type OnnxModel, type OnnxTensor, readGraph, readTensor } from './reader.ts';
import { type AttributeProto, attributeTypes, type NodeProto } from './schema.ts';
import type { Size } from './size.ts';
import type { IntegerValue, TensorValue, Value } from './value.ts';

const text = new TextDecoder();

/** Makes other forms of a value, where that can be done. */
export interface Forms {
  asTensor(value: Value): TensorValue | undefined;
  asIntegers(value: Value): IntegerValue | undefined;
}

export class OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly outputs: readonly string[];
  readonly #attributes = new Map<string, AttributeProto>();
  readonly #unread = new Set<string>();
  readonly #unseenInputs = new Set<number>();
  readonly model: OnnxModel;
  readonly inputs: readonly (Value | undefined)[];
  readonly #forms: Forms;

  constructor(proto: NodeProto, model: OnnxModel, inputs: readonly (Value | undefined)[], forms: Forms) {
    this.model = model;
    this.inputs = inputs;
    this.#forms = forms;
    this.op = proto.opType ?? '';
    this.name = proto.name || proto.output.find((output) => output !== '') || '';
    this.outputs = proto.output;
    for (const attribute of proto.attribute) {
      const name = attribute.name ?? '';
      // A remark for memory planners, before operator set 6.
      if (name === 'consumed_inputs' && model.opset < 6) continue;
      if (this.#attributes.has(name)) this.fail(`attribute "${name}" is there twice`);
      this.#attributes.set(name, attribute);
      this.#unread.add(name);
    }
    inputs.forEach((input, i) => input && this.#unseenInputs.add(i));
  }

  get opset(): number {
    return this.model.opset;
  }

  fail(reason: string): never {
    throw new ConversionError(this.model.source, reason, this);
  }

  // Inputs.

  input(i: number): Value | undefined {
    this.#unseenInputs.delete(i);
    return this.inputs[i];
  }

  required(i: number): Value {
    return this.input(i) ?? this.fail(`input ${i} is missing`);
  }

  /** An input as a tensor of the graph, whatever it is. */
  tensor(i: number): TensorValue {
    return (
      this.#forms.asTensor(this.required(i)) ?? this.fail(`input ${i} is a shape that depends on the size of the input`)
    );
  }

  optionalTensor(i: number): TensorValue | undefined {
    return this.input(i) ? this.tensor(i) : undefined;
  }

  sizes(i: number): IntegerValue {
    const value = this.required(i);
    return (
      this.#forms.asIntegers(value) ??
      this.fail(
        `input ${i} must be whole numbers that are known when the file is converted` +
          (value.kind === 'tensor'
            ? `, but it is computed ("${value.name}"); if an input of the network, give it a value with --input NAME=VALUE`
            : ''),
      )
    );
  }

  /** Whole numbers without symbols. */
  integers(i: number): number[] {
    return this.sizes(i).elements.map(
      (element) => element.constant ?? this.fail(`input ${i} depends on the size of the input (${element.toString()})`),
    );
  }

  // Attributes.

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  #get(name: string, type: (typeof attributeTypes)[number]): AttributeProto | undefined {
    const attribute = this.#attributes.get(name);
    this.#unread.delete(name);
    // Files of old exporters leave the type out.
    if (attribute?.type && attributeTypes[attribute.type] !== type) {
      this.fail(
        `attribute "${name}" must be of type ${type}, but is ${attributeTypes[attribute.type] ?? attribute.type}`,
      );
    }
    return attribute;
  }

  int(name: string, otherwise?: number): number {
    const attribute = this.#get(name, 'int');
    return (attribute ? (attribute.i ?? 0) : otherwise) ?? this.fail(`attribute "${name}" is missing`);
  }

  float(name: string, otherwise?: number): number {
    const attribute = this.#get(name, 'float');
    return (attribute ? (attribute.f ?? 0) : otherwise) ?? this.fail(`attribute "${name}" is missing`);
  }

  string(name: string, otherwise: string): string {
    const attribute = this.#get(name, 'string');
    return attribute ? text.decode(attribute.s) : otherwise;
  }

  strings(name: string): string[] | undefined {
    return this.#get(name, 'strings')?.strings.map((value) => text.decode(value));
  }

  ints(name: string): readonly number[] | undefined {
    return this.#get(name, 'ints')?.ints;
  }

  floats(name: string): readonly number[] | undefined {
    return this.#get(name, 'floats')?.floats;
  }

  /** A graph that the node may run. */
  graph(name: string): OnnxGraph {
    const graph = this.#get(name, 'graph')?.g ?? this.fail(`attribute "${name}" is missing`);
    return readGraph(graph, this.model.source, this.model.external);
  }

  constant(name: string): OnnxTensor | undefined {
    const attribute = this.#get(name, 'tensor');
    if (!attribute?.t) return undefined;
    try {
      return readTensor(attribute.t, this.model.external);
    } catch (error) {
      return this.fail(`attribute "${name}": ${(error as Error).message}`);
    }
  }

  /** An attribute of which only one value is supported. */
  only(name: string, allowed: number | string): void {
    const value = typeof allowed === 'number' ? this.int(name, allowed) : this.string(name, allowed);
    if (value !== allowed)
      this.fail(`${name} = ${JSON.stringify(value)} is not supported, only ${JSON.stringify(allowed)}`);
  }

  axis(axis: number, rank: number): number {
    const positive = positiveAxis(axis, rank);
    return Number.isNaN(positive) ? this.fail(`axis ${axis} is out of range for ${rank} axes`) : positive;
  }

  /** The extent of an axis that has to be known at conversion. */
  known(size: Size | undefined, what: string): number {
    return size?.constant ?? this.fail(`${what} must be a fixed number, but it is ${size?.toString() ?? 'missing'}`);
  }

  /** Called when the handler is through. */
  finish(): void {
    const [attribute] = this.#unread;
    if (attribute !== undefined) this.fail(`attribute "${attribute}" is not supported`);
    const [input] = this.#unseenInputs;
    if (input !== undefined) this.fail(`input ${input} is not supported`);
  }
}
