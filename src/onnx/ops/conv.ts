import type { Lowering, Operand } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { sameOrder, type TensorValue } from '../value.ts';
import type { Handlers } from './handler.ts';
import { channelsLast, readWindow } from './window.ts';

/** The kernel [channels out, channels in a group, ...] as [..., channels in a group, channels out]. */
function kernelOf(node: OnnxNode, spatial: readonly number[], order: readonly number[], to: Lowering): { value: TensorValue; operand: Operand } {
  const value = node.tensor(1);
  if (!to.constants.has(value.name)) node.fail('a kernel that is computed from the input is not supported');
  if (value.shape.length !== spatial.length + 2) node.fail(`the kernel has ${value.shape.length} axes for ${spatial.length} spatial ones`);
  return { value, operand: to.arrange(value, order) };
}

function biasOf(node: OnnxNode, channels: number, to: Lowering): Operand | undefined {
  const value = node.optionalTensor(2);
  if (!value) return undefined;
  if (!to.constants.has(value.name) || value.shape.length !== 1 || value.shape[0]!.constant !== channels) node.fail(`the bias must be a constant of ${channels} elements`);
  return { name: value.name, shape: value.shape };
}

export const conv: Handlers = {
  Conv(node, to) {
    const x = node.tensor(0);
    const { operand, order, spatial } = channelsLast(node, x, to);
    const { value, operand: w } = kernelOf(node, spatial, [...spatial, 1, 0], to);
    const extentOf = (axis: number): number => value.shape[axis]!.constant!;
    const kernelExtents = value.shape.slice(2).map((size) => size.constant!);
    const window = readWindow(node, x, spatial, kernelExtents);
    if (!sameOrder(window.kernel, spatial.map(extentOf))) node.fail(`kernel_shape does not fit the kernel [${value.shape.join(', ')}]`);
    const groups = node.int('group', 1);
    const bias = biasOf(node, extentOf(0), to);
    const { strides, dilations, pads, extents } = window;
    const shape = [x.shape[0]!, ...extents, value.shape[0]!];
    const result = to.emitOne('conv', [operand, w, bias], { strides, dilations, pads, groups }, shape);
    return [to.tensorValue(result, order)];
  },
};
