/** Arithmetic of whole numbers that are known at conversion, though maybe as formulas of the input's extents. */
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import type { IntegerValue } from '../value.ts';
import { broadcastSizes } from './broadcast.ts';

/** Whole numbers, element by element with broadcasting. */
export function combine(node: OnnxNode, a: IntegerValue, b: IntegerValue, f: (a: Size, b: Size) => Size): IntegerValue {
  const shape = broadcastSizes(node, a.shape.map(Size.of), b.shape.map(Size.of)).map((size) => size.constant!);
  const count = shape.reduce((m, n) => m * n, 1);
  if (count > 1 << 20) node.fail('too many whole numbers');
  const at = (operand: IntegerValue, i: number): Size => {
    let [index, stride, rest] = [0, 1, i];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const own = operand.shape[axis - shape.length + operand.shape.length] ?? 1;
      if (own > 1) index += (rest % shape[axis]) * stride;
      stride *= own;
      rest = Math.floor(rest / shape[axis]);
    }
    return operand.elements[index];
  };
  return { kind: 'integers', shape, elements: Array.from({ length: count }, (_, i) => f(at(a, i), at(b, i))) };
}

function divideSizes(node: OnnxNode, a: Size, b: Size): Size {
  const exact = a.exactly(b);
  if (exact) return exact;
  // ONNX divides whole numbers towards zero; sizes are not negative.
  if (b.constant !== undefined && b.constant > 0 && !((a.constant ?? 0) < 0)) return a.floorDivide(b.constant);
  return node.fail(`can't divide ${a.toString()} by ${b.toString()}`);
}

function choose(node: OnnxNode, a: Size, b: Size, pick: (a: number, b: number) => number): Size {
  if (a.equals(b)) return a;
  if (a.constant === undefined || b.constant === undefined)
    return node.fail(`can't tell which of ${a.toString()} and ${b.toString()} is larger`);
  return Size.of(pick(a.constant, b.constant));
}

export const integerRules: Readonly<Record<string, (node: OnnxNode, a: Size, b: Size) => Size>> = {
  add: (_, a, b) => a.plus(b),
  subtract: (_, a, b) => a.minus(b),
  multiply: (_, a, b) => a.times(b),
  divide: divideSizes,
  maximum: (node, a, b) => choose(node, a, b, Math.max),
  minimum: (node, a, b) => choose(node, a, b, Math.min),
};
