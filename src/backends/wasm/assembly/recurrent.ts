/** GRU and LSTM over a whole sequence. The part of x comes from one product over all time before. */
import { gateSigmoid, gateTanh, sigmoid, tanh } from './math';
import { Product, product } from './product';
import { multiplyAdd, storeLanes } from './vector';

@unmanaged
export class Gru {
  /** [batch, time, 3 hidden]: x W + bW, gates z, r, n. */
  fromX: usize;
  /** [batch, 3 hidden], scratch: h R + bR, made by `recurrent` from `h`. */
  fromH: usize;
  /** [batch, hidden], in and out. */
  h: usize;
  y: usize;
  batch: i32;
  time: i32;
  hidden: i32;
  reverse: i32;
  recurrent: usize;
}

export function gru(p: Gru): void {
  const time = p.time;
  const hidden = p.hidden;
  const gate = <usize>hidden << 2;
  for (let step = 0; step < time; step++) {
    const t = p.reverse ? time - 1 - step : step;
    product(changetype<Product>(p.recurrent));
    for (let b = 0; b < p.batch; b++) {
      const row = <usize>(b * time + t);
      let x = p.fromX + row * gate * 3;
      let r = p.fromH + <usize>b * gate * 3;
      let h = p.h + <usize>b * gate;
      let y = p.y + row * gate;
      for (let left = hidden; left > 0; left -= 4, x += 16, r += 16, h += 16, y += 16) {
        const z = gateSigmoid(f32x4.add(v128.load(x), v128.load(r)));
        const reset = gateSigmoid(f32x4.add(v128.load(x + gate), v128.load(r + gate)));
        const n = gateTanh(multiplyAdd(reset, v128.load(r + 2 * gate), v128.load(x + 2 * gate)));
        // (1 - z) n + z h
        const next = multiplyAdd(z, f32x4.sub(v128.load(h), n), n);
        storeLanes(h, next, left);
        storeLanes(y, next, left);
      }
    }
  }
}

@unmanaged
export class Lstm {
  /** [batch, time, 4 hidden]: x W + b, gates i, o, f, g. */
  fromX: usize;
  /** [batch, 4 hidden], scratch: h R, made by `recurrent` from `h`. */
  fromH: usize;
  /** [batch, hidden], in and out. */
  h: usize;
  c: usize;
  y: usize;
  batch: i32;
  time: i32;
  hidden: i32;
  reverse: i32;
  recurrent: usize;
}

export function lstm(p: Lstm): void {
  const time = p.time;
  const hidden = p.hidden;
  const gate = <usize>hidden << 2;
  for (let step = 0; step < time; step++) {
    const t = p.reverse ? time - 1 - step : step;
    product(changetype<Product>(p.recurrent));
    for (let b = 0; b < p.batch; b++) {
      const row = <usize>(b * time + t);
      let x = p.fromX + row * gate * 4;
      let r = p.fromH + <usize>b * gate * 4;
      let h = p.h + <usize>b * gate;
      let c = p.c + <usize>b * gate;
      let y = p.y + row * gate;
      for (let left = hidden; left > 0; left -= 4, x += 16, r += 16, h += 16, c += 16, y += 16) {
        const i = sigmoid(f32x4.add(v128.load(x), v128.load(r)));
        const o = sigmoid(f32x4.add(v128.load(x + gate), v128.load(r + gate)));
        const f = sigmoid(f32x4.add(v128.load(x + 2 * gate), v128.load(r + 2 * gate)));
        const g = tanh(f32x4.add(v128.load(x + 3 * gate), v128.load(r + 3 * gate)));
        const cell = multiplyAdd(f, v128.load(c), f32x4.mul(i, g));
        const next = f32x4.mul(o, tanh(cell));
        storeLanes(c, cell, left);
        storeLanes(h, next, left);
        storeLanes(y, next, left);
      }
    }
  }
}
