/** Ops that are matrix products: convolution, dense layer, GRU. */
import { convGeometry } from '../../../ops/conv.ts';
import type { PlannedNode } from '../../../graph/plan.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import type { Builder, Lower } from './builder.ts';
import { emitPass, epilogueOf } from './elementwise.ts';
import { padded, windowGrid } from './windows.ts';

/** A fifth input of a conv node, put there by fuse.ts: it is added after the activation. */
export const lastResidual = 4;

export const conv: Lower = (planned, to) => {
  const { node, inputShapes } = planned;
  const geometry = convGeometry(node, inputShapes);
  const { kernel, stride, dilation, groups, batch, outExtent, inChannels, outChannels, outShape } = geometry;
  const input = padded(planned, to, geometry.pads, geometry.inExtent[1], 0);
  const [groupIn, groupOut] = [inChannels / groups, outChannels / groups];
  const grid = windowGrid(input, outExtent, stride);
  const rows = batch * outExtent[0] * outExtent[1];
  const residual = node.inputs[lastResidual] || node.inputs[3] || '';
  const { low, high, pass } = epilogueOf(node);
  const y = to.address(node.outputs[0]!);
  const bias = node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(outChannels);
  const shared = { ...grid, rows, residualLast: Number(Boolean(node.inputs[lastResidual])), low, high };

  const tapOffset = (i: number, j: number): number => 4 * (i * dilation[0] * input.rowLength + j * dilation[1] * inChannels);
  const each = kernelPositions(kernel).map(([i, j]) => tapOffset(i, j));
  if (groups > 1 && groupIn === 1 && groupOut === 1) {
    to.code.emit('depthwise', {
      ...shared, channels: outChannels, taps: each.length, tapOffsets: to.table(each),
      weights: to.address(node.inputs[1]!), bias, y, residual: to.address(residual),
    });
  } else {
    // Neighbours in memory become one longer tap: a kernel's frequencies, and its times too if nothing is between them.
    const wholeRows = groups === 1 && dilation[1] === 1;
    const oneTap = wholeRows && dilation[0] === 1 && (kernel[0] === 1 || kernel[1] * inChannels === input.rowLength);
    const length = oneTap ? kernel[0] * kernel[1] * inChannels : wholeRows ? kernel[1] * inChannels : groupIn;
    const taps = oneTap ? [0] : wholeRows ? Array.from({ length: kernel[0] }, (_, i) => tapOffset(i, 0)) : each;
    const tapOffsets = to.table(taps);
    for (let group = 0; group < groups; group++) {
      const weights = to.packed(node.inputs[1]!, {
        offset: group * groupOut, rows: kernel[0] * kernel[1] * groupIn, columns: groupOut, rowStride: outChannels, columnStride: 1,
      });
      const column = 4 * group * groupOut;
      to.code.emit('product', {
        ...shared, x: shared.x + 4 * group * groupIn, columns: groupOut, taps: taps.length, tapOffsets, length, weights, bias: bias + column,
        y: y + column, yStep: 4 * outChannels, residual: residual ? to.address(residual) + column : 0,
      });
    }
  }
  emitPass(to, pass, y, sizeOf(outShape));
};

function kernelPositions([time, frequency]: readonly [number, number]): [number, number][] {
  return Array.from({ length: time * frequency }, (_, i) => [Math.floor(i / frequency), i % frequency]);
}

export interface PlainProduct {
  readonly x: number;
  readonly rows: number;
  readonly length: number;
  readonly columns: number;
  readonly weights: number;
  readonly bias: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** Arguments of y = x W + b for a contiguous x [rows, length]. */
export function plainProduct(to: Builder, { low = -Infinity, high = Infinity, ...product }: PlainProduct) {
  return {
    ...product, inner: product.rows, innerStep: 4 * product.length, middle: 1, middleStep: 0, outerStep: 0, taps: 1, tapOffsets: to.table([0]),
    yStep: 4 * product.columns, residual: 0, residualLast: 0, low, high,
  };
}

export const dense: Lower = ({ node, inputShapes, outputShapes: [shape] }, to) => {
  const [length, columns] = inputShapes[1] as [number, number];
  const { low, high, pass } = epilogueOf(node);
  const y = to.address(node.outputs[0]!);
  to.code.emit('product', plainProduct(to, {
    x: to.address(node.inputs[0]!), rows: sizeOf(shape!) / columns, length, columns, low, high, y,
    weights: to.packed(node.inputs[1]!, { offset: 0, rows: length, columns, rowStride: columns, columnStride: 1 }),
    bias: node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(columns),
  }));
  emitPass(to, pass, y, sizeOf(shape!));
};

export const gru: Lower = (planned: PlannedNode, to) => {
  const { node, inputShapes } = planned;
  const [x, w, r, bw, br, first = ''] = node.inputs as [string, string, string, string, string, string?];
  const [batch, time, features] = inputShapes[0] as [number, number, number];
  const hidden = inputShapes[2]![0]!;
  const columns = 3 * hidden;
  const fromX = to.scratch(batch * time * columns);
  const fromH = to.scratch(batch * columns);
  const h = to.scratch(batch * hidden);
  const state = to.state(planned);
  const matrix = (name: string, rows: number): number => to.packed(name, { offset: 0, rows, columns, rowStride: columns, columnStride: 1 });

  to.code.emit('product', plainProduct(to, { x: to.address(x), rows: batch * time, length: features, columns, weights: matrix(w, features), bias: to.address(bw), y: fromX }));
  const rowBytes = 4 * hidden;
  if (first) to.code.emit('copy', { x: to.address(first), y: h, rows: 1, length: batch * hidden, xStep: 0, yStep: 0 });
  else if (state) to.code.emit('copy', { x: state.address, y: h, rows: batch, length: hidden, xStep: state.step, yStep: rowBytes });
  else to.code.emit('fill', { y: h, count: batch * hidden, value: 0 });
  const recurrent = to.code.hold('product', plainProduct(to, { x: h, rows: batch, length: hidden, columns, weights: matrix(r, hidden), bias: to.address(br), y: fromH }));
  to.code.emit('gru', { fromX, fromH, h, y: to.address(node.outputs[0]!), batch, time, hidden, reverse: Number(node.attributes['direction'] === 'reverse'), recurrent });
  if (state) to.code.emit('copy', { x: h, y: state.address, rows: batch, length: hidden, xStep: rowBytes, yStep: state.step });
};
