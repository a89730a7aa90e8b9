/**
 * Resize and Upsample: repeated where that is what it means, else gathered or interpolated along axes of known extent.
 */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { identityOrder, type TensorValue } from '../value.ts';
import type { Handler, Handlers } from './handler.ts';
import { alongAxis } from './linear.ts';
import { emitMove, repeated } from './move.ts';

interface Form {
  readonly linear: boolean;
  readonly transformation: string;
  readonly rounding: string;
}

function formOf(node: OnnxNode): Form {
  const mode = node.string('mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear')
    node.fail(`mode = "${mode}" is not supported, only "nearest" and "linear"`);
  const linear = mode === 'linear';
  if (node.op === 'Upsample' || node.opset < 11) return { linear, transformation: 'asymmetric', rounding: 'floor' };
  for (const name of ['antialias', 'exclude_outside'] as const) node.only(name, 0);
  node.float('cubic_coeff_a', -0.75);
  node.float('extrapolation_value', 0);
  node.only('keep_aspect_ratio_policy', 'stretch');
  return {
    linear,
    transformation: node.string('coordinate_transformation_mode', 'half_pixel'),
    rounding: node.string('nearest_mode', 'round_prefer_floor'),
  };
}

/** Where position i of the result lies among `from` positions of x. */
function place(node: OnnxNode, transformation: string, i: number, scale: number, from: number, until: number): number {
  const half = (i + 0.5) / scale - 0.5;
  switch (transformation) {
    case 'half_pixel':
      return half;
    case 'pytorch_half_pixel':
      return until > 1 ? half : 0;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - until / (scale * from)) + half;
    case 'align_corners':
      return until > 1 ? (i * (from - 1)) / (until - 1) : 0;
    case 'asymmetric':
      return i / scale;
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    default:
      return node.fail(`coordinate_transformation_mode = "${transformation}" is not supported`);
  }
}

const roundings: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Whole-number scales repeat each position under these, and only these, conventions. */
const repeats = ({ linear, transformation, rounding }: Form): boolean =>
  !linear &&
  (transformation === 'asymmetric'
    ? rounding === 'floor'
    : transformation === 'half_pixel' && ['round_prefer_floor', 'round_prefer_ceil'].includes(rounding));

interface Wanted {
  readonly axis: number;
  readonly scale: number | undefined;
  readonly size: Size | undefined;
}

function wanted(node: OnnxNode, x: TensorValue, to: Lowering): Wanted[] {
  const rank = x.shape.length;
  if (node.op === 'Resize' && node.opset >= 11) node.input(1);
  const at = node.op === 'Upsample' || node.opset < 11 ? 1 : 2;
  const scales =
    node.op === 'Upsample' && node.opset < 9
      ? node.floats('scales')
      : node.input(at) && to.constantOf(node.required(at))?.data;
  const sizes = node.op === 'Resize' && node.opset >= 11 && node.input(3) ? node.sizes(3).elements : undefined;
  const named = (node.opset >= 18 && node.ints('axes')) || identityOrder(rank);
  const axes = named.map((axis) => node.axis(axis, rank));
  const given: ArrayLike<unknown> = sizes ?? scales ?? [];
  if (given.length !== axes.length)
    node.fail('its scales or sizes must be known when the file is converted, one an axis');
  return axes.map((axis, i) => ({ axis, scale: sizes ? undefined : scales![i], size: sizes?.[i] }));
}

function along(
  node: OnnxNode,
  x: TensorValue,
  { axis, scale: given, size }: Wanted,
  form: Form,
  to: Lowering,
): TensorValue {
  const from = node.known(x.shape[axis], `the extent of axis ${axis}, which is interpolated or not a whole multiple,`);
  const until = size ? node.known(size, 'a size') : Math.floor(from * given!);
  const scale = size ? until / from : given!;
  if (!(until >= 1 && until <= 1 << 16)) node.fail(`${until} positions along axis ${axis} are not supported`);
  const bound = (position: number): number => Math.max(0, Math.min(from - 1, position));
  const places = Array.from({ length: until }, (_, i) =>
    place(node, form.transformation, i, scale, from, size ? until : from * scale),
  );
  if (!form.linear) {
    const round = roundings[form.rounding] ?? node.fail(`nearest_mode = "${form.rounding}" is not supported`);
    const indices = places.map((position) => bound(round(position)));
    const shape = x.shape.map((extent, i) => (i === axis ? Size.of(until) : extent));
    return emitMove('gather', x, shape, (own) => ({ axis: own(axis), indices }), to);
  }
  const matrix = new Float32Array(from * until);
  places.forEach((position, i) => {
    const held = bound(position);
    const low = Math.floor(held);
    matrix[low * until + i] += 1 - (held - low);
    matrix[bound(low + 1) * until + i] += held - low;
  });
  return alongAxis(x, axis, matrix, until, to);
}

const resize: Handler = (node, to) => {
  const x = node.tensor(0);
  const form = formOf(node);
  const axes = wanted(node, x, to);
  const factors = x.shape.map((extent, axis) => {
    const one = axes.find((each) => each.axis === axis);
    return one ? (one.scale ?? one.size!.exactly(extent)?.constant ?? NaN) : 1;
  });
  if (repeats(form) && factors.every((factor) => Number.isInteger(factor) && factor >= 1))
    return [repeated(node, x, factors, 'each', to)];
  return [
    axes.filter(({ axis }) => factors[axis] !== 1).reduce((value, each) => along(node, value, each, form, to), x),
  ];
};

export const resizes: Handlers = { Resize: resize, Upsample: resize };
