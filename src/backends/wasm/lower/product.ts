/** Ops that are matrix products: convolutions, dense layers, products of two computed matrices. */

import { sizeOf } from '../../../graph/tensor.ts';
import { convGeometry } from '../../../ops/conv.ts';
import { convTransposeGeometry } from '../../../ops/conv-transpose.ts';
import { matmulGeometry } from '../../../ops/matmul.ts';
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
  const y = to.address(node.outputs[0]);
  const bias = node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(outChannels);
  const shared = { ...grid, rows, residualLast: Number(Boolean(node.inputs[lastResidual])), low, high };

  const tapOffset = (i: number, j: number): number =>
    4 * (i * dilation[0] * input.rowLength + j * dilation[1] * inChannels);
  const each = kernelPositions(kernel).map(([i, j]) => tapOffset(i, j));
  if (groups > 1 && groupIn === 1 && groupOut === 1) {
    to.code.emit('depthwise', {
      ...shared,
      channels: outChannels,
      taps: each.length,
      tapOffsets: to.table(each),
      weights: to.address(node.inputs[1]),
      bias,
      y,
      residual: to.address(residual),
    });
  } else {
    // Neighbours in memory become one longer tap: a kernel's frequencies, and its times too if nothing is between them.
    const wholeRows = groups === 1 && dilation[1] === 1;
    const oneTap = wholeRows && dilation[0] === 1 && (kernel[0] === 1 || kernel[1] * inChannels === input.rowLength);
    const length = oneTap ? kernel[0] * kernel[1] * inChannels : wholeRows ? kernel[1] * inChannels : groupIn;
    const taps = oneTap ? [0] : wholeRows ? Array.from({ length: kernel[0] }, (_, i) => tapOffset(i, 0)) : each;
    const tapOffsets = to.table(taps);
    for (let group = 0; group < groups; group++) {
      const weights = to.packed(node.inputs[1], {
        offset: group * groupOut,
        rows: kernel[0] * kernel[1] * groupIn,
        columns: groupOut,
        rowStride: outChannels,
      });
      const column = 4 * group * groupOut;
      to.code.emit('product', {
        ...shared,
        x: shared.x + 4 * group * groupIn,
        columns: groupOut,
        taps: taps.length,
        tapOffsets,
        length,
        weights,
        bias: bias + column,
        y: y + column,
        yStep: 4 * outChannels,
        residual: residual ? to.address(residual) + column : 0,
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
}

/** Arguments of y = x W + b for a contiguous x [rows, length]. */
export function plainProduct(to: Builder, product: PlainProduct) {
  return {
    ...product,
    inner: product.rows,
    innerStep: 4 * product.length,
    taps: 1,
    tapOffsets: to.table([0]),
    yStep: 4 * product.columns,
  };
}

export const dense: Lower = ({ node, inputShapes, outputShapes: [shape] }, to) => {
  const [length, columns] = inputShapes[1] as [number, number];
  const { low, high, pass } = epilogueOf(node);
  const y = to.address(node.outputs[0]);
  const product = plainProduct(to, {
    x: to.address(node.inputs[0]),
    rows: sizeOf(shape) / columns,
    length,
    columns,
    y,
    weights: to.packed(node.inputs[1], { rows: length, columns }),
    bias: node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(columns),
  });
  to.code.emit('product', { ...product, low, high });
  emitPass(to, pass, y, sizeOf(shape));
};

export const matmul: Lower = ({ node, inputShapes }, to) => {
  const { rows, inner, columns, aOffsets, bOffsets } = matmulGeometry(node, inputShapes);
  const [a, y] = [to.address(node.inputs[0]), to.address(node.outputs[0])];
  const bias = to.zeros(columns);
  const packed = new Map<number, number>();
  aOffsets.forEach((aOffset, matrix) => {
    const offset = bOffsets[matrix];
    if (!packed.has(offset)) packed.set(offset, to.packed(node.inputs[1], { offset, rows: inner, columns }));
    to.code.emit(
      'product',
      plainProduct(to, {
        x: a + 4 * aOffset,
        rows,
        length: inner,
        columns,
        weights: packed.get(offset)!,
        bias,
        y: y + 4 * matrix * rows * columns,
      }),
    );
  });
};

/** As a convolution over x with zeros put between its positions, whose taps run backwards. */
export const convTranspose: Lower = ({ node, inputShapes }, to) => {
  const geometry = convTransposeGeometry(node, inputShapes);
  const { kernel, stride, dilation, pads, groups, batch, inExtent, outExtent, inChannels, outChannels, outShape } =
    geometry;
  const reach = [0, 1].map((axis) => (kernel[axis] - 1) * dilation[axis]) as [number, number];
  const [times, frequencies] = [outExtent[0] + reach[0], outExtent[1] + reach[1]];
  const spread = to.scratch(batch * times * frequencies * inChannels);
  to.code.emit('fill', { y: spread, count: batch * times * frequencies * inChannels, value: 0 });
  const places = (axis: 0 | 1, extent: number): [number, number][] =>
    Array.from({ length: inExtent[axis] }, (_, i): [number, number] => [
      i,
      i * stride[axis] + reach[axis] - pads[axis][0],
    ]).filter(([, place]) => place >= 0 && place < extent);
  const pieces: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (const [t, time] of places(0, times)) {
      for (const [f, frequency] of places(1, frequencies)) {
        pieces.push(
          ((b * inExtent[0] + t) * inExtent[1] + f) * inChannels,
          ((b * times + time) * frequencies + frequency) * inChannels,
          inChannels,
        );
      }
    }
  }
  to.code.emit('move', {
    x: to.address(node.inputs[0]),
    y: spread,
    pieces: to.table(pieces),
    count: pieces.length / 3,
  });

  const { low, high, pass } = epilogueOf(node);
  const y = to.address(node.outputs[0]);
  const bias = node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(outChannels);
  const grid = windowGrid(
    { address: spread, times, rowLength: frequencies * inChannels, batch, channels: inChannels },
    outExtent,
    [1, 1],
  );
  const taps = kernelPositions(kernel).map(
    ([i, j]) => 4 * inChannels * ((reach[0] - i * dilation[0]) * frequencies + reach[1] - j * dilation[1]),
  );
  const tapOffsets = to.table(taps);
  const [groupIn, groupOut] = [inChannels / groups, outChannels / groups];
  for (let group = 0; group < groups; group++) {
    const weights = to.packed(node.inputs[1], {
      offset: group * groupIn * groupOut,
      rows: taps.length * groupIn,
      columns: groupOut,
      block: groupIn,
      blockStride: inChannels * groupOut,
    });
    const column = 4 * group * groupOut;
    to.code.emit('product', {
      ...grid,
      x: grid.x + 4 * group * groupIn,
      rows: batch * outExtent[0] * outExtent[1],
      columns: groupOut,
      taps: taps.length,
      tapOffsets,
      length: groupIn,
      weights,
      bias: bias + column,
      y: y + column,
      yStep: 4 * outChannels,
      low,
      high,
    });
  }
  emitPass(to, pass, y, sizeOf(outShape));
};
