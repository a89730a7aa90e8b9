import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { positiveAxis, type Shape, sizeOf } from '../graph/tensor.ts';
import { computeMovement, sourceTable } from './movement.ts';
import { numbersAttribute, type Op } from './op.ts';

/** Axes of x and, for each, the axis of `like` whose extent it takes. */
export function fittedAxes(
  node: GraphNode,
  [x, like]: readonly Shape[],
): { axes: readonly number[]; from: readonly number[] } {
  const axes = numbersAttribute(node, 'axes').map((axis) => positiveAxis(axis, x.length));
  const from = numbersAttribute(node, 'from').map((axis) => positiveAxis(axis, like.length));
  if (axes.length !== from.length || new Set(axes).size !== axes.length || [...axes, ...from].some(Number.isNaN)) {
    throw new ShapeError(
      node,
      [x, like],
      '"axes" must name axes of x, each once, and "from" one axis of like for each',
    );
  }
  return { axes, from };
}

export function fittedShape(node: GraphNode, shapes: readonly Shape[]): number[] {
  const { axes, from } = fittedAxes(node, shapes);
  return shapes[0].map((extent, axis) => (axes.includes(axis) ? shapes[1][from[axes.indexOf(axis)]] : extent));
}

/** The table of an input of which only the shape is used. */
export const nowhere = (shape: Shape): Int32Array => new Int32Array(sizeOf(shape)).fill(-1);

/**
 * x repeated along `axes`, where its extent is 1, as often as another value is long: axis axes[i] takes the extent of
 * axis from[i] of `like`, of which nothing else is used.
 */
export const expand: Op = {
  name: 'expand',
  infer(node, shapes) {
    if (fittedAxes(node, shapes).axes.some((axis) => shapes[0][axis] !== 1))
      throw new ShapeError(node, shapes, 'x must have extent 1 along "axes"');
    return [fittedShape(node, shapes)];
  },
  state(node, shapes) {
    const { axes, from } = fittedAxes(node, shapes);
    return axes.every((axis, i) => (axis > 1 && from[i] > 1) || axis === from[i]) ? [] : undefined;
  },
  compute: (node, inputs) => computeMovement(expand, node, inputs),
  multiplyAdds: () => 0,
  movement(node, shapes) {
    const { axes } = fittedAxes(node, shapes);
    const shape = fittedShape(node, shapes);
    return {
      sources: [
        sourceTable(shapes[0], shape, (axis, position) => (axes.includes(axis) ? 0 : position)),
        nowhere(shape),
      ],
      fill: 0,
    };
  },
};
