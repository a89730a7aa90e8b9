import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import type { TensorValue } from '../value.ts';
import type { Handler, Handlers } from './handler.ts';
import { emitReduce } from './reduce.ts';
import { channelsLast, readWindow } from './window.ts';

const pool =
  (kind: 'average' | 'max'): Handler =>
  (node, to) => {
    const x = node.tensor(0);
    const { operand, order, spatial } = channelsLast(node, x, to);
    const window = readWindow(node, x, spatial);
    if (window.dilations.some((dilation) => dilation !== 1)) node.fail('dilations other than 1 are not supported');
    const countPadding = kind === 'average' ? node.int('count_include_pad', 0) : 0;
    if (kind === 'max') node.only('storage_order', 0);
    if (node.int('ceil_mode', 0) === 1) checkWholeWindows(node, x, spatial, window);
    const { kernel, strides, pads, extents } = window;
    if (pads.some((pad, i) => pad >= kernel[i >> 1]))
      node.fail(`pads = [${pads.join(', ')}] must be smaller than the window [${kernel.join(', ')}]`);
    const shape = [x.shape[0], ...extents, x.shape[1]];
    return [to.tensorValue(to.emitOne('pool', [operand], { kind, kernel, strides, pads, countPadding }, shape), order)];
  };

/** Rounding up changes nothing where the windows fill the axis. */
function checkWholeWindows(
  node: OnnxNode,
  x: TensorValue,
  spatial: readonly number[],
  { kernel, strides, pads }: ReturnType<typeof readWindow>,
): void {
  spatial.forEach((axis, i) => {
    const rest =
      x.shape[axis].constant === undefined
        ? NaN
        : (x.shape[axis].constant + pads[2 * i] + pads[2 * i + 1] - kernel[i]) % strides[i];
    if (rest !== 0 && strides[i] !== 1)
      node.fail('ceil_mode = 1 is not supported where a window is cut off at the end');
  });
}

const globally =
  (kind: 'mean' | 'max'): Handler =>
  (node: OnnxNode, to: Lowering) => {
    const x = node.tensor(0);
    if (x.shape.length < 3) node.fail(`x has ${x.shape.length} axes, but it needs spatial ones`);
    return [emitReduce(kind, x, x.shape.map((_, axis) => axis).slice(2), true, to)];
  };

export const pools: Handlers = {
  AveragePool: pool('average'),
  GlobalAveragePool: globally('mean'),
  GlobalMaxPool: globally('max'),
  MaxPool: pool('max'),
};
