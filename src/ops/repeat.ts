import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { computeMovement, sourceTable } from './movement.ts';
import { choiceAttribute, numbersAttribute, type Op } from './op.ts';

function repeatGeometry(node: GraphNode, x: Shape): { repeats: readonly number[]; each: boolean } {
  const repeats = numbersAttribute(node, 'repeats');
  if (repeats.length !== x.length || repeats.some((count) => !Number.isInteger(count) || count < 1)) {
    throw new ShapeError(node, [x], '"repeats" must be a positive whole number for each axis');
  }
  return { repeats, each: choiceAttribute(node, 'order', ['each', 'whole'], 'each') === 'each' };
}

/**
 * x several times along its axes: `repeats` gives how often for each axis. `order` each repeats every position on its
 * own (a, a, b, b: nearest-neighbour upsampling), whole repeats them all together (a, b, a, b: tiling).
 */
export const repeat: Op = {
  name: 'repeat',
  infer: (node, [x]) => [x.map((extent, axis) => extent * repeatGeometry(node, x).repeats[axis])],
  state(node, [x]) {
    const { repeats, each } = repeatGeometry(node, x);
    return repeats[0] === 1 && (each || (repeats[1] ?? 1) === 1) ? [] : undefined;
  },
  compute: (node, inputs) => computeMovement(repeat, node, inputs),
  multiplyAdds: () => 0,
  movement(node, [x]) {
    const { repeats, each } = repeatGeometry(node, x);
    const [outShape] = repeat.infer(node, [x]);
    const from = (axis: number, position: number): number =>
      each ? Math.floor(position / repeats[axis]) : position % x[axis];
    return { sources: [sourceTable(x, outShape, from)], fill: 0 };
  },
};
