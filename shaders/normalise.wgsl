// uses axes.wgsl, join.wgsl
// (x - mean) / sqrt(variance + epsilon) * scale + bias; one workgroup takes the elements that share a mean, those along
// the axes that go. Weights: scale [CHANNELS], bias [CHANNELS].
override CHANNELS: u32 = 1;
override EPSILON: f32 = 1e-5;

@group(0) @binding(1) var<storage, read> weights: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.y * groups.x + group.x;
  if (index >= p.results) {
    return;
  }
  let base = keptOffset(index);
  var sum = 0.0;
  for (var i = lane; i < p.length; i += LANES) {
    sum += arena[p.x + base + goneOffset(i)];
  }
  let mean = joined(SUM, lane, sum) / f32(p.length);
  var squares = 0.0;
  for (var i = lane; i < p.length; i += LANES) {
    let distance = arena[p.x + base + goneOffset(i)] - mean;
    squares = fma(distance, distance, squares);
  }
  let variance = joined(SUM, lane, squares) / f32(p.length);
  let factor = 1.0 / sqrt(variance + EPSILON);
  for (var i = lane; i < p.length; i += LANES) {
    let at = base + goneOffset(i);
    let channel = at % CHANNELS;
    arena[p.y + at] = (arena[p.x + at] - mean) * factor * weights[p.weights + channel] + weights[p.weights + CHANNELS + channel];
  }
}
