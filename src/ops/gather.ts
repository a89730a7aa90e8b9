import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { positiveAxis, type Shape } from '../graph/tensor.ts';
import { computeMovement, movesBehindTime, sourceTable } from './movement.ts';
import { numberAttribute, numbersAttribute, type Op } from './op.ts';

function gatherGeometry(node: GraphNode, x: Shape): { axis: number; indices: readonly number[] } {
  const axis = positiveAxis(numberAttribute(node, 'axis'), x.length);
  if (Number.isNaN(axis)) throw new ShapeError(node, [x], '"axis" must be an axis of x');
  const indices = numbersAttribute(node, 'indices').map((index) => positiveAxis(index, x[axis]));
  if (indices.length === 0 || indices.some(Number.isNaN))
    throw new ShapeError(node, [x], `"indices" must be positions along axis ${axis}`);
  return { axis, indices };
}

/** The positions `indices` of x along `axis`, in that order; negative ones count from the end. */
export const gather: Op = {
  name: 'gather',
  infer(node, [x]) {
    const { axis, indices } = gatherGeometry(node, x);
    return [x.map((extent, i) => (i === axis ? indices.length : extent))];
  },
  state: (node, [x]) => movesBehindTime([gatherGeometry(node, x).axis]),
  compute: (node, inputs) => computeMovement(gather, node, inputs),
  multiplyAdds: () => 0,
  movement(node, [x]) {
    const { axis, indices } = gatherGeometry(node, x);
    const [outShape] = gather.infer(node, [x]);
    return {
      sources: [sourceTable(x, outShape, (along, position) => (along === axis ? indices[position] : position))],
      fill: 0,
    };
  },
};
