/** What the ops of two operands share. */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import type { TensorValue, Value } from '../value.ts';
import { emitBinary, number } from './broadcast.ts';
import { reshapeAny, shapeOf } from './shape.ts';

/** The operands of a binary op. Before operator set 7 the second one may stand at an axis of the first. */
export function operands(node: OnnxNode, to: Lowering): [Value, Value] {
  const [a, b] = [node.required(0), node.required(1)];
  if (node.opset >= 7 || node.int('broadcast', 0) === 0) return [a, b];
  const rank = shapeOf(a).length;
  const own = shapeOf(b);
  const axis = node.has('axis') ? node.axis(node.int('axis'), rank) : rank - own.length;
  const behind = rank - axis - own.length;
  if (behind < 0) node.fail(`${own.length} axes do not fit at axis ${axis} of ${rank}`);
  return [a, behind === 0 ? b : reshapeAny(node, b, [...own, ...new Array<Size>(behind).fill(Size.of(1))], to)];
}

/** 1 where x is 0, else 0. */
export const negation = (x: TensorValue, to: Lowering): TensorValue =>
  emitBinary(undefined, 'equal', x, number(0, to), to);
