import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, zeros } from '../graph/tensor.ts';
import { numberAttribute, numbersAttribute, type Op } from './op.ts';
import { offsetsOf, type ReduceGeometry, reduceGeometry } from './reduce.ts';

/** `kept` runs over the groups that have a mean of their own, `reduced` over the elements of one. */
export function normaliseGeometry(
  node: GraphNode,
  shapes: readonly Shape[],
): Pick<ReduceGeometry, 'axes' | 'kept' | 'reduced'> & { readonly epsilon: number } {
  const [x, scale, bias] = shapes as [Shape, Shape | undefined, Shape | undefined];
  const channels = x.at(-1)!;
  for (const vector of [scale, bias]) {
    if (vector?.length && (vector.length !== 1 || vector[0] !== channels))
      throw new ShapeError(node, shapes, `scale and bias must have ${channels} elements, one a channel`);
  }
  const geometry = reduceGeometry(
    { ...node, attributes: { kind: 'mean', axes: numbersAttribute(node, 'axes'), keepAxes: 1 } },
    [x],
  );
  return { ...geometry, epsilon: numberAttribute(node, 'epsilon', 1e-5) };
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale + bias: mean and variance over `axes` (the last one for layer
 * normalisation, all but batch and channels for instance normalisation), scale and bias [channels] over the last
 * axis, either of which may be left out. The variance is the mean of squared distances, as in ONNX.
 */
export const normalise: Op = {
  name: 'normalise',
  infer: (node, shapes) => (normaliseGeometry(node, shapes), [shapes[0]]),
  state: (node, shapes) => (normaliseGeometry(node, shapes).axes[0] >= 2 ? [] : undefined),
  compute(node, [x, scale, bias]) {
    const { kept, reduced, epsilon } = normaliseGeometry(node, [x.shape, scale?.shape ?? [], bias?.shape ?? []]);
    const channels = x.shape.at(-1)!;
    const y = zeros(x.shape);
    const inner = offsetsOf(reduced);
    for (const base of offsetsOf(kept)) {
      const mean = inner.reduce((sum, offset) => sum + x.data[base + offset], 0) / inner.length;
      const variance = inner.reduce((sum, offset) => sum + (x.data[base + offset] - mean) ** 2, 0) / inner.length;
      for (const offset of inner) {
        const channel = (base + offset) % channels;
        const unit = (x.data[base + offset] - mean) / Math.sqrt(variance + epsilon);
        y.data[base + offset] =
          unit * (scale?.data.length ? scale.data[channel] : 1) + (bias?.data.length ? bias.data[channel] : 0);
      }
    }
    return [y];
  },
  multiplyAdds: (_, [x]) => 4 * sizeOf(x),
};
