/**
 * Matrix product whose rows are windows into the input, so that a convolution needs no copy of its windows:
 *   y[m, n] = bias[n] + sum over taps s and k < length of x[window m + tap offset s + k] w[s length + k, n]
 * W is packed in panels of 8 columns, [columns / 8][rows of W][8], the last one filled with zeros.
 *
 * 128-bit registers: 16 of them. A tile of 4 rows and 8 columns keeps 8 sums, 2 vectors of W and 4 of x; one row alone
 * takes 24 columns, because 6 independent sums hide the latency of an addition.
 */
import { firstRow, Grid, nextRow } from './rows';
import { clamp, multiplyAdd, splat, storeLanes } from './vector';

@unmanaged
export class Product extends Grid {
  rows: i32;
  columns: i32;
  taps: i32;
  /** Offsets of the taps in bytes. */
  tapOffsets: usize;
  length: i32;
  weights: usize;
  /** Filled up to a multiple of 8, like W. */
  bias: usize;
  y: usize;
  yStep: i32;
  /** 0, or a value of y's form that is added before the limits below are applied, or after (`residualLast`). */
  residual: usize;
  residualLast: i32;
  low: f32;
  high: f32;
}

/** Arguments that another kernel calls `product` with; nothing is done where they stand. */
@unmanaged
export class HeldProduct extends Product {}

export function heldProduct(_: HeldProduct): void {}

/** The end of four sums at offset `at` of y: residual, limits, store of the first `count`, which may be none. */
function finish(p: Product, at: usize, sums: v128, count: i32): void {
  const low = splat(p.low);
  const high = splat(p.high);
  let v = sums;
  if (p.residual == 0) v = clamp(v, low, high);
  else if (p.residualLast) v = f32x4.add(clamp(v, low, high), v128.load(p.residual + at));
  else v = clamp(f32x4.add(v, v128.load(p.residual + at)), low, high);
  storeLanes(p.y + at, v, count);
}

/** Whether a tile may store its sums as they are and leave the rest to `addLast`. */
// @ts-ignore: decorator
@inline
function isPlain(p: Product): bool {
  return p.residual == 0 || p.residualLast != 0;
}

/** Adds the residual to a block of y that was just stored: `rows` rows of `size` bytes. */
function addLast(p: Product, at: usize, rows: i32, size: usize): void {
  if (p.residual == 0) return;
  for (; rows > 0; rows--, at += <usize>p.yStep) {
    for (let i = at; i < at + size; i += 16)
      v128.store(p.y + i, f32x4.add(v128.load(p.y + i), v128.load(p.residual + i)));
  }
}

/**
 * The loops over k below take several steps a turn. The ways out between them are for lengths that are no multiple, and
 * they keep the steps apart: in one block V8 moves all loads to its front and then lacks the registers to hold what
 * they gave.
 *
 * Rows x0 .. x3, 8 columns from `column` on; `at` is the offset of the first row's result, `w` the panel.
 */
function tile4x8(p: Product, x0: usize, x1: usize, x2: usize, x3: usize, panel: usize, column: i32, at: usize): void {
  let a0 = v128.load(p.bias + (<usize>column << 2)), a1 = v128.load(p.bias + (<usize>column << 2), 16);
  let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
  const span = <usize>p.length << 2;
  let tap = p.tapOffsets;
  for (let taps = p.taps; taps > 0; taps--, tap += 4, panel += span << 3) {
    const offset = <usize>load<i32>(tap);
    let i0 = x0 + offset, i1 = x1 + offset, i2 = x2 + offset, i3 = x3 + offset;
    let w = panel;
    const end = i0 + span;
    while (i0 < end) {
      let w0 = v128.load(w), w1 = v128.load(w, 16);
      let x = v128.load_splat<f32>(i0);
      a0 = multiplyAdd(x, w0, a0); a1 = multiplyAdd(x, w1, a1);
      x = v128.load_splat<f32>(i1);
      b0 = multiplyAdd(x, w0, b0); b1 = multiplyAdd(x, w1, b1);
      x = v128.load_splat<f32>(i2);
      c0 = multiplyAdd(x, w0, c0); c1 = multiplyAdd(x, w1, c1);
      x = v128.load_splat<f32>(i3);
      d0 = multiplyAdd(x, w0, d0); d1 = multiplyAdd(x, w1, d1);
      if (i0 == end - 4) break;
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x = v128.load_splat<f32>(i0, 4);
      a0 = multiplyAdd(x, w0, a0); a1 = multiplyAdd(x, w1, a1);
      x = v128.load_splat<f32>(i1, 4);
      b0 = multiplyAdd(x, w0, b0); b1 = multiplyAdd(x, w1, b1);
      x = v128.load_splat<f32>(i2, 4);
      c0 = multiplyAdd(x, w0, c0); c1 = multiplyAdd(x, w1, c1);
      x = v128.load_splat<f32>(i3, 4);
      d0 = multiplyAdd(x, w0, d0); d1 = multiplyAdd(x, w1, d1);
      if (i0 == end - 8) break;
      w0 = v128.load(w, 64); w1 = v128.load(w, 80);
      x = v128.load_splat<f32>(i0, 8);
      a0 = multiplyAdd(x, w0, a0); a1 = multiplyAdd(x, w1, a1);
      x = v128.load_splat<f32>(i1, 8);
      b0 = multiplyAdd(x, w0, b0); b1 = multiplyAdd(x, w1, b1);
      x = v128.load_splat<f32>(i2, 8);
      c0 = multiplyAdd(x, w0, c0); c1 = multiplyAdd(x, w1, c1);
      x = v128.load_splat<f32>(i3, 8);
      d0 = multiplyAdd(x, w0, d0); d1 = multiplyAdd(x, w1, d1);
      if (i0 == end - 12) break;
      w0 = v128.load(w, 96); w1 = v128.load(w, 112);
      x = v128.load_splat<f32>(i0, 12);
      a0 = multiplyAdd(x, w0, a0); a1 = multiplyAdd(x, w1, a1);
      x = v128.load_splat<f32>(i1, 12);
      b0 = multiplyAdd(x, w0, b0); b1 = multiplyAdd(x, w1, b1);
      x = v128.load_splat<f32>(i2, 12);
      c0 = multiplyAdd(x, w0, c0); c1 = multiplyAdd(x, w1, c1);
      x = v128.load_splat<f32>(i3, 12);
      d0 = multiplyAdd(x, w0, d0); d1 = multiplyAdd(x, w1, d1);
      i0 += 16; i1 += 16; i2 += 16; i3 += 16;
      w += 128;
    }
  }
  const step = <usize>p.yStep;
  const count = p.columns - column;
  if (count >= 8 && isPlain(p)) {
    const low = splat(p.low);
    const high = splat(p.high);
    let y = p.y + at;
    v128.store(y, clamp(a0, low, high));
    v128.store(y, clamp(a1, low, high), 16);
    y += step;
    v128.store(y, clamp(b0, low, high));
    v128.store(y, clamp(b1, low, high), 16);
    y += step;
    v128.store(y, clamp(c0, low, high));
    v128.store(y, clamp(c1, low, high), 16);
    y += step;
    v128.store(y, clamp(d0, low, high));
    v128.store(y, clamp(d1, low, high), 16);
    addLast(p, at, 4, 32);
    return;
  }
  finish(p, at, a0, count);
  finish(p, at + step, b0, count);
  finish(p, at + 2 * step, c0, count);
  finish(p, at + 3 * step, d0, count);
  at += 16;
  finish(p, at, a1, count - 4);
  finish(p, at + step, b1, count - 4);
  finish(p, at + 2 * step, c1, count - 4);
  finish(p, at + 3 * step, d1, count - 4);
}

/** Two rows, 8 columns of panel w and 8 of panel v. */
function tile2x16(p: Product, x0: usize, x1: usize, w: usize, v: usize, column: i32, at: usize): void {
  const bias = p.bias + (<usize>column << 2);
  let a0 = v128.load(bias), a1 = v128.load(bias, 16), a2 = v128.load(bias, 32), a3 = v128.load(bias, 48);
  let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
  const span = <usize>p.length << 2;
  let tap = p.tapOffsets;
  for (let taps = p.taps; taps > 0; taps--, tap += 4) {
    const offset = <usize>load<i32>(tap);
    let i0 = x0 + offset, i1 = x1 + offset;
    const end = i0 + span;
    while (i0 < end) {
      const left = v128.load_splat<f32>(i0), right = v128.load_splat<f32>(i1);
      let weight = v128.load(w);
      a0 = multiplyAdd(left, weight, a0); b0 = multiplyAdd(right, weight, b0);
      weight = v128.load(w, 16);
      a1 = multiplyAdd(left, weight, a1); b1 = multiplyAdd(right, weight, b1);
      weight = v128.load(v);
      a2 = multiplyAdd(left, weight, a2); b2 = multiplyAdd(right, weight, b2);
      weight = v128.load(v, 16);
      a3 = multiplyAdd(left, weight, a3); b3 = multiplyAdd(right, weight, b3);
      i0 += 4; i1 += 4; w += 32; v += 32;
    }
  }
  const below = at + <usize>p.yStep;
  const count = p.columns - column;
  if (count >= 16 && isPlain(p)) {
    const low = splat(p.low);
    const high = splat(p.high);
    const y = p.y + at, z = p.y + below;
    v128.store(y, clamp(a0, low, high)); v128.store(z, clamp(b0, low, high));
    v128.store(y, clamp(a1, low, high), 16); v128.store(z, clamp(b1, low, high), 16);
    v128.store(y, clamp(a2, low, high), 32); v128.store(z, clamp(b2, low, high), 32);
    v128.store(y, clamp(a3, low, high), 48); v128.store(z, clamp(b3, low, high), 48);
    addLast(p, at, 2, 64);
    return;
  }
  finish(p, at, a0, count); finish(p, below, b0, count);
  finish(p, at + 16, a1, count - 4); finish(p, below + 16, b1, count - 4);
  finish(p, at + 32, a2, count - 8); finish(p, below + 32, b2, count - 8);
  finish(p, at + 48, a3, count - 12); finish(p, below + 48, b3, count - 12);
}

/** One row, 8 columns of each of the panels w, v, u. */
function tile1x24(p: Product, x0: usize, w: usize, v: usize, u: usize, column: i32, at: usize): void {
  const bias = p.bias + (<usize>column << 2);
  let a0 = v128.load(bias), a1 = v128.load(bias, 16), a2 = v128.load(bias, 32);
  let a3 = v128.load(bias, 48), a4 = v128.load(bias, 64), a5 = v128.load(bias, 80);
  const span = <usize>p.length << 2;
  let tap = p.tapOffsets;
  for (let taps = p.taps; taps > 0; taps--, tap += 4, w += span << 3, v += span << 3, u += span << 3) {
    let i0 = x0 + <usize>load<i32>(tap);
    const end = i0 + span;
    const last = end - 4;
    let k: usize = 0;
    while (i0 < end) {
      let x = v128.load_splat<f32>(i0);
      a0 = multiplyAdd(x, v128.load(w + k), a0); a1 = multiplyAdd(x, v128.load(w + k, 16), a1);
      a2 = multiplyAdd(x, v128.load(v + k), a2); a3 = multiplyAdd(x, v128.load(v + k, 16), a3);
      a4 = multiplyAdd(x, v128.load(u + k), a4); a5 = multiplyAdd(x, v128.load(u + k, 16), a5);
      if (i0 == last) break;
      x = v128.load_splat<f32>(i0, 4);
      a0 = multiplyAdd(x, v128.load(w + k, 32), a0); a1 = multiplyAdd(x, v128.load(w + k, 48), a1);
      a2 = multiplyAdd(x, v128.load(v + k, 32), a2); a3 = multiplyAdd(x, v128.load(v + k, 48), a3);
      a4 = multiplyAdd(x, v128.load(u + k, 32), a4); a5 = multiplyAdd(x, v128.load(u + k, 48), a5);
      i0 += 8; k += 64;
    }
  }
  const count = p.columns - column;
  if (count >= 24 && isPlain(p)) {
    const low = splat(p.low);
    const high = splat(p.high);
    const y = p.y + at;
    v128.store(y, clamp(a0, low, high));
    v128.store(y, clamp(a1, low, high), 16);
    v128.store(y, clamp(a2, low, high), 32);
    v128.store(y, clamp(a3, low, high), 48);
    v128.store(y, clamp(a4, low, high), 64);
    v128.store(y, clamp(a5, low, high), 80);
    addLast(p, at, 1, 96);
    return;
  }
  finish(p, at, a0, count);
  finish(p, at + 16, a1, count - 4);
  finish(p, at + 32, a2, count - 8);
  finish(p, at + 48, a3, count - 12);
  finish(p, at + 64, a4, count - 16);
  finish(p, at + 80, a5, count - 20);
}

export function product(p: Product): void {
  const rows = p.rows;
  const columns = p.columns;
  const panel = <usize>(p.taps * p.length) << 5;
  const panels = (columns + 7) >> 3;
  const last = p.weights + <usize>(panels - 1) * panel;
  const tiled = rows & ~3;
  // A panel of W stays in the first-level cache while all rows pass by.
  let w = p.weights;
  if (tiled > 0) {
    for (let column = 0; column < columns; column += 8, w += panel) {
      firstRow(p);
      let at = <usize>column << 2;
      for (let row = 0; row < tiled; row += 4, at += <usize>p.yStep << 2) {
        const x0 = nextRow(p), x1 = nextRow(p), x2 = nextRow(p), x3 = nextRow(p);
        tile4x8(p, x0, x1, x2, x3, w, column, at);
      }
    }
  }
  let left = rows - tiled;
  if (left == 0) return;
  firstRow(p);
  for (let row = 0; row < tiled; row++) nextRow(p);
  let at = <usize>tiled * <usize>p.yStep;
  if (left >= 2) {
    const x0 = nextRow(p), x1 = nextRow(p);
    w = p.weights;
    for (let column = 0; column < columns; column += 16, w += panel << 1)
      tile2x16(p, x0, x1, w, min(w + panel, last), column, at + (<usize>column << 2));
    at += <usize>p.yStep << 1;
    left -= 2;
  }
  if (left > 0) {
    const x0 = nextRow(p);
    w = p.weights;
    for (let column = 0; column < columns; column += 24, w += 3 * panel) {
      tile1x24(p, x0, w, min(w + panel, last), min(w + 2 * panel, last), column, at + (<usize>column << 2));
    }
  }
}

@unmanaged
export class Pack {
  /** A matrix [rows, columns] whose rows are `step` bytes apart and columns `columnStep`. */
  x: usize;
  rows: i32;
  columns: i32;
  step: i32;
  columnStep: i32;
  /** After this many rows `blockJump` bytes are left out. */
  block: i32;
  blockJump: i32;
  y: usize;
}

/** Packs W for `product`. */
export function pack(p: Pack): void {
  let y = p.y;
  for (let column = 0; column < p.columns; column += 8) {
    const count = min(8, p.columns - column);
    let row = p.x + <usize>column * <usize>p.columnStep;
    let blockLeft = p.block;
    for (let i = 0; i < p.rows; i++, row += <usize>p.step, y += 32) {
      let from = row;
      for (let j = 0; j < 8; j++, from += <usize>p.columnStep)
        store<f32>(y + (<usize>j << 2), j < count ? load<f32>(from) : 0);
      if (--blockLeft == 0) {
        blockLeft = p.block;
        row += <usize>p.blockJump;
      }
    }
  }
}
