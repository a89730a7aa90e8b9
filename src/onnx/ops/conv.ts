import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { sameOrder, type TensorValue } from '../value.ts';
import type { Handlers } from './handler.ts';
import { channelsLast, readWindow } from './window.ts';

/** The kernel [channels out, channels in a group, ...] as [..., channels in a group, channels out]. */
function kernelOf(
  node: OnnxNode,
  spatial: readonly number[],
  order: readonly number[],
  to: Lowering,
): { value: TensorValue; operand: Operand } {
  const value = node.tensor(1);
  if (!to.constants.has(value.name)) node.fail('a kernel that is computed from the input is not supported');
  if (value.shape.length !== spatial.length + 2)
    node.fail(`the kernel has ${value.shape.length} axes for ${spatial.length} spatial ones`);
  return { value, operand: to.arrange(value, order) };
}

function biasOf(node: OnnxNode, channels: number, to: Lowering): Operand | undefined {
  const value = node.optionalTensor(2);
  if (!value) return undefined;
  if (!to.constants.has(value.name) || value.shape.length !== 1 || value.shape[0].constant !== channels)
    node.fail(`the bias must be a constant of ${channels} elements`);
  return { name: value.name, shape: value.shape };
}

export const conv: Handlers = {
  Conv(node, to) {
    const x = node.tensor(0);
    const { operand, order, spatial } = channelsLast(node, x, to);
    const { value, operand: w } = kernelOf(node, spatial, [...spatial, 1, 0], to);
    const extentOf = (axis: number): number => value.shape[axis].constant!;
    const kernelExtents = value.shape.slice(2).map((size) => size.constant!);
    const window = readWindow(node, x, spatial, kernelExtents);
    if (!sameOrder(window.kernel, spatial.map(extentOf)))
      node.fail(`kernel_shape does not fit the kernel [${value.shape.join(', ')}]`);
    const groups = node.int('group', 1);
    const bias = biasOf(node, extentOf(0), to);
    const { strides, dilations, pads, extents } = window;
    const shape = [x.shape[0], ...extents, value.shape[0]];
    const result = to.emitOne('conv', [operand, w, bias], { strides, dilations, pads, groups }, shape);
    return [to.tensorValue(result, order)];
  },

  ConvTranspose(node, to) {
    const x = node.tensor(0);
    const { operand, order, spatial } = channelsLast(node, x, to);
    const { value, operand: w } = kernelOf(node, spatial, [...spatial, 0, 1], to);
    const window = readWindow(
      node,
      x,
      spatial,
      value.shape.slice(2).map((size) => size.constant!),
    );
    if (
      !sameOrder(
        window.kernel,
        spatial.map((axis) => value.shape[axis].constant!),
      )
    )
      node.fail(`kernel_shape does not fit the kernel [${value.shape.join(', ')}]`);
    if (node.string('auto_pad', 'NOTSET') !== 'NOTSET' || node.has('output_shape'))
      node.fail('auto_pad and output_shape are not supported, only pads and output_padding');
    const extra = node.ints('output_padding') ?? spatial.map(() => 0);
    if (
      extra.length !== spatial.length ||
      extra.some((count, i) => !(count >= 0 && count < Math.max(window.strides[i], window.dilations[i])))
    )
      node.fail(`output_padding = [${extra.join(', ')}] makes no sense`);
    const groups = node.int('group', 1);
    const channels = Size.of(value.shape[1].constant! * groups);
    const bias = biasOf(node, channels.constant!, to);
    const { kernel, strides, dilations, pads } = window;
    const outputPadding = spatial.map((axis) => extra[axis - 2]);
    const extents = spatial.map((axis, i) =>
      x.shape[axis]
        .minus(1)
        .times(strides[i])
        .plus((kernel[i] - 1) * dilations[i] + 1 + outputPadding[i] - pads[2 * i] - pads[2 * i + 1]),
    );
    const result = to.emitOne(
      'convTranspose',
      [operand, w, bias],
      { strides, dilations, pads, outputPadding, groups },
      [x.shape[0], ...extents, channels],
    );
    return [to.tensorValue(result, order)];
  },
};
