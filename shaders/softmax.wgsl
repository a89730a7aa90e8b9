// uses join.wgsl
// exp(x) / sum(exp(x)) over rows of `classes`, or its logarithm. `few`: one invocation a row; `many`: one workgroup a row.
struct Params { x: u32, y: u32, rows: u32, classes: u32 }

override LOGARITHM: u32 = 0;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

fn finish(at: u32, largest: f32, total: f32) {
  let shifted = arena[p.x + at] - largest;
  if (LOGARITHM != 0u) {
    arena[p.y + at] = shifted - log(total);
  } else {
    arena[p.y + at] = exp(shifted) / total;
  }
}

@compute @workgroup_size(LANES)
fn few(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = (group.y * groups.x + group.x) * LANES + lane;
  if (row >= p.rows) {
    return;
  }
  let first = row * p.classes;
  var largest = arena[p.x + first];
  for (var i = 1u; i < p.classes; i++) {
    largest = max(largest, arena[p.x + first + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < p.classes; i++) {
    total += exp(arena[p.x + first + i] - largest);
  }
  for (var i = 0u; i < p.classes; i++) {
    finish(first + i, largest, total);
  }
}

@compute @workgroup_size(LANES)
fn many(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = group.y * groups.x + group.x;
  if (row >= p.rows) {
    return;
  }
  let first = row * p.classes;
  var largest = arena[p.x + first];
  for (var i = lane; i < p.classes; i += LANES) {
    largest = max(largest, arena[p.x + first + i]);
  }
  largest = joined(MAX, lane, largest);
  var total = 0.0;
  for (var i = lane; i < p.classes; i += LANES) {
    total += exp(arena[p.x + first + i] - largest);
  }
  total = joined(SUM, lane, total);
  for (var i = lane; i < p.classes; i += LANES) {
    finish(first + i, largest, total);
  }
}
