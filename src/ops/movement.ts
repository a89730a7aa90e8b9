/** What the ops that only move data share: positions, and a computation that follows their tables. */
import type { GraphNode } from '../graph/graph.ts';
import { type FloatTensor, type Shape, stridesOf, type Tensor, zeros } from '../graph/tensor.ts';
import type { Op } from './op.ts';

/**
 * For each element of `shape`, row-major, the index of the element of `x` it comes from. `from` gives the position
 * along one axis of x for a position along the same axis of the output, or -1 for none.
 */
export function sourceTable(x: Shape, shape: Shape, from: (axis: number, position: number) => number): Int32Array {
  const strides = stridesOf(x);
  let table = Int32Array.of(0);
  // Axis by axis: what stands so far, times the positions along the next axis.
  shape.forEach((extent, axis) => {
    const steps = Int32Array.from({ length: extent }, (_, position) => from(axis, position));
    const next = new Int32Array(table.length * extent);
    for (let i = 0, at = 0; i < table.length; i++) {
      for (let position = 0; position < extent; position++, at++) {
        next[at] = table[i] < 0 || steps[position] < 0 ? -1 : table[i] + steps[position] * strides[axis];
      }
    }
    table = next;
  });
  return table;
}

/** Where an op moves data along none of batch and time, a stream may be cut anywhere. */
export function movesBehindTime(axes: readonly number[]): Shape[] | undefined {
  return axes.every((axis) => axis >= 2) ? [] : undefined;
}

/** The reference computation of every op that has a `movement`. */
export function computeMovement(op: Op, node: GraphNode, inputs: readonly Tensor[]): FloatTensor[] {
  const shapes = inputs.map(({ shape }) => shape);
  const y = zeros(op.infer(node, shapes)[0]);
  const { sources, fill } = op.movement!(node, shapes);
  y.data.fill(fill);
  sources.forEach((source, input) => {
    for (let i = 0; i < y.data.length; i++) if (source[i] >= 0) y.data[i] = inputs[input].data[source[i]];
  });
  return [y];
}
