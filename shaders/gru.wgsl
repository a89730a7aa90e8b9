// uses weights.wgsl, activation.wgsl
// The recurrent part of a GRU: one workgroup walks one sequence, the hidden state stays in workgroup memory, through which
// the parts of a unit's sums are joined. The inputs' share of the gates, x W + b, is already there: `projected` [batch,
// time, 3 HIDDEN], columns z, r, n. Weights: R [HIDDEN, 3 HIDDEN] as in weights.wgsl, and bR. HIDDEN x PARTS invocations;
// each goes through SPAN rows of R for its unit. As in window.wgsl, one dispatch may do several jobs, each `depth` of the
// grid's z.
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

var<workgroup> state: array<f32, HIDDEN>;
var<workgroup> partial: array<vec3f, HIDDEN * PARTS>;

fn begin(sequence: u32, local: vec3u) {
  if (local.y == 0u) {
    state[local.x] = firstState(sequence, local.x);
  }
  workgroupBarrier();
}

// Adds the parts up and lets the first of them turn the gates; all have read the old state before.
fn turn(row: u32, local: vec3u, input: vec3f, bias: vec3f, sum: vec3f) {
  partial[local.y * HIDDEN + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u) {
    var gates = bias;
    for (var part = 0u; part < PARTS; part++) {
      gates += partial[part * HIDDEN + local.x];
    }
    let next = nextState(input, gates, state[local.x]);
    state[local.x] = next;
    arena[p.y + row * HIDDEN + local.x] = next;
  }
  workgroupBarrier();
}

fn end(sequence: u32, local: vec3u) {
  if (local.y == 0u) {
    keepLast(sequence, local.x, state[local.x]);
  }
}

// R is read anew at every step, from the caches.
@compute @workgroup_size(HIDDEN, PARTS)
fn streamed(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let job = jobOf(group);
  let sequence = group.y * groups.x + group.x;
  if (sequence >= jobs[job].batch) {
    return;
  }
  p = jobs[job];
  begin(sequence, local);
  let bias = biasOf(local.x);
  for (var step = 0u; step < jobs[job].time; step++) {
    let row = rowOf(sequence, step);
    let input = projectedAt(row, local.x);
    var sum = vec3f();
    for (var k = local.y * SPAN; k < min((local.y + 1u) * SPAN, HIDDEN); k++) {
      sum = fma(vec3f(state[k]), recurrentAt(k, local.x), sum);
    }
    turn(row, local, input, bias, sum);
  }
  end(sequence, local);
}

// R stays in registers: SPAN is at most KEPT, and all loops over it are unrolled.
@compute @workgroup_size(HIDDEN, PARTS)
fn resident(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let job = jobOf(group);
  let sequence = group.y * groups.x + group.x;
  if (sequence >= jobs[job].batch) {
    return;
  }
  p = jobs[job];
  begin(sequence, local);
  let bias = biasOf(local.x);
  let first = local.y * SPAN;
  var kept: array<vec3f, KEPT>;
  for (var i = 0u; i < SPAN; i++) {
    kept[i] = select(vec3f(), recurrentAt(min(first + i, HIDDEN - 1u), local.x), first + i < HIDDEN);
  }
  for (var step = 0u; step < jobs[job].time; step++) {
    let row = rowOf(sequence, step);
    let input = projectedAt(row, local.x);
    var sum = vec3f();
    for (var i = 0u; i < SPAN; i++) {
      sum = fma(vec3f(state[min(first + i, HIDDEN - 1u)]), kept[i], sum);
    }
    turn(row, local, input, bias, sum);
  }
  end(sequence, local);
}
