/** Ops that move elements: transpose, slice, split, concat, gather, pad, tile, resize. */
import type { Attributes } from '../../graph/graph.ts';
import { opNamed } from '../../ops/index.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { asSize, Size } from '../size.ts';
import { type IntegerValue, identityOrder, sameOrder, type TensorValue, type Value } from '../value.ts';
import type { Handler, Handlers } from './handler.ts';
import { reshapeValue, shapeOf } from './shape.ts';

/** The first position that no axis reaches. */
const beyond = 0x7fffffff;

/** Moves whole numbers as the graph's op of that name moves elements. */
function moveIntegers(op: string, attributes: Attributes, values: readonly IntegerValue[]): IntegerValue {
  const node = { name: op, op, inputs: [], outputs: [], attributes };
  const shapes = values.map(({ shape }) => shape);
  const [shape] = opNamed(node).infer(node, shapes);
  const { sources, fill } = opNamed(node).movement!(node, shapes);
  const elements = Array.from(sources[0], (_, i) => {
    const input = sources.findIndex((source) => source[i] >= 0);
    return input < 0 ? Size.of(fill) : values[input].elements[sources[input][i]];
  });
  return { kind: 'integers', shape: shape, elements };
}

/** Emits an op on x as it lies; `attributes` is given the place of an ONNX axis among the graph's. */
export function emitMove(
  op: string,
  x: TensorValue,
  shape: readonly Size[],
  attributes: (place: (axis: number) => number) => Attributes,
  to: Lowering,
): TensorValue {
  const operand = { name: x.name, shape: x.order.map((axis) => x.shape[axis]) };
  const placed = attributes((axis) => x.order.indexOf(axis));
  return to.tensorValue(
    to.emitOne(
      op,
      [operand],
      placed,
      x.order.map((axis) => shape[axis]),
    ),
    x.order,
  );
}

interface Cut {
  readonly axis: number;
  readonly start: Size;
  readonly end: Size;
  readonly step: number;
}

/** A bound of a slice as a number that the graph's op understands at every size of the input. */
function boundOf(node: OnnxNode, bound: Size, extent: Size): number {
  if (bound.constant !== undefined) return Math.max(-beyond, Math.min(beyond, bound.constant));
  if (bound.equals(extent)) return beyond;
  const fromEnd = bound.minus(extent).constant;
  if (fromEnd !== undefined) return fromEnd < 0 ? fromEnd : beyond;
  return node.fail(`a bound of ${bound.toString()} on an axis of ${extent.toString()} is not supported`);
}

/** Whether the cut keeps the beginning of an axis, as far as the extent of some other one. */
const isLengthOfAnother = ({ start, end, step }: Cut, extent: Size): boolean =>
  start.constant === 0 && step === 1 && end.constant === undefined && end.minus(extent).constant === undefined;

function cropped(node: OnnxNode, x: TensorValue, { axis, end }: Cut, to: Lowering): TensorValue {
  const like = to.axisOfSize(end) ?? node.fail(`no value has the extent ${end.toString()}`);
  const operand = { name: x.name, shape: x.order.map((i) => x.shape[i]) };
  const shape = x.order.map((i) => (i === axis ? end : x.shape[i]));
  return to.tensorValue(
    to.emitOne('crop', [operand, like.operand], { axes: [x.order.indexOf(axis)], from: [like.axis] }, shape),
    x.order,
  );
}

/** How many positions the cut leaves, where it is taken that an axis of unknown extent reaches as far as the cut. */
function extentOf(node: OnnxNode, { start, end, step }: Cut, extent: Size): Size {
  const known = extent.constant;
  const [first, last] = [boundOf(node, start, extent), boundOf(node, end, extent)];
  if (known !== undefined) {
    const bound = (x: number): number =>
      Math.min(step > 0 ? known : known - 1, Math.max(step > 0 ? 0 : -1, x < 0 ? x + known : x));
    const count = Math.max(0, Math.ceil((bound(last) - bound(first)) / step));
    return count > 0 ? Size.of(count) : node.fail('nothing is left of its input');
  }
  if (step < 0) {
    if (step === -1 && first === -1 && last === -beyond) return extent;
    return node.fail(`a step of ${step} on an axis of unknown extent is only supported over the whole axis`);
  }
  const from = first < 0 ? extent.plus(first) : asSize(first);
  const until = last === beyond ? extent : last < 0 ? extent.plus(last) : asSize(last);
  return until
    .minus(from)
    .plus(step - 1)
    .floorDivide(step);
}

function cut(node: OnnxNode, x: Value, given: readonly Cut[], to: Lowering): Value {
  const outer = given.find((one) => isLengthOfAnother(one, shapeOf(x)[one.axis]));
  if (outer && x.kind === 'tensor')
    return cut(
      node,
      cropped(node, x, outer, to),
      given.filter((one) => one !== outer),
      to,
    );
  if (given.length === 0) return x;
  const cuts = given;
  const extents = shapeOf(x);
  const shape = [...extents];
  for (const one of cuts) shape[one.axis] = extentOf(node, one, extents[one.axis]);
  const attributes = (place: (axis: number) => number): Attributes => ({
    axes: cuts.map(({ axis }) => place(axis)),
    starts: cuts.map(({ axis, start }) => boundOf(node, start, extents[axis])),
    ends: cuts.map(({ axis, end }) => boundOf(node, end, extents[axis])),
    steps: cuts.map(({ step }) => step),
  });
  if (x.kind === 'integers')
    return moveIntegers(
      'slice',
      attributes((axis) => axis),
      [x],
    );
  if (x.kind === 'filled') return { ...x, shape };
  return emitMove('slice', x, shape, attributes, to);
}

const slice: Handler = (node, to) => {
  const x = node.required(0);
  const rank = shapeOf(x).length;
  const early = node.opset < 10;
  const sizes = (name: string): readonly Size[] =>
    (node.ints(name) ?? node.fail(`attribute "${name}" is missing`)).map(Size.of);
  const starts = early ? sizes('starts') : node.sizes(1).elements;
  const ends = early ? sizes('ends') : node.sizes(2).elements;
  const given = early ? node.ints('axes') : node.input(3) && node.integers(3);
  const axes = (given ?? starts.map((_, axis) => axis)).map((axis) => node.axis(axis, rank));
  const steps = early || !node.input(4) ? starts.map(() => 1) : node.integers(4);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length) || new Set(axes).size !== axes.length)
    node.fail('starts, ends, axes and steps do not belong together');
  if (steps.includes(0)) node.fail('a step of 0 makes no sense');
  return [
    cut(
      node,
      x,
      axes.map((axis, i) => ({ axis, start: starts[i], end: ends[i], step: steps[i] })),
      to,
    ),
  ];
};

const split: Handler = (node, to) => {
  const x = node.required(0);
  const extents = shapeOf(x);
  const axis = node.axis(node.int('axis', 0), extents.length);
  const given = node.opset < 13 ? node.ints('split') : node.input(1) && node.integers(1);
  const count = node.opset >= 18 && !given ? node.int('num_outputs', node.outputs.length) : node.outputs.length;
  if (count !== node.outputs.length) node.fail(`num_outputs = ${count}, but it has ${node.outputs.length} outputs`);
  const parts = given ?? evenParts(node.known(extents[axis], `the extent of axis ${axis}`), count);
  const whole = extents[axis].constant;
  const sum = parts.reduce((total, part) => total + part, 0);
  if (parts.length !== count || parts.some((part) => !(part > 0)) || (whole !== undefined && sum !== whole))
    node.fail(`parts of [${parts.join(', ')}] do not make ${count} outputs`);
  let start = 0;
  return parts.map((part) =>
    cut(node, x, [{ axis, start: Size.of(start), end: Size.of((start += part)), step: 1 }], to),
  );
};

/** All parts alike, the last one smaller if need be. */
function evenParts(extent: number, count: number): number[] {
  const part = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, i) => Math.min(part, extent - i * part));
}

const concat: Handler = (node, to) => {
  const values = node.inputs.map((_, i) => node.required(i));
  if (values.length === 0) node.fail('it has no inputs');
  const rank = shapeOf(values[0]).length;
  const axis = node.axis(node.opset < 4 ? node.int('axis', 1) : node.int('axis'), rank);
  if (values.every((value) => value.kind === 'integers')) return [moveIntegers('concat', { axis }, values)];
  const tensors = values.map((_, i) => node.tensor(i));
  if (tensors.some(({ shape }) => shape.length !== rank)) node.fail('its inputs differ in their number of axes');
  for (const { shape } of tensors) shape.forEach((size, i) => i !== axis && to.same(size, tensors[0].shape[i]));
  const { order } = tensors.find(({ name }) => !to.constants.has(name)) ?? tensors[0];
  const operands = tensors.map((value) => to.arrange(value, order));
  const shape = operands[0].shape.map((size, i) =>
    order[i] === axis ? operands.reduce((sum, operand) => sum.plus(operand.shape[i]), Size.of(0)) : size,
  );
  return [
    operands.length === 1
      ? tensors[0]
      : to.tensorValue(to.emitOne('concat', operands, { axis: order.indexOf(axis) }, shape), order),
  ];
};

const gather: Handler = (node, to) => {
  const x = node.required(0);
  const extents = shapeOf(x);
  const axis = node.axis(node.int('axis', 0), extents.length);
  const index = node.sizes(1);
  const indices = node.integers(1);
  if (indices.length === 0) node.fail('it gathers nothing');
  const shape = extents.map((size, i) => (i === axis ? Size.of(indices.length) : size));
  const final = [...shape.slice(0, axis), ...index.shape.map(Size.of), ...shape.slice(axis + 1)];
  if (x.kind === 'integers')
    return [{ ...moveIntegers('gather', { axis, indices }, [x]), shape: final.map((size) => size.constant!) }];
  if (x.kind === 'filled') return [{ ...x, shape: final }];
  const moved = emitMove('gather', x, shape, (place) => ({ axis: place(axis), indices }), to);
  return [reshapeValue(moved, final, to)];
};

const pad: Handler = (node, to) => {
  const x = node.tensor(0);
  const rank = x.shape.length;
  const mode = node.string('mode', 'constant');
  if (!['constant', 'reflect', 'edge'].includes(mode)) node.fail(`mode = "${mode}" is not supported`);
  const early = node.opset < 11;
  const given = early
    ? (node.ints(node.opset < 2 ? 'paddings' : 'pads') ?? node.fail('attribute "pads" is missing'))
    : node.integers(1);
  const fill = early
    ? node.float('value', 0)
    : node.input(2)
      ? (to.constantOf(node.required(2))?.data[0] ??
        node.fail('the padding value must be known when the file is converted'))
      : 0;
  const named =
    node.opset >= 18 && node.input(3) ? node.integers(3).map((axis) => node.axis(axis, rank)) : identityOrder(rank);
  if (given.length !== 2 * named.length) node.fail(`${given.length} pads do not fit ${named.length} axes`);
  const sides = x.shape.map(
    (_, axis) =>
      [0, named.length].map((offset) => (named.includes(axis) ? given[named.indexOf(axis) + offset] : 0)) as [
        number,
        number,
      ],
  );
  if (sides.flat().some((count) => !(Math.abs(count) <= 1 << 24)))
    node.fail(`pads = [${given.join(', ')}] make no sense`);
  // Negative padding cuts off.
  const cuts = sides.flatMap(([before, after], axis): Cut[] =>
    before < 0 || after < 0
      ? [{ axis, start: Size.of(Math.max(0, -before)), end: after < 0 ? Size.of(after) : Size.of(beyond), step: 1 }]
      : [],
  );
  const kept = cuts.length > 0 ? (cut(node, x, cuts, to) as TensorValue) : x;
  const grown = sides.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
  if (grown.every(([before, after]) => before + after === 0)) return [kept];
  const shape = kept.shape.map((size, axis) => size.plus(grown[axis][0] + grown[axis][1]));
  return [
    emitMove('pad', kept, shape, () => ({ mode, value: fill, pads: kept.order.flatMap((axis) => grown[axis]) }), to),
  ];
};

const transpose: Handler = (node, to) => {
  const value = node.required(0);
  const rank = shapeOf(value).length;
  const permutation = node.ints('perm') ?? identityOrder(rank).reverse();
  if (
    !sameOrder(
      [...permutation].sort((a, b) => a - b),
      identityOrder(rank),
    )
  )
    node.fail(`perm = [${permutation.join(', ')}] is no permutation of ${rank} axes`);
  if (value.kind === 'integers') return [rank === 0 ? value : moveIntegers('transpose', { permutation }, [value])];
  const shape = permutation.map((axis) => value.shape[axis]);
  if (value.kind === 'filled') return [{ ...value, shape }];
  // Nothing moves yet: only the names of the axes do.
  return [
    to.tensorValue(
      { name: value.name, shape: value.order.map((axis) => value.shape[axis]) },
      value.order.map((axis) => permutation.indexOf(axis)),
    ),
  ];
};

export function repeated(
  node: OnnxNode,
  x: TensorValue,
  repeats: readonly number[],
  order: 'each' | 'whole',
  to: Lowering,
): TensorValue {
  if (
    repeats.length !== x.shape.length ||
    repeats.some((count) => !Number.isInteger(count) || count < 1 || count > 4096)
  )
    node.fail(`repeats of [${repeats.join(', ')}] are not supported`);
  if (repeats.every((count) => count === 1)) return x;
  const shape = x.shape.map((size, axis) => size.times(repeats[axis]));
  return emitMove('repeat', x, shape, () => ({ repeats: x.order.map((axis) => repeats[axis]), order }), to);
}

export const moves: Handlers = {
  Concat: concat,
  Gather: gather,
  Pad: pad,
  Slice: slice,
  Split: split,
  Tile: (node, to) => [repeated(node, node.tensor(0), node.integers(1), 'whole', to)],
  Transpose: transpose,
};
