/**
 * From ops to dispatches: what each kernel reads and writes, in which order, and where every value lies.
 *
 * All values live in one buffer, the arena:
 *   results    the outputs one after the other, then the state after the run, so that one copy brings all of it back
 *   state in   [batch, state length], as the caller gave it
 *   fixed      constants that are used as values, written once
 *   values     inputs and everything in between, sharing memory by lifetime
 */
import { GraphError } from '../../errors.ts';
import type { GraphNode } from '../../graph/graph.ts';
import { allocate, type Plan } from '../../graph/plan.ts';
import { type Shape, sizeOf, type Tensor } from '../../graph/tensor.ts';
import { fitsHalves, halvesLength, packHalves } from './halves.ts';
import type { Dispatch, Kernel, Lowered, Step, Weights } from './lowered.ts';
import { mergeSteps } from './merge.ts';

/** Values start at multiples of 128 bytes, a cache line, which also lets kernels read four floats at a time. */
const alignment = 32;
const align = (floats: number): number => Math.ceil(floats / alignment) * alignment;

/** What the kernels' builders write into. */
export class Lowering {
  readonly #steps: Step[] = [];
  readonly #weights = new Map<string, Weights>();
  readonly #fixed = new Set<string>();
  readonly #aliases = new Map<string, string>();
  readonly #scratch = new Map<string, Shape>();
  readonly #packed: ReadonlySet<string>;
  readonly plan: Plan;
  /** Numbers from which on a matrix of weights is kept as float16. */
  readonly #halvesFrom: number;

  constructor(plan: Plan, halvesFrom = Infinity) {
    this.plan = plan;
    this.#halvesFrom = halvesFrom;
    const { inputs, nodes, outputs } = plan.graph;
    // int16 audio goes up as it is where only log-mel hears it; any other op gets floats.
    const readByOthers = new Set([
      ...outputs,
      ...nodes.filter(({ op }) => op !== 'logmel').flatMap((node) => node.inputs),
    ]);
    const isPacked = ({ name, type }: { name: string; type: string }): boolean =>
      type === 'int16' && !readByOthers.has(name) && sizeOf(plan.shapes.get(name)!) % 2 === 0;
    this.#packed = new Set(inputs.filter(isPacked).map(({ name }) => name));
  }

  step(step: Step): void {
    this.#steps.push(step);
  }

  weights(key: string, length: number, make: Weights['make'], own = false): string {
    if (!this.#weights.has(key)) this.#weights.set(key, { key, length: Math.ceil(length / 4) * 4, make, own });
    return key;
  }

  /**
   * A matrix made of `tensor`, `length` numbers behind `bias` others, which are a multiple of four and stay float32.
   * The matrix is float16 where it is large enough and its numbers have a place there; kernels learn it from the
   * constants.
   */
  matrix(
    key: string,
    tensor: Tensor,
    { bias = 0, length }: { bias?: number; length: number },
    make: () => Float32Array,
  ): { key: string; constants: Kernel['constants'] } {
    if (tensor.data.length < this.#halvesFrom || !fitsHalves(tensor.data))
      return { key: this.weights(key, bias + length, make), constants: {} };
    return {
      key: this.weights(key, bias + halvesLength(length), () => packHalves(make(), bias)),
      constants: { HALVES: 1 },
    };
  }

  /** A value as an operand; a constant gets a place in the arena. */
  operand(name: string): string {
    if (this.plan.graph.constants.has(name)) this.#fixed.add(name);
    return name;
  }

  /** An input that must be a constant, because it is packed when the program is prepared. */
  constant(node: GraphNode, index: number): Tensor {
    const name = node.inputs[index] ?? '';
    const tensor = this.plan.graph.constants.get(name);
    if (!tensor) throw new GraphError(node, `input ${index} ("${name}") must be a constant on the webgpu backend`);
    return tensor;
  }

  alias(name: string, of: string): void {
    this.#aliases.set(name, this.operand(of));
  }

  /** A value of this step alone. */
  scratch(name: string, shape: Shape): string {
    this.#scratch.set(name, shape);
    return name;
  }

  shape(name: string): Shape {
    return this.plan.shapes.get(name) ?? this.#scratch.get(name)!;
  }

  isPacked(name: string): boolean {
    return this.#packed.has(name);
  }

  #root(name: string): string {
    const of = this.#aliases.get(name);
    return of === undefined ? name : this.#root(of);
  }

  /** Gives every value its place. */
  finish(): Lowered {
    const { plan } = this;
    const { graph, batch, stateLength } = plan;
    for (const name of graph.outputs) this.operand(name);
    const placed = new Map<string, number>();
    let end = 0;
    const place = (name: string): void => {
      if (placed.has(name)) return;
      placed.set(name, end);
      end += align(sizeOf(this.shape(name)));
    };
    for (const name of graph.outputs) place(this.#root(name));
    const resultLength = end;
    const stateOut = end;
    const stateIn = (end += align(batch * stateLength));
    end += align(batch * stateLength);
    for (const name of this.#fixed) place(name);
    const steps = mergeSteps(this.#steps, (name) => this.#root(name));
    const values = this.#allocate(steps, placed);

    const value = (name: string): number => {
      const root = this.#root(name);
      return placed.get(root) ?? end + values.offsets.get(root)!;
    };
    return {
      plan,
      steps,
      weights: [...this.#weights.values()],
      fixed: [...placed].flatMap(([name, address]) =>
        graph.constants.has(name) ? [{ address, tensor: graph.constants.get(name)! }] : [],
      ),
      inputs: graph.inputs.map(({ name }) => ({
        address: value(name),
        length: sizeOf(plan.shapes.get(name)!),
        packed: this.isPacked(name),
      })),
      outputs: graph.outputs.map((name) => ({ address: value(name), length: sizeOf(plan.shapes.get(name)!) })),
      resultLength,
      stateOut,
      stateIn,
      arenaLength: end + values.length,
      value,
    };
  }

  /** Lifetimes of what is not placed yet, over steps instead of nodes. */
  #allocate(dispatches: readonly Dispatch[], placed: ReadonlyMap<string, number>): ReturnType<typeof allocate> {
    const { plan } = this;
    const node = ({ node: name, reads, writes }: Dispatch): Plan['nodes'][number] => ({
      node: { name, op: '', inputs: reads.filter((read) => read !== ''), outputs: writes, attributes: {} },
      inputShapes: [],
      outputShapes: [],
      state: [],
    });
    const steps: Plan = { ...plan, nodes: dispatches.map(node), shapes: new Map([...plan.shapes, ...this.#scratch]) };
    const extent = (name: string, shape: Shape): number => {
      if (placed.has(this.#root(name))) return 0;
      return this.#packed.has(name) ? sizeOf(shape) / 2 : sizeOf(shape);
    };
    return allocate(steps, extent, { align: alignment, alias: (name) => this.#aliases.get(name) });
  }
}
