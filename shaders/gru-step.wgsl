// What the kernels of a GRU share: where things lie, and the formula of one step. The inputs' share of the gates, x W +
// b, is already there: `projected` [batch, time, 3 HIDDEN], columns z, r, n. Weights: R [HIDDEN, 3 HIDDEN] as in
// weights.wgsl, and bR. HIDDEN x PARTS invocations; each goes through SPAN rows of R for its unit. As in window.wgsl, one
// dispatch may do several jobs, each `depth` of the grid's z.
struct Params {
  @align(16) projected: u32, y: u32, weights: u32, bias: u32,
  time: u32, reverse: u32, batch: u32,
  // Where a sequence's first state lies, how far apart, and whether there is one; where its last state goes.
  first: u32, firstStride: u32, hasFirst: u32,
  last: u32, lastStride: u32, hasLast: u32,
  depth: u32,
}

override HIDDEN: u32 = 1;
override PARTS: u32 = 1;
override SPAN: u32 = 1;
// Rows of R that an invocation may keep in registers.
const KEPT = 16u;

// The first of this step's jobs among those of all steps.
override FIRST: u32 = 0;

@group(0) @binding(0) var<uniform> jobs: array<Params, 256>;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

// A copy of the workgroup's job; conditions around barriers read `jobs`, which the compiler knows to be uniform.
var<private> p: Params;

// Which of `jobs` is the workgroup's.
fn jobOf(group: vec3u) -> u32 {
  return FIRST + group.z / jobs[FIRST].depth;
}

fn firstState(sequence: u32, unit: u32) -> f32 {
  if (p.hasFirst != 0u) {
    return arena[p.first + sequence * p.firstStride + unit];
  }
  return 0.0;
}

fn keepLast(sequence: u32, unit: u32, state: f32) {
  if (p.hasLast != 0u) {
    arena[p.last + sequence * p.lastStride + unit] = state;
  }
}

// Row of y and of the projections that a step works on.
fn rowOf(sequence: u32, step: u32) -> u32 {
  return sequence * p.time + select(step, p.time - 1u - step, p.reverse != 0u);
}

fn projectedAt(row: u32, unit: u32) -> vec3f {
  let at = p.projected + row * 3u * HIDDEN + unit;
  return vec3f(arena[at], arena[at + HIDDEN], arena[at + 2u * HIDDEN]);
}

fn recurrentAt(k: u32, unit: u32) -> vec3f {
  let at = k * 3u * HIDDEN + unit;
  return vec3f(weightAt(p.weights, at), weightAt(p.weights, at + HIDDEN), weightAt(p.weights, at + 2u * HIDDEN));
}

fn biasOf(unit: u32) -> vec3f {
  return vec3f(weightScalars[p.bias + unit], weightScalars[p.bias + HIDDEN + unit], weightScalars[p.bias + 2u * HIDDEN + unit]);
}

// The state after a step, from the inputs' share of the gates, the old state's, and the old state of the unit.
fn nextState(input: vec3f, gates: vec3f, state: f32) -> f32 {
  let z = sigmoid(input.x + gates.x);
  let r = sigmoid(input.y + gates.y);
  let n = safeTanh(input.z + r * gates.z);
  return (1.0 - z) * n + z * state;
}
