/**
 * Elementary functions on four float32 at once, after the float versions of Cephes (Moshier, expf.c, logf.c, tanhf.c).
 * Relative error about 2e-7 for exp, log and tanh; infinities and NaN come out as in JavaScript.
 */
import { clamp, multiplyAdd, splat } from './vector';

/**
 * Constants stand in memory: as an operand of v128.load_splat one takes an instruction, as a v128.const V8 makes three
 * of it. Every instance of the module writes them to the same place, below all that src/backends/wasm/heap.ts gives
 * out.
 */
const c = memory.data<f32>([
  1.44269504088896341, 12582912, 0.693359375, -2.12194440e-4, 0.693147180559945309,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
  1, 89, -104, 87, -87,
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
  -2.4999993993e-1, 3.3333331174e-1,
  0.707106781186547524, -0.5,
], 16);

// @ts-ignore: decorator
@inline
function one(): v128 {
  return v128.load_splat<f32>(c, 44);
}

/** exp of r in +-ln(2)/2. */
// @ts-ignore: decorator
@inline
function expNearZero(r: v128): v128 {
  let p = v128.load_splat<f32>(c, 20);
  p = multiplyAdd(p, r, v128.load_splat<f32>(c, 24));
  p = multiplyAdd(p, r, v128.load_splat<f32>(c, 28));
  p = multiplyAdd(p, r, v128.load_splat<f32>(c, 32));
  p = multiplyAdd(p, r, v128.load_splat<f32>(c, 36));
  p = multiplyAdd(p, r, v128.load_splat<f32>(c, 40));
  return f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), one());
}

/** 2^k for whole k in [-126, 127]. */
// @ts-ignore: decorator
@inline
function powerOfTwo(k: v128): v128 {
  return i32x4.add(i32x4.shl(k, 23), one());
}

export function exp(x: v128): v128 {
  // Beyond these limits float32 holds infinity and 0; two factors of 2^k reach both without a special case.
  const limited = clamp(x, v128.load_splat<f32>(c, 52), v128.load_splat<f32>(c, 48));
  // Adding 1.5 2^23 rounds to a whole number, which then stands in the lowest bits.
  const shift = v128.load_splat<f32>(c, 4);
  const rounded = multiplyAdd(limited, v128.load_splat<f32>(c), shift);
  const n = f32x4.sub(rounded, shift);
  let r = f32x4.sub(limited, f32x4.mul(n, v128.load_splat<f32>(c, 8)));
  r = f32x4.sub(r, f32x4.mul(n, v128.load_splat<f32>(c, 12)));
  const k = i32x4.sub(rounded, shift);
  const half = i32x4.shr_s(k, 1);
  return f32x4.mul(f32x4.mul(expNearZero(r), powerOfTwo(half)), powerOfTwo(i32x4.sub(k, half)));
}

/**
 * exp for the gates below: no infinities, and ln(2) in one piece, so relative error up to 5e-6 at |x| = 87; where a
 * gate feels it, at |x| below 5, 3e-7.
 */
// @ts-ignore: decorator
@inline
function expOfGate(x: v128): v128 {
  const limited = clamp(x, v128.load_splat<f32>(c, 60), v128.load_splat<f32>(c, 56));
  const shift = v128.load_splat<f32>(c, 4);
  const rounded = multiplyAdd(limited, v128.load_splat<f32>(c), shift);
  const r = f32x4.sub(limited, f32x4.mul(f32x4.sub(rounded, shift), v128.load_splat<f32>(c, 16)));
  return f32x4.mul(expNearZero(r), powerOfTwo(rounded));
}

/** Sigmoid with an absolute error of 1e-7. */
// @ts-ignore: decorator
@inline
export function gateSigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), expOfGate(f32x4.neg(x))));
}

/** tanh with an absolute error of 2e-7. */
// @ts-ignore: decorator
@inline
export function gateTanh(x: v128): v128 {
  const quotient = f32x4.div(one(), f32x4.add(one(), expOfGate(f32x4.add(x, x))));
  return f32x4.sub(one(), f32x4.add(quotient, quotient));
}

/** ln of finite numbers not below the smallest normal one. */
export function logOfNormal(x: v128): v128 {
  let e = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(126));
  let m = v128.or(v128.and(x, i32x4.splat(0x7fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, v128.load_splat<f32>(c, 100));
  e = i32x4.add(e, low);
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), one());
  const exponent = f32x4.convert_i32x4_s(e);
  const z = f32x4.mul(m, m);
  let p = v128.load_splat<f32>(c, 64);
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 68));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 72));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 76));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 80));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 84));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 88));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 92));
  p = multiplyAdd(p, m, v128.load_splat<f32>(c, 96));
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = multiplyAdd(exponent, v128.load_splat<f32>(c, 12), p);
  p = multiplyAdd(z, v128.load_splat<f32>(c, 104), p);
  return multiplyAdd(exponent, v128.load_splat<f32>(c, 8), f32x4.add(m, p));
}

export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, splat(33554432)), x, tiny);
  let y = f32x4.sub(logOfNormal(scaled), v128.and(splat(17.328679513998632), tiny));
  y = v128.bitselect(splat(-Infinity), y, f32x4.eq(x, splat(0)));
  // x - x is NaN for infinity and NaN; what is left after infinity is NaN or negative, whose logarithm is NaN.
  const finite = f32x4.lt(x, splat(Infinity));
  y = v128.bitselect(y, x, finite);
  return v128.or(y, f32x4.lt(x, splat(0)));
}

export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp(f32x4.neg(x))));
}

export function tanh(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = splat(-5.70498872745e-3);
  p = multiplyAdd(p, z, splat(2.06390887954e-2));
  p = multiplyAdd(p, z, splat(-5.37397155531e-2));
  p = multiplyAdd(p, z, splat(1.33314422036e-1));
  p = multiplyAdd(p, z, splat(-3.33332819422e-1));
  const small = multiplyAdd(f32x4.mul(p, z), x, x);
  const magnitude = f32x4.abs(x);
  const large = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(exp(f32x4.add(magnitude, magnitude)), splat(1))));
  const signed = v128.or(large, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(small, signed, f32x4.lt(magnitude, splat(0.625)));
}

/** Error function, Abramowitz and Stegun 7.1.26: absolute error below 5e-7 in float32. */
export function erf(x: v128): v128 {
  const magnitude = f32x4.abs(x);
  const t = f32x4.div(splat(1), multiplyAdd(magnitude, splat(0.3275911), splat(1)));
  let p = splat(1.061405429);
  p = multiplyAdd(p, t, splat(-1.453152027));
  p = multiplyAdd(p, t, splat(1.421413741));
  p = multiplyAdd(p, t, splat(-0.284496736));
  p = multiplyAdd(p, t, splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(p, t), exp(f32x4.neg(f32x4.mul(x, x))));
  const result = f32x4.sub(splat(1), tail);
  return v128.or(result, v128.and(x, i32x4.splat(0x80000000)));
}

/** a^b as JavaScript's: a negative base needs a whole exponent, anything to the power 0 is 1. */
export function power(a: v128, b: v128): v128 {
  const magnitude = exp(f32x4.mul(b, log(f32x4.abs(a))));
  const whole = f32x4.eq(f32x4.nearest(b), b);
  const half = f32x4.mul(b, splat(0.5));
  const odd = v128.andnot(whole, f32x4.eq(f32x4.nearest(half), half));
  const negative = f32x4.lt(a, splat(0));
  let y = v128.xor(magnitude, v128.and(v128.and(negative, odd), i32x4.splat(0x80000000)));
  y = v128.or(y, v128.andnot(negative, whole));
  return v128.bitselect(splat(1), y, f32x4.eq(b, splat(0)));
}

/**
 * sin(x + quarters pi/2), Cephes's sinf and cosf on +-pi/4 after a reduction by pi/2 in three pieces; absolute error
 * 1e-7 below |x| = 8192, then growing with |x| as float32's spacing does.
 */
export function sine(x: v128, quarters: i32): v128 {
  const n = f32x4.nearest(f32x4.mul(x, splat(0.63661977236758134)));
  let r = f32x4.sub(x, f32x4.mul(n, splat(1.5703125)));
  r = f32x4.sub(r, f32x4.mul(n, splat(4.837512969970703125e-4)));
  r = f32x4.sub(r, f32x4.mul(n, splat(7.549789948768648e-8)));
  const quadrant = i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(quarters));
  const z = f32x4.mul(r, r);
  let s = multiplyAdd(splat(-1.9515295891e-4), z, splat(8.3321608736e-3));
  s = multiplyAdd(s, z, splat(-1.6666654611e-1));
  s = multiplyAdd(f32x4.mul(s, z), r, r);
  let c2 = multiplyAdd(splat(2.443315711809948e-5), z, splat(-1.388731625493765e-3));
  c2 = multiplyAdd(c2, z, splat(4.166664568298827e-2));
  c2 = f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(c2, z), z), f32x4.mul(z, splat(0.5))), splat(1));
  const even = i32x4.eq(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(quadrant, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(s, c2, even), sign);
}
