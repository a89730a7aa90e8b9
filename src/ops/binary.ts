import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, stridesOf, zeros } from '../graph/tensor.ts';
import { choiceAttribute, type Op } from './op.ts';
import { applyActivation, fusedActivation } from './unary.ts';

export const binaryKinds = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
  power: (a: number, b: number) => a ** b,
  maximum: (a: number, b: number) => Math.max(a, b),
  minimum: (a: number, b: number) => Math.min(a, b),
  prelu: (a: number, b: number) => (a < 0 ? a * b : a),
  greater: (a: number, b: number) => (a > b ? 1 : 0),
  greaterOrEqual: (a: number, b: number) => (a >= b ? 1 : 0),
  equal: (a: number, b: number) => (a === b ? 1 : 0),
  /** b where a is not 0, else 0, whatever b is there: what is chosen between may be infinite or no number. */
  mask: (a: number, b: number) => (a === 0 ? 0 : b),
} as const;

export type BinaryKind = keyof typeof binaryKinds;

export function binaryKind(node: GraphNode): BinaryKind {
  return choiceAttribute(node, 'kind', Object.keys(binaryKinds) as BinaryKind[]);
}

/** The common shape of two operands, numpy's rule: axes are matched from the last, an extent of 1 is repeated. */
export function broadcastShape(node: GraphNode, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new ShapeError(node, [a, b], 'shapes do not broadcast');
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/** Strides of an operand seen as `shape`: 0 along every axis on which it is repeated. */
export function broadcastStrides(operand: Shape, shape: Shape): number[] {
  const own = stridesOf(operand);
  return shape.map((_, axis) => {
    const i = axis - shape.length + operand.length;
    return i < 0 || operand[i] === 1 ? 0 : own[i];
  });
}

/** y = activation(a `kind` b), broadcasting. A constant stands in either place. */
export const binary: Op = {
  name: 'binary',
  infer(node, [a, b]) {
    binaryKind(node);
    fusedActivation(node);
    return [broadcastShape(node, a, b)];
  },
  state: () => [],
  compute(node, [a, b]) {
    const f = binaryKinds[binaryKind(node)];
    const y = zeros(broadcastShape(node, a.shape, b.shape));
    const [strides, aStrides, bStrides] = [
      stridesOf(y.shape),
      broadcastStrides(a.shape, y.shape),
      broadcastStrides(b.shape, y.shape),
    ];
    for (let i = 0; i < y.data.length; i++) {
      let [ia, ib] = [0, 0];
      y.shape.forEach((extent, axis) => {
        const position = Math.floor(i / strides[axis]) % extent;
        ia += position * aStrides[axis];
        ib += position * bStrides[axis];
      });
      y.data[i] = f(a.data[ia], b.data[ib]);
    }
    applyActivation(y.data, fusedActivation(node));
    return [y];
  },
  multiplyAdds: (node, [a, b]) => sizeOf(broadcastShape(node, a, b)),
};
