import { GraphError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { FloatTensor, Shape, Tensor } from '../graph/tensor.ts';

/**
 * One op: its shape rule, its reference computation and what it carries along a stream. Reference computations are
 * written to be read; the kernels of every backend are held against them.
 *
 * Streams. Axis 1 of a value is time. `state` gives the shapes an op carries from one stretch of a stream to the
 * next (without the batch axis); the state before the first sample is all zeros, which for a causal convolution is
 * its zero padding. An op that can't be cut along time (it looks ahead, or mixes all of time) gives `undefined`.
 */
export interface Op {
  readonly name: string;
  /** Output shapes; throws ShapeError where the inputs don't fit. `shapes[i]` is undefined for an input left out. */
  infer(node: GraphNode, shapes: readonly Shape[]): Shape[];
  /** State carried along time, batch axis left off; `[]` for none, `undefined` if the op can't be streamed. */
  state(node: GraphNode, shapes: readonly Shape[]): Shape[] | undefined;
  /**
   * The reference. `state[i]` has shape [batch, ...state shape], holds zeros at the start of a stream, and is left
   * as the next stretch needs it. For an op that can't be streamed it is empty.
   */
  compute(node: GraphNode, inputs: readonly Tensor[], state: readonly FloatTensor[]): FloatTensor[];
  /** Multiply-adds of one run. */
  multiplyAdds(node: GraphNode, shapes: readonly Shape[]): number;
  /**
   * Ops that only move data tell where each output element comes from, so that one copy kernel serves them all.
   * One table per input, as long as the output: the element's index in that input, or -1 where this input gives none.
   * An element that no input gives is `fill`.
   */
  movement?(node: GraphNode, shapes: readonly Shape[]): { sources: Int32Array[]; fill: number };
}

export function numberAttribute(node: GraphNode, name: string, otherwise?: number): number {
  const value = node.attributes[name] ?? otherwise;
  if (typeof value !== 'number')
    throw new GraphError(node, `attribute "${name}" must be a number, got ${describe(value)}`);
  return value;
}

export function numbersAttribute(node: GraphNode, name: string, otherwise?: readonly number[]): readonly number[] {
  const value = node.attributes[name] ?? otherwise;
  if (!Array.isArray(value))
    throw new GraphError(node, `attribute "${name}" must be a list of numbers, got ${describe(value)}`);
  return value;
}

export function choiceAttribute<T extends string>(
  node: GraphNode,
  name: string,
  choices: readonly T[],
  otherwise?: T,
): T {
  const value = (node.attributes[name] ?? otherwise) as T;
  if (!choices.includes(value))
    throw new GraphError(node, `attribute "${name}" must be one of ${choices.join(', ')}, got ${describe(value)}`);
  return value;
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
