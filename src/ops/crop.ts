import { ShapeError } from '../errors.ts';
import { fittedAxes, fittedShape, nowhere } from './expand.ts';
import { computeMovement, sourceTable } from './movement.ts';
import type { Op } from './op.ts';

/**
 * The first positions of x along `axes`, as many as another value is long: axis axes[i] is cut to axis from[i] of
 * `like`.
 */
export const crop: Op = {
  name: 'crop',
  infer(node, shapes) {
    const shape = fittedShape(node, shapes);
    if (shape.some((extent, axis) => extent > shapes[0][axis]))
      throw new ShapeError(node, shapes, 'x must be at least as long as like');
    return [shape];
  },
  // Where a stream stands is not known, so time can't be cut to its length.
  state: (node, shapes) =>
    fittedAxes(node, shapes).axes.every((axis, i) => axis > 1 && fittedAxes(node, shapes).from[i] > 1) ? [] : undefined,
  compute: (node, inputs) => computeMovement(crop, node, inputs),
  multiplyAdds: () => 0,
  movement(node, shapes) {
    const shape = fittedShape(node, shapes);
    return { sources: [sourceTable(shapes[0], shape, (_, position) => position), nowhere(shape)], fill: 0 };
  },
};
