/** Comparisons and truth values: 1 and 0, of whole numbers that are known and of computed ones. */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import type { IntegerValue, TensorValue, Value } from '../value.ts';
import { emitBinary } from './broadcast.ts';
import type { Handler, Handlers } from './handler.ts';
import { combine } from './integers.ts';
import { negation, operands } from './operands.ts';

type Test = (a: number, b: number) => boolean;

function compareSizes(node: OnnxNode, a: IntegerValue, b: IntegerValue, holds: Test): IntegerValue {
  return combine(node, a, b, (m, n) => {
    const difference = m.minus(n).constant;
    // Extents that depend on the input are positive, so they equal no negative number.
    if (difference === undefined && n.constant !== undefined && n.constant <= 0)
      return Size.of(holds(1, n.constant) ? 1 : 0);
    return difference === undefined
      ? node.fail(
          `can't compare ${m.toString()} with ${n.toString()} before the input is known; an open axis gets its ` +
            'extent with --dim NAME=NUMBER',
        )
      : Size.of(holds(difference, 0) ? 1 : 0);
  });
}

/** `kind` of the operands, or of the second and the first. */
const compare =
  (holds: Test, kind: 'greater' | 'greaterOrEqual' | 'equal', swapped = false): Handler =>
  (node, to) => {
    const [a, b] = operands(node, to);
    if (a.kind === 'integers' && b.kind === 'integers') return [compareSizes(node, a, b, holds)];
    return [to.asWhole(emitBinary(node, kind, swapped ? b : a, swapped ? a : b, to))];
  };

/** A connection of truth values: of known ones, and as arithmetic of 1 and 0. */
const connect =
  (known: (a: Size, b: Size) => Size, kind: string): Handler =>
  (node, to) => {
    const [a, b] = operands(node, to);
    if (a.kind === 'integers' && b.kind === 'integers') return [combine(node, a, b, known)];
    return [to.asWhole(emitBinary(node, kind, a, b, to))];
  };

const isFalse = (size: Size): boolean => size.constant === 0;

function chosen(node: OnnxNode, condition: IntegerValue, a: IntegerValue, b: IntegerValue): IntegerValue {
  const first = (m: Size): Size => m;
  const second = (_: Size, n: Size): Size => n;
  const whole = combine(node, combine(node, condition, a, second), b, first);
  const spread = (value: IntegerValue): readonly Size[] => combine(node, whole, value, second).elements;
  const [mask, yes, no] = [spread(condition), spread(a), spread(b)];
  return { ...whole, elements: mask.map((flag, i) => (isFalse(flag) ? no[i] : yes[i])) };
}

const isZero = (value: Value, to: Lowering): boolean =>
  value.kind === 'filled' ? value.fill === 0 : (to.constantOf(value)?.data.every((x) => x === 0) ?? false);

const where: Handler = (node, to) => {
  const [condition, a, b] = [node.required(0), node.required(1), node.required(2)];
  if (condition.kind === 'integers' && a.kind === 'integers' && b.kind === 'integers')
    return [chosen(node, condition, a, b)];
  return [select(node.tensor(0), a, b, to)];
};

/** a where the flag is not 0, else b; whatever the other one is there, be it infinite or no number. */
export function select(flag: TensorValue, a: Value, b: Value, to: Lowering): TensorValue {
  const yes = emitBinary(undefined, 'mask', flag, a, to);
  const no = isZero(b, to) ? b : emitBinary(undefined, 'mask', negation(flag, to), b, to);
  const result = emitBinary(undefined, 'add', yes, no, to);
  return to.isWhole(a) && to.isWhole(b) ? to.asWhole(result) : result;
}

export const logic: Handlers = {
  And: connect((a, b) => (isFalse(a) ? a : b), 'multiply'),
  Equal: compare((a, b) => a === b, 'equal'),
  Greater: compare((a, b) => a > b, 'greater'),
  GreaterOrEqual: compare((a, b) => a >= b, 'greaterOrEqual'),
  Less: compare((a, b) => a < b, 'greater', true),
  LessOrEqual: compare((a, b) => a <= b, 'greaterOrEqual', true),
  Not(node, to) {
    const x = node.required(0);
    if (x.kind === 'integers')
      return [{ ...x, elements: x.elements.map((element) => Size.of(isFalse(element) ? 1 : 0)) }];
    return [to.asWhole(negation(node.tensor(0), to))];
  },
  Or: connect((a, b) => (isFalse(a) ? b : a), 'maximum'),
  Where: where,
  Xor(node, to) {
    const [a, b] = operands(node, to);
    if (a.kind === 'integers' && b.kind === 'integers')
      return [combine(node, a, b, (m, n) => Size.of(isFalse(m) === isFalse(n) ? 0 : 1))];
    return [to.asWhole(negation(emitBinary(node, 'equal', a, b, to), to))];
  },
};
