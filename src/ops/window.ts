import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { numbersAttribute } from './op.ts';

type Pair = readonly [number, number];

export interface WindowAxes {
  /** 1: time; 2: time and frequency. What stands for the one axis that is missing then is 1 wide. */
  readonly axes: 1 | 2;
  readonly inExtent: Pair;
  /** An attribute with one number an axis; without `otherwise` it must be there. */
  pair(name: string, otherwise?: Pair): Pair;
  /** Before and after, by axis: the attribute "pads", default 0. */
  readonly pads: readonly [Pair, Pair];
  /** [batch, time, (frequency,) channels]. */
  shapeOf(extent: Pair, channels: number): Shape;
}

/**
 * What all ops that slide a window over x, [batch, time, channels] or [batch, time, frequency, channels], read alike.
 */
export function windowAxes(node: GraphNode, shapes: readonly Shape[]): WindowAxes {
  const x = shapes[0];
  const axes = x.length - 2;
  if (axes !== 1 && axes !== 2)
    throw new ShapeError(node, shapes, 'x must be [batch, time, channels] or [batch, time, frequency, channels]');
  const list = (name: string, length: number, otherwise?: readonly number[]): readonly number[] => {
    const given = numbersAttribute(node, name, otherwise);
    if (given.length !== length) throw new ShapeError(node, shapes, `"${name}" must have ${length} elements`);
    return given;
  };
  const pads = list('pads', 2 * axes, new Array<number>(2 * axes).fill(0));
  return {
    axes,
    inExtent: [x[1], axes === 1 ? 1 : x[2]],
    pair(name, otherwise) {
      const given = list(name, axes, otherwise?.slice(0, axes));
      return [given[0], given[1] ?? otherwise?.[1] ?? 1];
    },
    pads: [
      [pads[0], pads[1]],
      [pads[2] ?? 0, pads[3] ?? 0],
    ],
    shapeOf: (extent, channels) => (axes === 1 ? [x[0], extent[0], channels] : [x[0], ...extent, channels]),
  };
}
