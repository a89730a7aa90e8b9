// uses axes.wgsl, join.wgsl
// Mean, sum, largest or smallest value over some axes. `few`: one invocation a result; `many`: one workgroup a result.
// Behind the kinds of join.wgsl.
const MEAN = 0u;
override KIND: u32 = 0;

fn start() -> f32 {
  switch (KIND) {
    case MAX: { return -3.4028234663852886e38; }
    case MIN: { return 3.4028234663852886e38; }
    default: { return 0.0; }
  }
}

fn share(index: u32, first: u32, step: u32) -> f32 {
  let base = p.x + keptOffset(index);
  var value = start();
  for (var i = first; i < p.length; i += step) {
    value = join(KIND, value, arena[base + goneOffset(i)]);
  }
  return value;
}

fn finish(index: u32, value: f32) {
  arena[p.y + index] = select(value, value / f32(p.length), KIND == MEAN);
}

@compute @workgroup_size(LANES)
fn few(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index < p.results) {
    finish(index, share(index, 0u, 1u));
  }
}

@compute @workgroup_size(LANES)
fn many(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.y * groups.x + group.x;
  if (index >= p.results) {
    return;
  }
  let value = joined(KIND, lane, share(index, lane, LANES));
  if (lane == 0u) {
    finish(index, value);
  }
}
