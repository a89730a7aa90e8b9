/** Two values brought to a common order of axes, as element-wise ops need them. */
import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { sameExtent } from '../symbols.ts';
import { identityOrder, type TensorValue, type Value } from '../value.ts';

const one = Size.of(1);

function fail(node: OnnxNode | undefined, reason: string): never {
  if (node) node.fail(reason);
  throw new RangeError(reason);
}

export function broadcastSizes(node: OnnxNode | undefined, a: readonly Size[], b: readonly Size[]): Size[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? one;
    const n = b[axis - rank + b.length] ?? one;
    if (m.constant === 1) return n;
    if (n.constant === 1 || m.equals(n)) return m;
    if (m.constant !== undefined && n.constant !== undefined)
      fail(node, `shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    const found = sameExtent(m, n);
    if (found) throw found;
    // When the graph is prepared they must turn out equal.
    return m.constant !== undefined ? m : n;
  });
}

/** The value with axes of extent 1 put in front until it has `rank` of them. */
function withRank(value: TensorValue, rank: number, to: Lowering): TensorValue {
  const added = rank - value.shape.length;
  if (added === 0) return value;
  const ones = new Array<Size>(added).fill(one);
  const operand = to.reshape({ name: value.name, shape: value.order.map((axis) => value.shape[axis]) }, [
    ...ones,
    ...value.order.map((axis) => value.shape[axis]),
  ]);
  return {
    kind: 'tensor',
    name: operand.name,
    shape: [...ones, ...value.shape],
    order: [...identityOrder(added), ...value.order.map((axis) => axis + added)],
  };
}

/** A constant without the axes of extent 1 that stand in front, but with at least one axis if it has any. */
function trimmed(operand: Operand, to: Lowering): Operand {
  if (!to.constants.has(operand.name) || operand.shape.length === 0) return operand;
  const first = operand.shape.findIndex((size) => size.constant !== 1);
  return to.reshape(operand, first < 0 ? [one] : operand.shape.slice(first));
}

/** A number that is the same everywhere needs no shape where the other operand has it already. */
function spread(node: OnnxNode | undefined, value: Value, other: Value, to: Lowering): TensorValue {
  if (value.kind === 'filled') {
    const shape = other.kind === 'integers' ? other.shape.map(Size.of) : other.shape;
    const common = broadcastSizes(node, value.shape, shape);
    if (common.length === shape.length && common.every((size, axis) => size.equals(shape[axis])))
      return number(value.fill, to);
  }
  return to.asTensor(value) ?? fail(node, 'an operand is a shape that depends on the size of the input');
}

/** A number as a tensor without axes, which any other one may be computed with. */
export const number = (value: number, to: Lowering): TensorValue =>
  to.tensorValue(to.constant([], Float32Array.of(value)));

/** y = a `kind` b with numpy's broadcasting; a and b are any values. */
export function emitBinary(node: OnnxNode | undefined, kind: string, a: Value, b: Value, to: Lowering): TensorValue {
  const pair = [spread(node, a, b, to), spread(node, b, a, to)] as const;
  const shape = broadcastSizes(node, pair[0].shape, pair[1].shape);
  const rank = shape.length;
  const leading =
    pair.find((value) => value.shape.length === rank && !to.constants.has(value.name)) ??
    pair.find((value) => value.shape.length === rank)!;
  const order = leading.order;
  const operands = pair.map((value) => trimmed(to.arrange(withRank(value, rank, to), order), to));
  const result = to.emitOne(
    'binary',
    operands,
    { kind },
    order.map((axis) => shape[axis]),
  );
  // Two constants are computed at once and may have lost leading axes.
  const full = to.constants.has(result.name)
    ? to.reshape(
        { name: result.name, shape: to.constants.get(result.name)!.shape.map(Size.of) },
        order.map((axis) => shape[axis]),
      )
    : result;
  return to.tensorValue(full, order);
}

export function emitUnary(
  kind: string,
  x: TensorValue,
  to: Lowering,
  attributes: Record<string, number> = {},
): TensorValue {
  const shape = x.order.map((axis) => x.shape[axis]);
  return { ...x, name: to.emitOne('unary', [{ name: x.name, shape }], { kind, ...attributes }, shape).name };
}
