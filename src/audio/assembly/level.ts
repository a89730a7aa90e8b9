/** Levels: the module's one function. Sums of whole numbers, so the result does not depend on their order. */

/** Where the caller puts the samples, and the module the sums behind them. */
const samples: usize = 0;
const stepBytes: usize = 2048;

/**
 * Sums the squares of each step of 1024 int16 samples at address 0; the sums, float64 and exact, lie from `sums` on.
 * A pair of squares may reach 2^31, hence it is seen as unsigned.
 */
export function sumSquares(steps: i32, sums: usize): void {
  let at = samples;
  for (let i = 0; i < steps; i++) {
    const end = at + stepBytes;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (; at < end; at += 16) {
      const eight = v128.load(at);
      const pairs = i32x4.dot_i16x8_s(eight, eight);
      low = i64x2.add(low, i64x2.extend_low_i32x4_u(pairs));
      high = i64x2.add(high, i64x2.extend_high_i32x4_u(pairs));
    }
    const both = i64x2.add(low, high);
    store<f64>(sums + 8 * i, <f64>(i64x2.extract_lane(both, 0) + i64x2.extract_lane(both, 1)));
  }
}
