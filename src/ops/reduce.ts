import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { positiveAxis, type Shape, sizeOf, stridesOf, zeros } from '../graph/tensor.ts';
import { choiceAttribute, numberAttribute, numbersAttribute, type Op } from './op.ts';

export const reduceKinds = ['mean', 'sum', 'max', 'min'] as const;

export interface ReduceGeometry {
  readonly kind: (typeof reduceKinds)[number];
  /** Positive, ascending. */
  readonly axes: readonly number[];
  /** Extents and strides of x along the axes that stay, and along those that go. */
  readonly kept: readonly { extent: number; stride: number }[];
  readonly reduced: readonly { extent: number; stride: number }[];
  readonly outShape: Shape;
}

export function reduceGeometry(node: GraphNode, shapes: readonly Shape[]): ReduceGeometry {
  const x = shapes[0];
  const axes = [...new Set(numbersAttribute(node, 'axes').map((axis) => positiveAxis(axis, x.length)))].sort(
    (a, b) => a - b,
  );
  if (axes.length === 0 || axes.some(Number.isNaN)) throw new ShapeError(node, shapes, '"axes" must name axes of x');
  const strides = stridesOf(x);
  const every = x.map((extent, axis) => ({ axis, extent, stride: strides[axis] }));
  const keep = numberAttribute(node, 'keepAxes', 1) !== 0;
  return {
    kind: choiceAttribute(node, 'kind', reduceKinds),
    axes,
    kept: every.filter(({ axis }) => !axes.includes(axis)),
    reduced: every.filter(({ axis }) => axes.includes(axis)),
    outShape: keep
      ? x.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
      : x.filter((_, axis) => !axes.includes(axis)),
  };
}

/** Offsets of all positions of a nest of loops, the first one slowest. */
export function offsetsOf(loops: readonly { extent: number; stride: number }[]): number[] {
  return loops.reduce<number[]>(
    (offsets, { extent, stride }) =>
      offsets.flatMap((offset) => Array.from({ length: extent }, (_, i) => offset + i * stride)),
    [0],
  );
}

/** Mean, sum, largest or smallest value over `axes`; `keepAxes` (default 1) leaves them in the shape as 1. */
export const reduce: Op = {
  name: 'reduce',
  infer: (node, shapes) => [reduceGeometry(node, shapes).outShape],
  state(node, shapes) {
    const { axes } = reduceGeometry(node, shapes);
    return axes[0] >= 2 ? [] : undefined;
  },
  compute(node, [x]) {
    const { kind, kept, reduced, outShape } = reduceGeometry(node, [x.shape]);
    const y = zeros(outShape);
    const inner = offsetsOf(reduced);
    offsetsOf(kept).forEach((base, at) => {
      const values = inner.map((offset) => x.data[base + offset]);
      const sum = values.reduce((a, b) => a + b);
      y.data[at] = {
        mean: () => sum / values.length,
        sum: () => sum,
        max: () => Math.max(...values),
        min: () => Math.min(...values),
      }[kind]();
    });
    return [y];
  },
  multiplyAdds: (_, [x]) => sizeOf(x),
};
