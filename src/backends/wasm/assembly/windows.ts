/** Channel by channel over windows: depthwise convolution, pooling, reduction; and the padding in front of them. */
import { firstRow, Grid, nextRow } from './rows';
import { clamp, copyFloats, fillFloats, multiplyAdd, splat, storeLanes } from './vector';

@unmanaged
export class Depthwise extends Grid {
  rows: i32;
  channels: i32;
  taps: i32;
  tapOffsets: usize;
  /** [taps, channels] and [channels]. */
  weights: usize;
  bias: usize;
  y: usize;
  residual: usize;
  residualLast: i32;
  low: f32;
  high: f32;
}

export function depthwise(p: Depthwise): void {
  const channels = p.channels;
  const wide = <usize>channels << 2;
  const low = splat(p.low);
  const high = splat(p.high);
  const taps = p.taps;
  let y = p.y;
  let residual = p.residual;
  firstRow(p);
  for (let row = 0; row < p.rows; row++, y += wide, residual += wide) {
    const x = nextRow(p);
    for (let c: usize = 0; c < wide; c += 16) {
      let sum = v128.load(p.bias + c);
      let w = p.weights + c;
      for (let tap = 0; tap < taps; tap++, w += wide) {
        sum = multiplyAdd(v128.load(x + c + <usize>load<i32>(p.tapOffsets + (<usize>tap << 2))), v128.load(w), sum);
      }
      if (p.residual == 0) sum = clamp(sum, low, high);
      else if (p.residualLast) sum = f32x4.add(clamp(sum, low, high), v128.load(residual + c));
      else sum = clamp(f32x4.add(sum, v128.load(residual + c)), low, high);
      storeLanes(y + c, sum, <i32>((wide - c) >> 2));
    }
  }
}

export enum Joining { sum, largest, smallest }

@unmanaged
export class Windows extends Grid {
  rows: i32;
  channels: i32;
  taps: i32;
  tapOffsets: usize;
  y: usize;
  /** One of Joining. */
  kind: i32;
  /** Factors of the sums, one a row, every `scaleCount` rows anew. */
  scale: usize;
  scaleCount: i32;
}

export function windows(p: Windows): void {
  const channels = p.channels;
  const wide = <usize>channels << 2;
  const kind = p.kind;
  let y = p.y;
  let scaleRow = 0;
  firstRow(p);
  for (let row = 0; row < p.rows; row++, y += wide) {
    const x = nextRow(p);
    const scale = v128.load_splat<f32>(p.scale + (<usize>scaleRow << 2));
    if (++scaleRow == p.scaleCount) scaleRow = 0;
    for (let c: usize = 0; c < wide; c += 16) {
      let v = v128.load(x + c + <usize>load<i32>(p.tapOffsets));
      for (let tap = 1; tap < p.taps; tap++) {
        const other = v128.load(x + c + <usize>load<i32>(p.tapOffsets + (<usize>tap << 2)));
        if (kind == Joining.sum) v = f32x4.add(v, other);
        else if (kind == Joining.largest) v = f32x4.max(v, other);
        else v = f32x4.min(v, other);
      }
      if (kind == Joining.sum) v = f32x4.mul(v, scale);
      storeLanes(y + c, v, <i32>((wide - c) >> 2));
    }
  }
}

@unmanaged
export class Pad {
  x: usize;
  /** [batch, before + time + after, left + row + right] */
  y: usize;
  batch: i32;
  time: i32;
  before: i32;
  after: i32;
  /** Floats. */
  row: i32;
  left: i32;
  right: i32;
  fill: f32;
  /**
   * 0, or [batch] pieces `stateStep` bytes apart that hold the rows before the first, and then the last `before` rows.
   */
  state: usize;
  stateStep: i32;
}

function padRows(from: usize, to: usize, rows: i32, p: Pad): usize {
  const wide = <usize>p.row << 2;
  for (let i = 0; i < rows; i++) {
    fillFloats(to, p.fill, p.left);
    to += <usize>p.left << 2;
    copyFloats(to, from, p.row);
    from += wide;
    to += wide;
    fillFloats(to, p.fill, p.right);
    to += <usize>p.right << 2;
  }
  return to;
}

export function pad(p: Pad): void {
  const wide = p.left + p.row + p.right;
  let x = p.x;
  let y = p.y;
  let state = p.state;
  for (let b = 0; b < p.batch; b++) {
    const start = y;
    if (p.state) {
      y = padRows(state, y, p.before, p);
    } else {
      fillFloats(y, p.fill, p.before * wide);
      y += <usize>(p.before * wide) << 2;
    }
    y = padRows(x, y, p.time, p);
    x += <usize>(p.time * p.row) << 2;
    fillFloats(y, p.fill, p.after * wide);
    y += <usize>(p.after * wide) << 2;
    if (p.state) {
      let kept = start + (<usize>(p.time * wide + p.left) << 2);
      let to = state;
      for (let i = 0; i < p.before; i++) {
        copyFloats(to, kept, p.row);
        to += <usize>p.row << 2;
        kept += <usize>wide << 2;
      }
      state += <usize>p.stateStep;
    }
  }
}

@unmanaged
export class Move {
  x: usize;
  y: usize;
  /** Pieces [from, to, length] in floats. */
  pieces: usize;
  count: i32;
}

export function move(p: Move): void {
  let piece = p.pieces;
  for (let i = 0; i < p.count; i++, piece += 12) {
    let from = p.x + (<usize>load<i32>(piece) << 2);
    let to = p.y + (<usize>load<i32>(piece, 4) << 2);
    const length = load<i32>(piece, 8);
    if (length >= 16) {
      copyFloats(to, from, length);
    } else {
      for (let left = length; left > 0; left--, from += 4, to += 4) store<f32>(to, load<f32>(from));
    }
  }
}

@unmanaged
export class Fill {
  y: usize;
  count: i32;
  value: f32;
}

export function fill(p: Fill): void {
  fillFloats(p.y, p.value, p.count);
}

@unmanaged
export class Copy {
  x: usize;
  y: usize;
  rows: i32;
  /** Floats in a row; bytes between rows. */
  length: i32;
  xStep: i32;
  yStep: i32;
}

export function copy(p: Copy): void {
  let x = p.x;
  let y = p.y;
  for (let row = 0; row < p.rows; row++, x += <usize>p.xStep, y += <usize>p.yStep) copyFloats(y, x, p.length);
}

@unmanaged
export class Widen {
  x: usize;
  y: usize;
  count: i32;
}

export function widen(p: Widen): void {
  widenInto(p.y, p.x, p.count);
}

/** int16 to float32; reads in whole vectors. */
export function widenInto(to: usize, from: usize, count: i32): void {
  for (; count > 0; count -= 4, from += 8, to += 16) {
    storeLanes(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(v128.load64_zero(from))), count);
  }
}
