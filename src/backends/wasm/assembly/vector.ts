/**
 * Helpers for vectors of four float32. Buffers are readable 64 bytes past their end, so loads may reach over; stores
 * never do.
 */

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** Stores the first `count` lanes; 4 or more: all of them. */
// @ts-ignore: decorator
@inline
export function storeLanes(to: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(to, v);
  else storeTail(to, v, count);
}

function storeTail(to: usize, v: v128, count: i32): void {
  if (count > 0) v128.store_lane<f32>(to, v, 0);
  if (count > 1) v128.store_lane<f32>(to, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, v, 2, 8);
}

/** Keeps NaN, unlike the other order of operands. */
// @ts-ignore: decorator
@inline
export function clamp(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

/** a b + c, rounded once where the processor has such an instruction, else twice. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

export function copyFloats(to: usize, from: usize, count: i32): void {
  memory.copy(to, from, (<usize>count) << 2);
}

export function fillFloats(to: usize, value: f32, count: i32): void {
  const v = splat(value);
  let i = 0;
  for (; i + 4 <= count; i += 4, to += 16) v128.store(to, v);
  storeLanes(to, v, count - i);
}
