// Joins one value of each invocation of a workgroup, in a fixed order: the same input gives the same bits.
override LANES: u32 = 64;

const SUM = 1u;
const MAX = 2u;
const MIN = 3u;

var<workgroup> partial: array<f32, LANES>;

fn join(kind: u32, a: f32, b: f32) -> f32 {
  switch (kind) {
    case MAX: { return max(a, b); }
    case MIN: { return min(a, b); }
    case SUM, default: { return a + b; }
  }
}

// All invocations get the result, and may call it again.
fn joined(kind: u32, lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] = join(kind, partial[lane], partial[lane + half]);
    }
    workgroupBarrier();
  }
  let all = partial[0];
  workgroupBarrier();
  return all;
}
