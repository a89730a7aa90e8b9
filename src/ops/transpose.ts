import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, stridesOf, zeros } from '../graph/tensor.ts';
import { numbersAttribute, type Op } from './op.ts';

function permutationOf(node: GraphNode, x: Shape): readonly number[] {
  const permutation = numbersAttribute(node, 'permutation');
  if ([...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i) || permutation.length !== x.length) {
    throw new ShapeError(node, [x], `[${permutation.join(', ')}] is no permutation of its axes`);
  }
  return permutation;
}

/** Axis i of the output is axis permutation[i] of the input. */
export const transpose: Op = {
  name: 'transpose',
  infer: (node, [x]) => [permutationOf(node, x).map((axis) => x[axis])],
  state(node, [x]) {
    const permutation = permutationOf(node, x);
    return permutation[0] === 0 && permutation[1] === 1 ? [] : undefined;
  },
  compute(node, [x]) {
    const y = zeros(permutationOf(node, x.shape).map((axis) => x.shape[axis]));
    transpose.movement!(node, [x.shape]).sources[0].forEach((source, i) => (y.data[i] = x.data[source]));
    return [y];
  },
  multiplyAdds: () => 0,
  movement(node, [x]) {
    const permutation = permutationOf(node, x);
    const shape = permutation.map((axis) => x[axis]);
    const [from, to] = [stridesOf(x), stridesOf(shape)];
    const source = Int32Array.from({ length: sizeOf(x) }, (_, i) =>
      shape.reduce((offset, extent, axis) => offset + (Math.floor(i / to[axis]) % extent) * from[permutation[axis]], 0),
    );
    return { sources: [source], fill: 0 };
  },
};
