import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import type { TensorValue } from '../value.ts';
import { emitBinary, emitUnary } from './broadcast.ts';
import type { Handler, Handlers } from './handler.ts';

/** Reduces ONNX axes `axes`; the axes that stay keep their order. */
export function emitReduce(
  kind: string,
  x: TensorValue,
  axes: readonly number[],
  keep: boolean,
  to: Lowering,
): TensorValue {
  const operand = { name: x.name, shape: x.order.map((axis) => x.shape[axis]) };
  const own = x.order.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
  if (own.length === 0) return x;
  const kept = x.order.filter((axis) => keep || !axes.includes(axis));
  const shape = kept.map((axis) => (axes.includes(axis) ? Size.of(1) : x.shape[axis]));
  const renumbered = kept.map((axis) => (keep ? axis : axis - axes.filter((gone) => gone < axis).length));
  return to.tensorValue(
    to.emitOne('reduce', [operand], { kind, axes: own, keepAxes: keep ? 1 : 0 }, shape),
    renumbered,
  );
}

/**
 * The op's axes, which have moved from an attribute to an input: with operator set 13 for the sum, 18 for the others.
 */
function axesOf(node: OnnxNode, rank: number, inputSince: number): number[] {
  const given = node.opset < inputSince ? node.ints('axes') : node.input(1) && node.integers(1);
  const nothing = node.opset >= inputSince && node.int('noop_with_empty_axes', 0) === 1;
  if (given && given.length > 0) return given.map((axis) => node.axis(axis, rank));
  return nothing ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reduce =
  (
    kind: string,
    inputSince = 18,
    before?: (node: OnnxNode, x: TensorValue, to: Lowering) => TensorValue,
    after?: string,
  ): Handler =>
  (node, to) => {
    const value = node.required(0);
    if (value.kind === 'integers') return reduceIntegers(node, kind, inputSince);
    const x = node.tensor(0);
    const axes = axesOf(node, x.shape.length, inputSince);
    const reduced = emitReduce(kind, before ? before(node, x, to) : x, axes, node.int('keepdims', 1) === 1, to);
    return [after ? emitUnary(after, reduced, to) : reduced];
  };

/** Products and sums of shapes, over all of their elements. */
function reduceIntegers(node: OnnxNode, kind: string, inputSince: number) {
  const x = node.sizes(0);
  if (axesOf(node, x.shape.length, inputSince).length !== x.shape.length || (kind !== 'sum' && kind !== 'product'))
    return node.fail('only sums and products of all of a list of whole numbers are supported');
  const total = x.elements.reduce((a, b) => (kind === 'sum' ? a.plus(b) : a.times(b)), Size.of(kind === 'sum' ? 0 : 1));
  const shape = node.int('keepdims', 1) === 1 ? x.shape.map(() => 1) : [];
  return [{ kind: 'integers' as const, shape, elements: [total] }];
}

const squared = (node: OnnxNode, x: TensorValue, to: Lowering): TensorValue => emitBinary(node, 'multiply', x, x, to);

export const reductions: Handlers = {
  ReduceL1: reduce('sum', 18, (_, x, to) => emitUnary('abs', x, to)),
  ReduceL2: reduce('sum', 18, squared, 'sqrt'),
  ReduceMax: reduce('max'),
  ReduceMean: reduce('mean'),
  ReduceMin: reduce('min'),
  ReduceProd: (node) =>
    node.required(0).kind === 'integers'
      ? reduceIntegers(node, 'product', 18)
      : node.fail('products of computed numbers are not supported'),
  ReduceSum: reduce('sum', 13),
  ReduceSumSquare: reduce('sum', 18, squared),
};
