import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { positiveAxis, type Shape } from '../graph/tensor.ts';
import { computeMovement, movesBehindTime, sourceTable } from './movement.ts';
import { numbersAttribute, type Op } from './op.ts';

export interface SliceGeometry {
  readonly axes: readonly number[];
  /** For each axis of x: first position, distance between two, and how many. */
  readonly ranges: readonly { readonly start: number; readonly step: number; readonly extent: number }[];
  readonly outShape: Shape;
}

function sliceGeometry(node: GraphNode, x: Shape): SliceGeometry {
  const axes = numbersAttribute(node, 'axes').map((axis) => positiveAxis(axis, x.length));
  const starts = numbersAttribute(node, 'starts');
  const ends = numbersAttribute(node, 'ends');
  const steps = numbersAttribute(
    node,
    'steps',
    axes.map(() => 1),
  );
  if (axes.some(Number.isNaN) || new Set(axes).size !== axes.length)
    throw new ShapeError(node, [x], '"axes" must name axes of x, each once');
  if ([starts, ends, steps].some(({ length }) => length !== axes.length))
    throw new ShapeError(node, [x], '"starts", "ends" and "steps" must be as many as "axes"');
  const ranges = x.map((extent) => ({ start: 0, step: 1, extent }));
  axes.forEach((axis, i) => {
    const extent = x[axis];
    const step = steps[i];
    if (!Number.isInteger(step) || step === 0)
      throw new ShapeError(node, [x], 'a step must be a whole number other than 0');
    const lowest = step > 0 ? 0 : -1;
    const highest = step > 0 ? extent : extent - 1;
    const bound = (position: number): number =>
      Math.min(highest, Math.max(lowest, position < 0 ? position + extent : position));
    const start = bound(starts[i]);
    // An end far below zero means: to the first element, when the step is negative.
    ranges[axis] = { start, step, extent: Math.max(0, Math.ceil((bound(ends[i]) - start) / step)) };
  });
  const outShape = ranges.map(({ extent }) => extent);
  if (outShape.includes(0)) throw new ShapeError(node, [x], `nothing is left of it: [${outShape.join(', ')}]`);
  return { axes, ranges, outShape };
}

/**
 * A part of x: along axes[i] the positions starts[i], starts[i] + steps[i], ... before ends[i]. Negative starts and
 * ends count from the end, and what lies outside is left out, as ONNX's Slice and Python do.
 */
export const slice: Op = {
  name: 'slice',
  infer: (node, [x]) => [sliceGeometry(node, x).outShape],
  state(node, [x]) {
    const { ranges } = sliceGeometry(node, x);
    return movesBehindTime(
      ranges.flatMap(({ start, step, extent }, axis) =>
        start === 0 && step === 1 && extent === x[axis] ? [] : [axis],
      ),
    );
  },
  compute: (node, inputs) => computeMovement(slice, node, inputs),
  multiplyAdds: () => 0,
  movement(node, [x]) {
    const { ranges, outShape } = sliceGeometry(node, x);
    return {
      sources: [sourceTable(x, outShape, (axis, position) => ranges[axis].start + position * ranges[axis].step)],
      fill: 0,
    };
  },
};
