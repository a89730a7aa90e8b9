// uses gru-step.wgsl, weights.wgsl, activation.wgsl
// The recurrent part of a GRU: one workgroup walks one sequence, the hidden state stays in workgroup memory, through which
// the parts of a unit's sums are joined.
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
