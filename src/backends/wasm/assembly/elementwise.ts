/** Unary, binary and softmax, row by row. */
import { erf, exp, log, logOfNormal, power, sigmoid, sine, tanh } from './math';
import { Activation, Combination } from './kinds.generated';
import { clamp, multiplyAdd, splat, storeLanes } from './vector';

@unmanaged
export class Unary {
  x: usize;
  y: usize;
  count: i32;
  kind: i32;
  alpha: f32;
  beta: f32;
}

function apply(kind: i32, x: v128, alpha: v128, beta: v128): v128 {
  switch (kind) {
    case Activation.relu: return f32x4.pmax(x, splat(0));
    case Activation.leakyRelu: return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, splat(0)));
    case Activation.elu: return v128.bitselect(f32x4.mul(f32x4.sub(exp(x), splat(1)), alpha), x, f32x4.lt(x, splat(0)));
    case Activation.sigmoid: return sigmoid(x);
    case Activation.hardSigmoid: return clamp(multiplyAdd(x, alpha, beta), splat(0), splat(1));
    case Activation.hardSwish:
      return f32x4.mul(x, clamp(multiplyAdd(x, splat(1.0 / 6.0), splat(0.5)), splat(0), splat(1)));
    case Activation.tanh: return tanh(x);
    case Activation.gelu:
      return f32x4.mul(f32x4.mul(x, splat(0.5)), f32x4.add(splat(1), erf(f32x4.mul(x, splat(0.70710678118654752)))));
    case Activation.geluTanh: {
      const inner = f32x4.mul(
        splat(0.79788456080286536),
        multiplyAdd(f32x4.mul(splat(0.044715), x), f32x4.mul(x, x), x),
      );
      return f32x4.mul(f32x4.mul(x, splat(0.5)), f32x4.add(splat(1), tanh(inner)));
    }
    case Activation.erf: return erf(x);
    case Activation.clip: return clamp(x, alpha, beta);
    case Activation.exp: return exp(x);
    case Activation.log: return log(x);
    case Activation.sqrt: return f32x4.sqrt(x);
    case Activation.abs: return f32x4.abs(x);
    case Activation.negate: return f32x4.neg(x);
    case Activation.floor: return f32x4.floor(x);
    case Activation.round: return f32x4.nearest(x);
    case Activation.sin: return sine(x, 0);
    case Activation.cos: return sine(x, 1);
    case Activation.identity:
    default: return x;
  }
}

export function unary(p: Unary): void {
  let x = p.x;
  let y = p.y;
  const alpha = splat(p.alpha);
  const beta = splat(p.beta);
  const kind = p.kind;
  for (let left = p.count; left > 0; left -= 4, x += 16, y += 16)
    storeLanes(y, apply(kind, v128.load(x), alpha, beta), left);
}

@unmanaged
export class Binary {
  a: usize;
  b: usize;
  y: usize;
  /**
   * Rows of `length` contiguous results; each operand has a table of row offsets in bytes and runs along (1) or repeats
   * (0).
   */
  rows: i32;
  length: i32;
  aRows: usize;
  bRows: usize;
  aRuns: i32;
  bRuns: i32;
  kind: i32;
  low: f32;
  high: f32;
}

// @ts-ignore: decorator
@inline
function combine(kind: i32, a: v128, b: v128): v128 {
  switch (kind) {
    case Combination.add: return f32x4.add(a, b);
    case Combination.subtract: return f32x4.sub(a, b);
    case Combination.multiply: return f32x4.mul(a, b);
    case Combination.divide: return f32x4.div(a, b);
    case Combination.power: return power(a, b);
    case Combination.maximum: return f32x4.max(a, b);
    case Combination.minimum: return f32x4.min(a, b);
    case Combination.greater: return v128.and(f32x4.gt(a, b), splat(1));
    case Combination.greaterOrEqual: return v128.and(f32x4.ge(a, b), splat(1));
    case Combination.equal: return v128.and(f32x4.eq(a, b), splat(1));
    case Combination.mask: return v128.andnot(b, f32x4.eq(a, splat(0)));
    case Combination.prelu:
    default: return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, splat(0)));
  }
}

export function binary(p: Binary): void {
  const kind = p.kind;
  const low = splat(p.low);
  const high = splat(p.high);
  let y = p.y;
  for (let row = 0; row < p.rows; row++) {
    let a = p.a + <usize>load<i32>(p.aRows + (<usize>row << 2));
    let b = p.b + <usize>load<i32>(p.bRows + (<usize>row << 2));
    const aOne = v128.load_splat<f32>(a);
    const bOne = v128.load_splat<f32>(b);
    let left = p.length;
    for (; left > 0; left -= 4, a += 16, b += 16, y += 16) {
      const value = combine(kind, p.aRuns ? v128.load(a) : aOne, p.bRuns ? v128.load(b) : bOne);
      storeLanes(y, clamp(value, low, high), left);
    }
    y += <usize>(left << 2);
  }
}

@unmanaged
export class Softmax {
  x: usize;
  y: usize;
  rows: i32;
  classes: i32;
  log: i32;
}

export function softmax(p: Softmax): void {
  const size = <usize>p.classes << 2;
  let x = p.x;
  let y = p.y;
  for (let row = 0; row < p.rows; row++, x += size, y += size) {
    let largest = load<f32>(x);
    for (let i: usize = 4; i < size; i += 4) largest = max<f32>(largest, load<f32>(x + i));
    const top = splat(largest);
    for (let i: usize = 0; i < size; i += 16) {
      storeLanes(y + i, exp(f32x4.sub(v128.load(x + i), top)), <i32>((size - i) >> 2));
    }
    let sum: f32 = 0;
    for (let i: usize = 0; i < size; i += 4) sum += load<f32>(y + i);
    if (p.log) {
      const shift = f32x4.add(top, logOfNormal(splat(sum)));
      for (let i: usize = 0; i < size; i += 16)
        storeLanes(y + i, f32x4.sub(v128.load(x + i), shift), <i32>((size - i) >> 2));
    } else {
      const scale = splat(1 / sum);
      for (let i: usize = 0; i < size; i += 16)
        storeLanes(y + i, f32x4.mul(v128.load(y + i), scale), <i32>((size - i) >> 2));
    }
  }
}
