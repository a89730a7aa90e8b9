import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sameShape, sizeOf } from '../graph/tensor.ts';
import { numbersAttribute, type Op } from './op.ts';

/** ONNX's rule: 0 keeps the extent of the same axis, one -1 takes what is left. */
function reshapedShape(node: GraphNode, x: Shape): Shape {
  const wanted = numbersAttribute(node, 'shape');
  const known = wanted.map((extent, axis) => (extent === 0 ? (x[axis] ?? NaN) : extent));
  const rest = sizeOf(x) / sizeOf(known.filter((extent) => extent !== -1));
  const shape = known.map((extent) => (extent === -1 ? rest : extent));
  if (
    known.filter((extent) => extent === -1).length > 1 ||
    sizeOf(shape) !== sizeOf(x) ||
    shape.some((extent) => !Number.isInteger(extent) || extent < 1)
  ) {
    throw new ShapeError(node, [x], `cannot be reshaped to [${wanted.join(', ')}]`);
  }
  return shape;
}

/** The same elements under another shape; backends give it its input's memory. */
export const reshape: Op = {
  name: 'reshape',
  infer: (node, [x]) => [reshapedShape(node, x)],
  state: (node, [x]) => (sameShape(reshapedShape(node, x).slice(0, 2), x.slice(0, 2)) ? [] : undefined),
  compute: (node, [x]) => [{ shape: reshapedShape(node, x.shape), data: Float32Array.from(x.data) }],
  multiplyAdds: () => 0,
};
