import { sizeOf } from '../../../graph/tensor.ts';
import { normaliseGeometry } from '../../../ops/normalise.ts';
import { offsetsOf } from '../../../ops/reduce.ts';
import type { Builder, Lower } from './builder.ts';
import { emitMove, piecesOf } from './windows.ts';

export const normalise: Lower = ({ node, inputShapes }, to: Builder) => {
  const shape = inputShapes[0];
  const channels = shape.at(-1)!;
  const { axes, kept, reduced, epsilon } = normaliseGeometry(node, inputShapes);
  const [x, y] = [to.address(node.inputs[0]), to.address(node.outputs[0])];
  const ones = (count: number): number => to.numbers('ones', `${count}`, new Float32Array(count).fill(1));
  const scale = node.inputs[1] ? to.address(node.inputs[1]) : ones(channels);
  const bias = node.inputs[2] ? to.address(node.inputs[2]) : to.zeros(channels);
  const length = reduced.reduce((product, { extent }) => product * extent, 1);
  const shared = { epsilon, length, scale, bias, scaleCount: channels };

  const lastAxes = (end: number): boolean => axes.every((axis, i) => axis === end - axes.length + i);
  if (lastAxes(shape.length)) {
    to.code.emit('normalise', { ...shared, x, y, groups: sizeOf(shape) / length, channels: 1 });
  } else if (lastAxes(shape.length - 1) && channels > 1) {
    to.code.emit('normalise', { ...shared, x, y, groups: sizeOf(shape) / length / channels, channels });
  } else {
    // Groups whose elements do not stand together: bring them together, and back.
    const elements = offsetsOf(kept).flatMap((base) => offsetsOf(reduced).map((offset) => base + offset));
    const together = emitMove(to, x, elements);
    const done = to.scratch(elements.length);
    to.code.emit('normalise', {
      epsilon,
      length,
      scale: ones(1),
      bias: to.zeros(1),
      scaleCount: 1,
      x: together,
      y: done,
      groups: elements.length / length,
      channels: 1,
    });
    const back = new Int32Array(elements.length);
    elements.forEach((element, i) => (back[element] = i));
    const pieces = piecesOf(back);
    to.code.emit('move', { x: done, y, pieces: to.table(pieces), count: pieces.length / 3 });
    const rows = sizeOf(shape) / channels;
    to.code.emit('depthwise', {
      x: y,
      inner: rows,
      innerStep: 4 * channels,
      rows,
      channels,
      taps: 1,
      tapOffsets: to.table([0]),
      weights: scale,
      bias,
      y,
    });
  }
};
