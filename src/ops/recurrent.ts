import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { choiceAttribute } from './op.ts';

/**
 * Extents of a recurrent op of so many gates, checked against each other: x [batch, time, features], W [features, gates
 * x hidden], R [hidden, gates x hidden], `biases` biases [gates x hidden], then first states [batch, hidden], which may
 * be left out.
 */
export function recurrentGeometry(
  node: GraphNode,
  shapes: readonly Shape[],
  gates: number,
  biases: number,
): { batch: number; time: number; hidden: number } {
  choiceAttribute(node, 'direction', ['forward', 'reverse'], 'forward');
  const [x, w, r] = shapes as [Shape, Shape, Shape];
  const hidden = r[0];
  const columns = gates * hidden;
  if (x.length !== 3 || w.length !== 2 || x[2] !== w[0])
    throw new ShapeError(node, shapes, 'x must be [batch, time, features] with as many features as W has rows');
  if (r.length !== 2 || r[1] !== columns || w[1] !== columns)
    throw new ShapeError(node, shapes, `R must be [hidden, ${gates} hidden] and W [features, ${gates} hidden]`);
  for (let i = 3; i < 3 + biases; i++) {
    if (shapes[i]?.length !== 1 || shapes[i][0] !== columns)
      throw new ShapeError(node, shapes, `input ${i}, a bias, must have ${gates} x ${hidden} elements`);
  }
  for (const first of shapes.slice(3 + biases)) {
    if (first?.length && (first.length !== 2 || first[0] !== x[0] || first[1] !== hidden))
      throw new ShapeError(node, shapes, `a first state must be [${x[0]}, ${hidden}]`);
  }
  return { batch: x[0], time: x[1], hidden };
}
