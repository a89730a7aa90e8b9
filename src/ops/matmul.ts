import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, zeros } from '../graph/tensor.ts';
import { broadcastShape, broadcastStrides } from './binary.ts';
import type { Op } from './op.ts';
import { offsetsOf } from './reduce.ts';

export interface MatmulGeometry {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Extents of the axes in front of the matrices, and where each of their positions begins in a and b. */
  readonly batchShape: Shape;
  readonly aOffsets: readonly number[];
  readonly bOffsets: readonly number[];
  readonly outShape: Shape;
}

export function matmulGeometry(node: GraphNode, [a, b]: readonly Shape[]): MatmulGeometry {
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2))
    throw new ShapeError(node, [a, b], 'a must be [..., rows, n] and b [..., n, columns]');
  const batchShape = broadcastShape(node, a.slice(0, -2), b.slice(0, -2));
  const [rows, inner, columns] = [a.at(-2)!, a.at(-1)!, b.at(-1)!];
  const offsets = (operand: Shape, size: number): number[] => {
    const strides = broadcastStrides(operand.slice(0, -2), batchShape);
    return offsetsOf(batchShape.map((extent, axis) => ({ extent, stride: strides[axis] * size })));
  };
  return {
    rows,
    inner,
    columns,
    batchShape,
    aOffsets: offsets(a, rows * inner),
    bOffsets: offsets(b, inner * columns),
    outShape: [...batchShape, rows, columns],
  };
}

/**
 * y = a b, the product of the matrices in the last two axes; the axes in front broadcast. Both may be computed from
 * the input; where b is a constant matrix, dense does the same and more.
 */
export const matmul: Op = {
  name: 'matmul',
  infer: (node, shapes) => [matmulGeometry(node, shapes).outShape],
  state(_, [a, b]) {
    // Time is among the rows of a and b has none, or each step has its own pair of matrices.
    return (a.length === 3 && b.length === 2) ||
      (a.length >= 4 && (b.length === 2 || (b.length === a.length && b[1] === a[1])))
      ? []
      : undefined;
  },
  compute(node, [a, b]) {
    const { rows, inner, columns, aOffsets, bOffsets, outShape } = matmulGeometry(node, [a.shape, b.shape]);
    const y = zeros(outShape);
    aOffsets.forEach((aOffset, matrix) => {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0;
          for (let i = 0; i < inner; i++)
            sum += a.data[aOffset + row * inner + i] * b.data[bOffsets[matrix] + i * columns + column];
          y.data[(matrix * rows + row) * columns + column] = sum;
        }
      }
    });
    return [y];
  },
  multiplyAdds(node, shapes) {
    const { outShape, inner } = matmulGeometry(node, shapes);
    return sizeOf(outShape) * inner;
  },
};
