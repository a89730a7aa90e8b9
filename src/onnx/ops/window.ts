/** The geometry that convolutions and pools share. */
import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import type { Size } from '../size.ts';
import type { TensorValue } from '../value.ts';

export interface WindowedInput {
  readonly operand: Operand;
  /** Axes of the graph's tensor: batch, spatial ones, channels. */
  readonly order: readonly number[];
  /** ONNX axes of the spatial extents, in the graph's order. */
  readonly spatial: readonly number[];
}

/**
 * x [batch, channels, ...] with channels last. Where only the second of two spatial axes is open it is taken for
 * time and put first, because time is axis 1 of every tensor here.
 */
export function channelsLast(node: OnnxNode, x: TensorValue, to: Lowering): WindowedInput {
  const rank = x.shape.length;
  if (rank !== 3 && rank !== 4)
    node.fail(`x has ${rank} axes; only [batch, channels, time] and [batch, channels, height, width] are supported`);
  const turned = rank === 4 && x.shape[2].constant !== undefined && x.shape[3].constant === undefined;
  const spatial = rank === 3 ? [2] : turned ? [3, 2] : [2, 3];
  const order = [0, ...spatial, 1];
  return { operand: to.arrange(x, order), order, spatial };
}

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** [before, after] for each spatial axis in turn. */
  readonly pads: readonly number[];
  readonly extents: readonly Size[];
}

/** Reads kernel_shape, strides, dilations, pads and auto_pad, in the graph's order of spatial axes. */
export function readWindow(
  node: OnnxNode,
  x: TensorValue,
  spatial: readonly number[],
  kernelOf?: readonly number[],
): Window {
  const axes = spatial.length;
  const list = (name: string, otherwise: readonly number[] | undefined, least: number): number[] => {
    const given = node.ints(name) ?? otherwise ?? node.fail(`attribute "${name}" is missing`);
    if (given.length !== axes || given.some((value) => !(value >= least && value <= 65536)))
      node.fail(`${name} = [${given.join(', ')}] makes no sense for ${axes} spatial axes`);
    return spatial.map((axis) => given[axis - 2]);
  };
  const ones = spatial.map(() => 1);
  const kernel = list('kernel_shape', kernelOf, 1);
  const strides = list('strides', ones, 1);
  const dilations = list('dilations', ones, 1);
  const auto = node.string('auto_pad', 'NOTSET');
  const given = node.ints('pads') ?? new Array<number>(2 * axes).fill(0);
  if (given.length !== 2 * axes || given.some((pad) => !(pad >= 0 && pad <= 65536)))
    node.fail(`pads = [${given.join(', ')}] makes no sense for ${axes} spatial axes`);
  const pads = spatial.flatMap((axis, i) => {
    if (auto === 'NOTSET') return [given[axis - 2], given[axis - 2 + axes]];
    if (auto === 'VALID') return [0, 0];
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return node.fail(`auto_pad = "${auto}" is not supported`);
    const total = samePadding(node, x.shape[axis], (kernel[i] - 1) * dilations[i] + 1, strides[i]);
    const less = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  });
  const extents = spatial.map((axis, i) => {
    const reach = (kernel[i] - 1) * dilations[i] + 1;
    return x.shape[axis]
      .plus(pads[2 * i] + pads[2 * i + 1] - reach)
      .floorDivide(strides[i])
      .plus(1);
  });
  return { kernel, strides, dilations, pads, extents };
}

/** Zeros on both sides together, so that there are ceil(extent / stride) positions. */
function samePadding(node: OnnxNode, extent: Size, reach: number, stride: number): number {
  if (extent.constant === undefined) {
    if (stride === 1) return reach - 1;
    return node.fail(`SAME padding with stride ${stride} depends on the size of the input (${extent.toString()})`);
  }
  const positions = Math.ceil(extent.constant / stride);
  return Math.max(0, (positions - 1) * stride + reach - extent.constant);
}
