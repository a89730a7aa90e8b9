/** Ops that go over windows channel by channel, and the padded input they and convolutions read. */
import { GraphError } from '../../../errors.ts';
import type { PlannedNode } from '../../../graph/plan.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import { opNamed } from '../../../ops/index.ts';
import { poolGeometry } from '../../../ops/pool.ts';
import { offsetsOf, reduceGeometry } from '../../../ops/reduce.ts';
import { Joining } from '../instructions.generated.ts';
import type { Builder, Lower } from './builder.ts';

type Pads = readonly [readonly [number, number], readonly [number, number]];

/** x with its padding around it: [batch, time, frequency, channels]. */
export interface PaddedInput {
  readonly address: number;
  /** Times in an item of the batch, and floats in one time. */
  readonly times: number;
  readonly rowLength: number;
  readonly batch: number;
  readonly channels: number;
}

/** Puts padding, or the rows that a stream carries, around a node's first input; in place if there is none. */
export function padded(planned: PlannedNode, to: Builder, pads: Pads, frequencies: number, fill: number): PaddedInput {
  const shape = planned.inputShapes[0];
  const [batch, time] = shape as [number, number];
  const channels = shape.at(-1)!;
  const [[before, after], [low, high]] = pads;
  const [left, right] = [low * channels, high * channels];
  const row = frequencies * channels;
  const rowLength = left + row + right;
  const times = before + time + after;
  const x = to.address(planned.node.inputs[0]);
  const state = to.state(planned);
  if (times === time && rowLength === row) return { address: x, times, rowLength, batch, channels };
  const address = to.scratch(batch * times * rowLength);
  to.code.emit('pad', { x, y: address, batch, time, before, after, row, left, right, fill, ...state });
  return { address, times, rowLength, batch, channels };
}

/** Windows in the order of the output: batch, time, frequency. */
export function windowGrid(
  input: PaddedInput,
  outExtent: readonly [number, number],
  stride: readonly [number, number],
) {
  const perTime = 4 * stride[0] * input.rowLength;
  const perItem = 4 * input.times * input.rowLength;
  return outExtent[1] > 1
    ? {
        x: input.address,
        inner: outExtent[1],
        innerStep: 4 * stride[1] * input.channels,
        middle: outExtent[0],
        middleStep: perTime,
        outerStep: perItem,
      }
    : { x: input.address, inner: outExtent[0], innerStep: perTime, middle: input.batch, middleStep: perItem };
}

export const pool: Lower = (planned, to) => {
  const { node, inputShapes } = planned;
  const geometry = poolGeometry(node, inputShapes);
  const { kind, kernel, stride, pads, countPadding, batch, inExtent, outExtent, channels } = geometry;
  const input = padded(planned, to, pads, inExtent[1], kind === 'max' ? -Infinity : 0);
  const taps = offsetsOf([
    { extent: kernel[0], stride: 4 * input.rowLength },
    { extent: kernel[1], stride: 4 * channels },
  ]);
  const counts = [0, 1].map((axis) =>
    Array.from({ length: outExtent[axis] }, (_, i) => {
      const from = i * stride[axis] - pads[axis][0];
      return countPadding ? kernel[axis] : Math.min(from + kernel[axis], inExtent[axis]) - Math.max(from, 0);
    }),
  );
  const scales = counts[0].flatMap((time) => counts[1].map((frequency) => 1 / (time * frequency)));
  to.code.emit('windows', {
    ...windowGrid(input, outExtent, stride),
    rows: batch * outExtent[0] * outExtent[1],
    channels,
    taps: taps.length,
    tapOffsets: to.table(taps),
    y: to.address(node.outputs[0]),
    kind: kind === 'max' ? Joining.largest : Joining.sum,
    scale: to.numbers('pool', scales.join(), scales),
    scaleCount: scales.length,
  });
};

interface Loop {
  readonly extent: number;
  readonly stride: number;
}

/** Neighbouring loops that walk as one. */
function merged(loops: readonly Loop[]): Loop[] {
  return loops
    .filter(({ extent }) => extent > 1)
    .reduce<Loop[]>((done, loop) => {
      const outer = done.at(-1);
      if (outer?.stride !== loop.extent * loop.stride) return [...done, loop];
      return [...done.slice(0, -1), { extent: outer.extent * loop.extent, stride: loop.stride }];
    }, []);
}

export const reduce: Lower = ({ node, inputShapes }, to) => {
  const { kind, kept, reduced } = reduceGeometry(node, inputShapes);
  let loops = merged(kept);
  const taps = offsetsOf(reduced);
  const innermost = loops.at(-1);
  const channels = innermost?.stride === 1 ? innermost.extent : 1;
  if (channels > 1) loops = loops.slice(0, -1);
  if (loops.length > 3) throw new GraphError(node, 'the cpu backend reduces no more than four axes apart');
  const [inner, middle, outer] = [loops.at(-1), loops.at(-2), loops.at(-3)];
  const scale = kind === 'mean' ? 1 / taps.length : 1;
  to.code.emit('windows', {
    x: to.address(node.inputs[0]),
    inner: inner?.extent ?? 1,
    innerStep: 4 * (inner?.stride ?? 0),
    middle: middle?.extent ?? 1,
    middleStep: 4 * (middle?.stride ?? 0),
    outerStep: 4 * (outer?.stride ?? 0),
    rows: loops.reduce((rows, { extent }) => rows * extent, 1),
    channels,
    taps: taps.length,
    tapOffsets: to.table(taps.map((tap) => 4 * tap)),
    y: to.address(node.outputs[0]),
    kind: { mean: Joining.sum, sum: Joining.sum, max: Joining.largest, min: Joining.smallest }[kind],
    scale: to.numbers('reduce', `${scale}`, [scale]),
    scaleCount: 1,
  });
};

/** Copies x[elements[i]] to i of fresh scratch memory. */
export function emitMove(to: Builder, x: number, elements: ArrayLike<number>): number {
  const y = to.scratch(elements.length);
  const pieces = piecesOf(elements);
  to.code.emit('move', { x, y, pieces: to.table(pieces), count: pieces.length / 3 });
  return y;
}

/** [from, to, length] of every run of a table whose element i names the source of i, or is negative. */
export function piecesOf(sources: ArrayLike<number>): number[] {
  const pieces: number[] = [];
  for (let i = 0; i < sources.length; ) {
    const from = sources[i];
    let length = 1;
    if (from >= 0) {
      while (i + length < sources.length && sources[i + length] === from + length) length++;
      pieces.push(from, i, length);
    }
    i += length;
  }
  return pieces;
}

/** Any op that only moves elements and tells from where. */
export const movement: Lower = ({ node, inputShapes, outputShapes: [shape] }, to) => {
  const { sources, fill } = opNamed(node).movement!(node, inputShapes);
  const y = to.address(node.outputs[0]);
  const count = sizeOf(shape);
  const given = Array.from({ length: count }, (_, i) => sources.some((source) => source[i] >= 0));
  if (given.includes(false)) to.code.emit('fill', { y, count, value: fill });
  sources.forEach((source, i) => {
    const pieces = piecesOf(source);
    if (pieces.length > 0)
      to.code.emit('move', { x: to.address(node.inputs[i]), y, pieces: to.table(pieces), count: pieces.length / 3 });
  });
};

/** A constant under another shape; other values share their memory with what is made of them. */
export const reshape: Lower = ({ node, outputShapes: [shape] }, to) =>
  void to.code.emit('copy', {
    x: to.address(node.inputs[0]),
    y: to.address(node.outputs[0]),
    rows: 1,
    length: sizeOf(shape),
  });
