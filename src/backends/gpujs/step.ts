import type { GraphNode } from '../../graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../graph/tensor.ts';
import type { Kernels } from './kernels.ts';

/** Computes one node. `state` is that of the whole program, [batch, stateLength], or nothing for a run that forgets. */
export type Step = (state: Float32Array | undefined) => void;

/** Makes a node's step; everything it needs is allocated and compiled here. */
export type StepMaker = (node: NodeContext) => Step;

/** What a step maker is given: the node, its shapes and where its values live. Values stay where they are. */
export interface NodeContext {
  readonly node: GraphNode;
  readonly kernels: Kernels;
  readonly batch: number;
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** Row-major values; undefined for an input that is left out. */
  readonly inputs: readonly (Float32Array | undefined)[];
  /** The first output, and all of them. */
  readonly output: Float32Array;
  readonly outputs: readonly Float32Array[];
  /** The i-th input where it is a constant. */
  readonly constants: readonly (Tensor | undefined)[];
  /** The node's state tensors, batch axis left off; empty where the program can't be streamed. */
  readonly state: readonly NodeState[];
}

/** One state tensor of one node within the state of the whole program. */
export class NodeState {
  readonly size: number;
  readonly #offset: number;
  readonly #stateLength: number;

  constructor(shape: Shape, offset: number, stateLength: number) {
    this.#offset = offset;
    this.#stateLength = stateLength;
    this.size = sizeOf(shape);
  }

  /** Item b's part of the state, a view. */
  of(state: Float32Array, b: number): Float32Array {
    const from = b * this.#stateLength + this.#offset;
    return state.subarray(from, from + this.size);
  }
}
