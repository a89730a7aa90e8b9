import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { positiveAxis, type Shape } from '../graph/tensor.ts';
import { computeMovement, movesBehindTime, sourceTable } from './movement.ts';
import { numberAttribute, type Op } from './op.ts';

function concatAxis(node: GraphNode, shapes: readonly Shape[]): number {
  const axis = positiveAxis(numberAttribute(node, 'axis'), shapes[0].length);
  const fits = (shape: Shape): boolean =>
    shape.length === shapes[0].length && shape.every((extent, i) => i === axis || extent === shapes[0][i]);
  if (Number.isNaN(axis) || !shapes.every(fits))
    throw new ShapeError(node, shapes, 'shapes must be equal but for the extent along "axis"');
  return axis;
}

/** Its inputs one behind the other along `axis`. */
export const concat: Op = {
  name: 'concat',
  infer(node, shapes) {
    const axis = concatAxis(node, shapes);
    const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
    return [shapes[0].map((extent, i) => (i === axis ? total : extent))];
  },
  state: (node, shapes) => movesBehindTime([concatAxis(node, shapes)]),
  compute: (node, inputs) => computeMovement(concat, node, inputs),
  multiplyAdds: () => 0,
  movement(node, shapes) {
    const axis = concatAxis(node, shapes);
    const [outShape] = concat.infer(node, shapes);
    let first = 0;
    const sources = shapes.map((shape) => {
      const from = first;
      first += shape[axis];
      const inside = (position: number): number =>
        position >= from && position < from + shape[axis] ? position - from : -1;
      return sourceTable(shape, outShape, (along, position) => (along === axis ? inside(position) : position));
    });
    return { sources, fill: 0 };
  },
};
