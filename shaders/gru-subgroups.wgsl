// uses gru-step.wgsl, weights.wgsl, activation.wgsl
// As `resident` in gru.wgsl, but the parts of a unit are neighbours in one subgroup and add up there: one barrier a step
// in place of two, and no sums in workgroup memory. PARTS divides the subgroup's size, and the workgroup is made of whole
// subgroups.
enable subgroups;
requires subgroup_id;

// The hidden state twice: a step reads one and writes the other.
var<workgroup> states: array<f32, 2 * HIDDEN>;

@compute @workgroup_size(HIDDEN * PARTS)
fn main(
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_size) size: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let job = jobOf(group);
  let sequence = group.y * groups.x + group.x;
  if (sequence >= jobs[job].batch) {
    return;
  }
  p = jobs[job];
  // Not the local index: how that lies in subgroups is the driver's affair.
  let lane = subgroup * size + invocation;
  let unit = lane / PARTS;
  let part = lane % PARTS;
  if (part == 0u) {
    states[unit] = firstState(sequence, unit);
  }
  workgroupBarrier();
  let bias = biasOf(unit);
  // Neighbours take rows in turn, so that they read the state side by side.
  var kept: array<vec3f, KEPT>;
  for (var i = 0u; i < SPAN; i++) {
    let k = i * PARTS + part;
    kept[i] = select(vec3f(), recurrentAt(min(k, HIDDEN - 1u), unit), k < HIDDEN);
  }
  for (var step = 0u; step < jobs[job].time; step++) {
    let old = step % 2u * HIDDEN;
    let row = rowOf(sequence, step);
    let input = projectedAt(row, unit);
    var sum = vec3f();
    for (var i = 0u; i < SPAN; i++) {
      sum = fma(vec3f(states[old + min(i * PARTS + part, HIDDEN - 1u)]), kept[i], sum);
    }
    for (var distance = 1u; distance < PARTS; distance *= 2u) {
      sum += subgroupShuffleXor(sum, distance);
    }
    if (part == 0u) {
      let next = nextState(input, bias + sum, states[old + unit]);
      states[HIDDEN - old + unit] = next;
      arena[p.y + row * HIDDEN + unit] = next;
    }
    workgroupBarrier();
  }
  if (part == 0u) {
    keepLast(sequence, unit, states[jobs[job].time % 2u * HIDDEN + unit]);
  }
}
