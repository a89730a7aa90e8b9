/**
 * Log-mel of four frames at a time, one in each lane, so that no step of the transform moves data between lanes.
 * Real frames of length n by a complex transform of n/2 (Press et al., Numerical Recipes, "FFT of single real
 * function"), radix 4 in place on input in digit-reversed order, a last stage of radix 2 where n/2 is no power of 4.
 */
import { logOfNormal } from './math';
import { widenInto } from './windows';
import { copyFloats, multiplyAdd, splat } from './vector';

@unmanaged
export class LogMel {
  /** Where x is int16 it is widened on the way. [batch, samples] */
  x: usize;
  isInt16: i32;
  batch: i32;
  samples: i32;
  frame: i32;
  hop: i32;
  bands: i32;
  /** The frame - hop samples before, [batch] pieces `stateStep` bytes apart; or 0. */
  state: usize;
  stateStep: i32;
  /** Scratch [batch, frame - hop + samples]. */
  joined: usize;
  /** Scratch, frame vectors, and frame / 2 vectors. */
  work: usize;
  power: usize;
  /**
   * Digit-reversed order of the sample pairs, in bytes, and the window in that order: [frame / 2] and [frame / 2, 2].
   */
  order: usize;
  window: usize;
  /** Factors of the stages in the order of use, then those of the split. */
  factors: usize;
  split: usize;
  /** First bins and lengths of the bands [bands, 2], and their weights one after the other. */
  filters: usize;
  filterWeights: usize;
  y: usize;
}

function listen(p: LogMel): void {
  const kept = p.frame - p.hop;
  let joined = p.joined;
  let state = p.state;
  const size = <usize>p.samples << (p.isInt16 ? 1 : 2);
  let x = p.x;
  for (let b = 0; b < p.batch; b++, x += size) {
    if (p.state) copyFloats(joined, state, kept);
    else memory.fill(joined, 0, <usize>kept << 2);
    const fresh = joined + (<usize>kept << 2);
    if (p.isInt16) widenInto(fresh, x, p.samples);
    else copyFloats(fresh, x, p.samples);
    if (p.state) copyFloats(state, joined + (<usize>p.samples << 2), kept);
    state += <usize>p.stateStep;
    joined = fresh + (<usize>p.samples << 2);
  }
}

/** Windowed sample pairs of the frames at f0 .. f3, with the first stage of radix 4, whose factors are all 1. */
function firstStage(p: LogMel, f0: usize, f1: usize, f2: usize, f3: usize): void {
  let to = p.work;
  let order = p.order;
  let window = p.window;
  const end = order + (<usize>p.frame << 1);
  while (order < end) {
    for (let i = 0; i < 4; i++, order += 4, window += 8, to += 32) {
      const at = <usize>load<i32>(order);
      const left = v128.load_lane<u64>(f1 + at, v128.load64_zero(f0 + at), 1);
      const right = v128.load_lane<u64>(f3 + at, v128.load64_zero(f2 + at), 1);
      v128.store(to, f32x4.mul(v128.shuffle<f32>(left, right, 0, 2, 4, 6), v128.load_splat<f32>(window)));
      v128.store(to, f32x4.mul(v128.shuffle<f32>(left, right, 1, 3, 5, 7), v128.load_splat<f32>(window, 4)), 16);
    }
    butterfly(to - 128, 32,
      v128.load(to - 128), v128.load(to - 128, 16), v128.load(to - 128, 32), v128.load(to - 128, 48),
      v128.load(to - 128, 64), v128.load(to - 128, 80), v128.load(to - 128, 96), v128.load(to - 128, 112));
  }
}

/** Four complex numbers (real, imaginary) to their transform, stored `step` bytes apart. */
// @ts-ignore: decorator
@inline
function butterfly(
  to: usize, step: usize, ar: v128, ai: v128, br: v128, bi: v128, cr: v128, ci: v128, dr: v128, di: v128,
): void {
  const sr = f32x4.add(ar, cr), si = f32x4.add(ai, ci), mr = f32x4.sub(ar, cr), mi = f32x4.sub(ai, ci);
  const tr = f32x4.add(br, dr), ti = f32x4.add(bi, di), nr = f32x4.sub(br, dr), ni = f32x4.sub(bi, di);
  v128.store(to, f32x4.add(sr, tr));
  v128.store(to, f32x4.add(si, ti), 16);
  v128.store(to + step, f32x4.add(mr, ni));
  v128.store(to + step, f32x4.sub(mi, nr), 16);
  v128.store(to + 2 * step, f32x4.sub(sr, tr));
  v128.store(to + 2 * step, f32x4.sub(si, ti), 16);
  v128.store(to + 3 * step, f32x4.sub(mr, ni));
  v128.store(to + 3 * step, f32x4.add(mi, nr), 16);
}

// @ts-ignore: decorator
@inline
function productReal(xr: v128, xi: v128, w: usize): v128 {
  return f32x4.sub(f32x4.mul(xr, v128.load_splat<f32>(w)), f32x4.mul(xi, v128.load_splat<f32>(w, 4)));
}

// @ts-ignore: decorator
@inline
function productImaginary(xr: v128, xi: v128, w: usize): v128 {
  return f32x4.add(f32x4.mul(xr, v128.load_splat<f32>(w, 4)), f32x4.mul(xi, v128.load_splat<f32>(w)));
}

function transform(p: LogMel): void {
  const end = p.work + (<usize>p.frame << 4);
  const whole = <usize>p.frame << 4;
  let factors = p.factors;
  let step: usize = 4 * 32;
  for (; step << 2 <= whole; step <<= 2) {
    for (let offset: usize = 0; offset < step; offset += 32, factors += 24) {
      for (let at = p.work + offset; at < end; at += step << 2) {
        const b = at + step, c = b + step, d = c + step;
        const br = v128.load(b), bi = v128.load(b, 16), cr = v128.load(c), ci = v128.load(c, 16);
        const dr = v128.load(d), di = v128.load(d, 16);
        butterfly(at, step, v128.load(at), v128.load(at, 16),
          productReal(br, bi, factors), productImaginary(br, bi, factors),
          productReal(cr, ci, factors + 8), productImaginary(cr, ci, factors + 8),
          productReal(dr, di, factors + 16), productImaginary(dr, di, factors + 16));
      }
    }
  }
  if (step == whole) return;
  for (let at = p.work; at < p.work + step; at += 32, factors += 8) {
    const ar = v128.load(at), ai = v128.load(at, 16), xr = v128.load(at + step), xi = v128.load(at + step, 16);
    const br = productReal(xr, xi, factors), bi = productImaginary(xr, xi, factors);
    v128.store(at, f32x4.add(ar, br));
    v128.store(at, f32x4.add(ai, bi), 16);
    v128.store(at + step, f32x4.sub(ar, br));
    v128.store(at + step, f32x4.sub(ai, bi), 16);
  }
}

/** |X|^2 of the real frames, bins 0 .. frame / 2 - 1: bin k and its mirror share their work. */
function powers(p: LogMel): void {
  const work = p.work;
  const half = <usize>p.frame >> 1;
  const first = f32x4.add(v128.load(work), v128.load(work, 16));
  v128.store(p.power, f32x4.mul(first, first));
  let w = p.split + 8;
  for (let k: usize = 1; k <= half >> 1; k++, w += 8) {
    const at = work + (k << 5), mirror = work + ((half - k) << 5);
    const ar = v128.load(at), ai = v128.load(at, 16), br = v128.load(mirror), bi = v128.load(mirror, 16);
    const evenReal = f32x4.add(ar, br), evenImaginary = f32x4.sub(ai, bi);
    const oddReal = f32x4.add(ai, bi), oddImaginary = f32x4.sub(br, ar);
    const turnedReal = productReal(oddReal, oddImaginary, w);
    const turnedImaginary = productImaginary(oddReal, oddImaginary, w);
    let real = f32x4.add(evenReal, turnedReal), imaginary = f32x4.add(evenImaginary, turnedImaginary);
    v128.store(p.power + (k << 4), f32x4.mul(splat(0.25), multiplyAdd(real, real, f32x4.mul(imaginary, imaginary))));
    real = f32x4.sub(evenReal, turnedReal);
    imaginary = f32x4.sub(turnedImaginary, evenImaginary);
    const power = f32x4.mul(splat(0.25), multiplyAdd(real, real, f32x4.mul(imaginary, imaginary)));
    v128.store(p.power + ((half - k) << 4), power);
  }
}

/** ln(1 + filter sums); lane i goes to row i of y, `count` of them. */
function bands(p: LogMel, y: usize, count: i32): void {
  const row = <usize>p.bands << 2;
  let filter = p.filters;
  let weight = p.filterWeights;
  for (let band = 0; band < p.bands; band++, filter += 8, y += 4) {
    let at = p.power + (<usize>load<i32>(filter) << 4);
    let sum = splat(1);
    for (let left = load<i32>(filter, 4); left > 0; left--, at += 16, weight += 4) {
      sum = multiplyAdd(v128.load_splat<f32>(weight), v128.load(at), sum);
    }
    const value = logOfNormal(sum);
    v128.store_lane<f32>(y, value, 0);
    if (count > 1) v128.store_lane<f32>(y + row, value, 1);
    if (count > 2) v128.store_lane<f32>(y + 2 * row, value, 2);
    if (count > 3) v128.store_lane<f32>(y + 3 * row, value, 3);
  }
}

function frameAt(p: LogMel, index: i32): usize {
  const frames = p.samples / p.hop;
  const item = index / frames;
  return p.joined + (<usize>(item * (p.frame - p.hop + p.samples) + (index % frames) * p.hop) << 2);
}

export function logMel(p: LogMel): void {
  listen(p);
  const frames = p.batch * (p.samples / p.hop);
  for (let i = 0; i < frames; i += 4) {
    const last = frames - 1;
    const second = frameAt(p, min(i + 1, last));
    firstStage(p, frameAt(p, i), second, frameAt(p, min(i + 2, last)), frameAt(p, min(i + 3, last)));
    transform(p);
    powers(p);
    bands(p, p.y + (<usize>(i * p.bands) << 2), min(4, frames - i));
  }
}
