/** Ops that change how elements are counted, not where they are; and the arithmetic of shapes. */
import type { Attributes } from '../../graph/graph.ts';
import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { product, Size } from '../size.ts';
import { type IntegerValue, identityOrder, sameOrder, type TensorValue, type Value } from '../value.ts';
import type { Handlers } from './handler.ts';

interface Group {
  readonly source: number[];
  readonly target: number[];
}

/** The finest cut of both shapes into stretches of equal size; undefined if that can't be told. */
function matchingGroups(from: readonly Size[], to: readonly Size[]): Group[] | undefined {
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  while (i < from.length && j < to.length) {
    const group: Group = { source: [i], target: [j] };
    let [m, n] = [from[i++], to[j++]];
    while (!m.equals(n)) {
      if (n.exactly(m) && i < from.length) {
        group.source.push(i);
        m = m.times(from[i++]);
      } else if (m.exactly(n) && j < to.length) {
        group.target.push(j);
        n = n.times(to[j++]);
      } else {
        return undefined;
      }
    }
    groups.push(group);
  }
  const last = groups.at(-1);
  if (!last) return undefined;
  for (; i < from.length; i++) last.source.push(i);
  for (; j < to.length; j++) last.target.push(j);
  return product(from).equals(product(to)) ? groups : undefined;
}

/**
 * The value under another ONNX shape. Stretches of axes that stay together are moved as a whole, so that a tensor
 * whose axes stand in another order keeps it where it can.
 */
export function reshapeValue(x: TensorValue, shape: readonly Size[], to: Lowering): TensorValue {
  const groups = matchingGroups(x.shape, shape);
  if (!groups) return to.tensorValue(to.reshape(to.arrange(x, identityOrder(x.shape.length)), shape));
  const place = ({ source }: Group): number => {
    const solid = source.filter((axis) => x.shape[axis].constant !== 1);
    return Math.min(...(solid.length > 0 ? solid : source).map((axis) => x.order.indexOf(axis)));
  };
  const sorted = [...groups].sort((a, b) => place(a) - place(b));
  const wanted = sorted.flatMap(({ source }) => source);
  const solid = (axes: readonly number[]): number[] => axes.filter((axis) => x.shape[axis].constant !== 1);
  const lies = sameOrder(solid(x.order), solid(wanted));
  const operand = lies ? { name: x.name, shape: x.order.map((axis) => x.shape[axis]) } : to.arrange(x, wanted);
  const order = sorted.flatMap(({ target }) => target);
  const result = to.reshape(
    operand,
    order.map((axis) => shape[axis]),
  );
  return to.tensorValue(result, order);
}

/** Any value under a shape of its size. */
export function reshapeAny(node: OnnxNode, value: Value, shape: readonly Size[], to: Lowering): Value {
  if (shape.length > 8) node.fail(`${shape.length} axes are more than 8`);
  if (value.kind === 'tensor') return reshapeValue(value, shape, to);
  if (value.kind === 'filled') return { ...value, shape };
  const known = shape.map((size) => node.known(size, 'an extent'));
  if (known.reduce((m, n) => m * n, 1) !== value.elements.length)
    node.fail(`${value.elements.length} whole numbers can't take the shape [${known.join(', ')}]`);
  return { ...value, shape: known };
}

export const shapeOf = (value: Value): readonly Size[] =>
  value.kind === 'integers' ? value.shape.map(Size.of) : value.shape;

/** Axes of Squeeze and Unsqueeze: an attribute until operator set 12, an input from 13 on. */
function axesOf(node: OnnxNode, rank: number): number[] | undefined {
  const given = node.opset < 13 ? node.ints('axes') : node.input(1) && node.integers(1);
  return given?.map((axis) => node.axis(axis, rank));
}

function reshapeTarget(node: OnnxNode, x: readonly Size[], wanted: readonly Size[]): Size[] {
  const copyZero = node.opset < 14 || node.int('allowzero', 0) === 0;
  const shape = wanted.map((size, axis) =>
    copyZero && size.constant === 0 ? (x[axis] ?? node.fail(`there is no axis ${axis} to copy`)) : size,
  );
  const open = shape.findIndex((size) => size.constant === -1);
  if (open < 0) return shape;
  const rest =
    product(x).exactly(product(shape.filter((_, axis) => axis !== open))) ??
    node.fail(`[${x.join(', ')}] can't be divided into [${shape.join(', ')}]`);
  return shape.map((size, axis) => (axis === open ? rest : size));
}

/** Repeats x where its extent is 1; extents that follow the input's are taken from a value that has them. */
function expanded(node: OnnxNode, x: TensorValue, shape: readonly Size[], to: Lowering): TensorValue {
  let current = x;
  const emit = (op: string, others: Operand[], attributes: Attributes, next: readonly Size[]): void => {
    const operand = { name: current.name, shape: current.order.map((axis) => current.shape[axis]) };
    current = to.tensorValue(
      to.emitOne(
        op,
        [operand, ...others],
        attributes,
        current.order.map((axis) => next[axis]),
      ),
      current.order,
    );
  };
  const known = shape.map((size, axis) =>
    x.shape[axis].equals(size) ? 1 : (size.exactly(x.shape[axis])?.constant ?? 0),
  );
  if (known.some((count) => count > 1))
    emit(
      'repeat',
      [],
      { repeats: x.order.map((axis) => Math.max(1, known[axis])) },
      x.shape.map((size, axis) => size.times(Math.max(1, known[axis]))),
    );
  known.forEach((count, axis) => {
    if (count !== 0) return;
    if (x.shape[axis].constant !== 1)
      node.fail(`axis ${axis} of [${x.shape.join(', ')}] can't be repeated to ${shape[axis].toString()}`);
    const like = to.axisOfSize(shape[axis]) ?? node.fail(`no value has the extent ${shape[axis].toString()}`);
    emit(
      'expand',
      [like.operand],
      { axes: [current.order.indexOf(axis)], from: [like.axis] },
      current.shape.map((size, i) => (i === axis ? shape[axis] : size)),
    );
  });
  return current;
}

const integersOf = (elements: readonly Size[], shape: readonly number[] = [elements.length]): IntegerValue => ({
  kind: 'integers',
  shape,
  elements,
});

export const shapes: Handlers = {
  Constant(node, to) {
    const tensor = node.constant('value');
    if (tensor) return [to.constantValue(tensor, node.name)];
    const scalar = (value: number, type: 'float32' | 'int64'): Value =>
      to.constantValue({ shape: [], type, values: [value] }, node.name);
    if (node.has('value_float')) return [scalar(node.float('value_float'), 'float32')];
    if (node.has('value_int')) return [scalar(node.int('value_int'), 'int64')];
    const floats = node.floats('value_floats');
    if (floats) return [to.constantValue({ shape: [floats.length], type: 'float32', values: floats }, node.name)];
    const ints = node.ints('value_ints') ?? node.fail('it holds nothing that is supported');
    return [to.constantValue({ shape: [ints.length], type: 'int64', values: ints }, node.name)];
  },

  ConstantOfShape(node) {
    const shape = node.sizes(0).elements;
    const tensor = node.constant('value');
    const fill = tensor ? Number(tensor.values[0] ?? 0) : 0;
    if (tensor && tensor.type !== 'float32') {
      const known = shape.map((size) => node.known(size, 'an extent'));
      const count = known.reduce((m, n) => m * n, 1);
      if (count > 1 << 20) node.fail('too many whole numbers');
      return [integersOf(new Array<Size>(count).fill(Size.of(fill)), known)];
    }
    return [{ kind: 'filled', fill, shape }];
  },

  Expand(node, to) {
    const value = node.required(0);
    const from = shapeOf(value);
    const wanted = node.sizes(1).elements;
    const rank = Math.max(from.length, wanted.length);
    const own = (axis: number): Size => from[axis - rank + from.length] ?? Size.of(1);
    const shape = Array.from({ length: rank }, (_, axis) => {
      const size = wanted[axis - rank + wanted.length] ?? Size.of(1);
      return size.constant === 1 ? own(axis) : size;
    });
    if (value.kind === 'filled') return [{ ...value, shape }];
    const tensor = to.asTensor(value) ?? node.fail('its input depends on the size of the input');
    const uniform = to.constantOf(tensor)?.data;
    if (uniform && new Set(uniform).size === 1) return [{ kind: 'filled', fill: uniform[0], shape }];
    const full = reshapeValue(
      tensor,
      Array.from({ length: rank }, (_, axis) => own(axis)),
      to,
    );
    return [expanded(node, full, shape, to)];
  },

  Flatten(node, to) {
    const x = node.required(0);
    const shape = shapeOf(x);
    const axis = node.int('axis', 1) === shape.length ? shape.length : node.axis(node.int('axis', 1), shape.length);
    return [reshapeAny(node, x, [product(shape.slice(0, axis)), product(shape.slice(axis))], to)];
  },

  Range(node) {
    const [start, limit, step] = [0, 1, 2].map((i) => node.integers(i)[0]) as [number, number, number];
    const count = Math.max(0, Math.ceil((limit - start) / step));
    if (!(count <= 1 << 20)) node.fail('too many whole numbers');
    return [integersOf(Array.from({ length: count }, (_, i) => Size.of(start + i * step)))];
  },

  Reshape(node, to) {
    const x = node.required(0);
    const wanted = node.opset < 5 ? node.ints('shape')?.map(Size.of) : node.sizes(1).elements;
    return [
      reshapeAny(node, x, reshapeTarget(node, shapeOf(x), wanted ?? node.fail('attribute "shape" is missing')), to),
    ];
  },

  Shape(node) {
    const shape = shapeOf(node.required(0));
    const bound = (position: number): number =>
      Math.min(shape.length, Math.max(0, position < 0 ? position + shape.length : position));
    return [integersOf(shape.slice(bound(node.int('start', 0)), bound(node.int('end', shape.length))))];
  },

  Size(node) {
    return [integersOf([product(shapeOf(node.required(0)))], [])];
  },

  Squeeze(node, to) {
    const x = node.required(0);
    const shape = shapeOf(x);
    const axes = axesOf(node, shape.length) ?? shape.flatMap((size, axis) => (size.constant === 1 ? [axis] : []));
    for (const axis of axes)
      if (node.known(shape[axis], `the extent of axis ${axis}`) !== 1)
        node.fail(`axis ${axis} of [${shape.join(', ')}] is not 1`);
    return [
      reshapeAny(
        node,
        x,
        shape.filter((_, axis) => !axes.includes(axis)),
        to,
      ),
    ];
  },

  Unsqueeze(node, to) {
    const x = node.required(0);
    const shape = [...shapeOf(x)];
    const given = (node.opset < 13 ? node.ints('axes') : node.integers(1)) ?? node.fail('attribute "axes" is missing');
    const axes = given.map((axis) => node.axis(axis, shape.length + given.length)).sort((a, b) => a - b);
    if (new Set(axes).size !== axes.length) node.fail(`axes [${given.join(', ')}] name one twice`);
    for (const axis of axes) shape.splice(axis, 0, Size.of(1));
    return [reshapeAny(node, x, shape, to)];
  },
};
