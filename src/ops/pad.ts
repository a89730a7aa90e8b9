import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { computeMovement, movesBehindTime, sourceTable } from './movement.ts';
import { choiceAttribute, numberAttribute, numbersAttribute, type Op } from './op.ts';

const modes = ['constant', 'reflect', 'edge'] as const;

export interface PadGeometry {
  readonly mode: (typeof modes)[number];
  readonly value: number;
  /** Positions added before and after, for each axis; none is negative. */
  readonly pads: readonly (readonly [number, number])[];
  readonly outShape: Shape;
}

function padGeometry(node: GraphNode, x: Shape): PadGeometry {
  const list = numbersAttribute(node, 'pads');
  const mode = choiceAttribute(node, 'mode', modes, 'constant');
  if (list.length !== 2 * x.length || list.some((count) => !Number.isInteger(count) || count < 0)) {
    throw new ShapeError(node, [x], '"pads" must be [before, after] for each axis in turn, none negative');
  }
  const pads = x.map((extent, axis) => {
    const [before, after] = [list[2 * axis], list[2 * axis + 1]];
    if (mode === 'reflect' && Math.max(before, after) >= extent)
      throw new ShapeError(node, [x], `axis ${axis} can't be reflected beyond its own extent`);
    return [before, after] as const;
  });
  const outShape = x.map((extent, axis) => extent + pads[axis][0] + pads[axis][1]);
  return { mode, value: numberAttribute(node, 'value', 0), pads, outShape };
}

/**
 * x with positions added at the ends of its axes: attribute `pads` [before, after] for each axis in turn. `mode` says
 * what they hold: `value` (constant), the rows mirrored at the outermost one, which is not repeated (reflect), or the
 * outermost one (edge).
 */
export const pad: Op = {
  name: 'pad',
  infer: (node, [x]) => [padGeometry(node, x).outShape],
  state: (node, [x]) =>
    movesBehindTime(padGeometry(node, x).pads.flatMap(([before, after], axis) => (before + after > 0 ? [axis] : []))),
  compute: (node, inputs) => computeMovement(pad, node, inputs),
  multiplyAdds: () => 0,
  movement(node, [x]) {
    const { mode, value, pads, outShape } = padGeometry(node, x);
    const from = (axis: number, position: number): number => {
      const last = x[axis] - 1;
      const inside = position - pads[axis][0];
      if (inside >= 0 && inside <= last) return inside;
      if (mode === 'constant') return -1;
      if (mode === 'edge') return inside < 0 ? 0 : last;
      return inside < 0 ? -inside : 2 * last - inside;
    };
    return { sources: [sourceTable(x, outShape, from)], fill: value };
  },
};
