// (x - mean) / sqrt(variance + epsilon) * scale + bias; one workgroup takes the elements that share a mean. Their sums
// are joined in a fixed order. Weights: scale [CHANNELS], bias [CHANNELS].
struct Params {
  // Axes along which each position has a mean of its own, and axes that it is taken over: extent and stride in x.
  kept: array<vec4u, 6>,
  gone: array<vec4u, 6>,
  x: u32, y: u32, weights: u32, groups: u32, length: u32, keptRank: u32, goneRank: u32,
}

override CHANNELS: u32 = 1;
override EPSILON: f32 = 1e-5;
override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

var<workgroup> partial: array<f32, LANES>;

fn keptOffset(index: u32) -> u32 {
  var rest = index;
  var offset = 0u;
  for (var i = p.keptRank; i > 0u; i--) {
    let axis = p.kept[i - 1u];
    offset += rest % axis.x * axis.y;
    rest /= axis.x;
  }
  return offset;
}

fn goneOffset(index: u32) -> u32 {
  var rest = index;
  var offset = 0u;
  for (var i = p.goneRank; i > 0u; i--) {
    let axis = p.gone[i - 1u];
    offset += rest % axis.x * axis.y;
    rest /= axis.x;
  }
  return offset;
}

fn total(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] += partial[lane + half];
    }
    workgroupBarrier();
  }
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.y * groups.x + group.x;
  if (index >= p.groups) {
    return;
  }
  let base = keptOffset(index);
  var sum = 0.0;
  for (var i = lane; i < p.length; i += LANES) {
    sum += arena[p.x + base + goneOffset(i)];
  }
  let mean = total(lane, sum) / f32(p.length);
  var squares = 0.0;
  for (var i = lane; i < p.length; i += LANES) {
    let distance = arena[p.x + base + goneOffset(i)] - mean;
    squares = fma(distance, distance, squares);
  }
  let variance = total(lane, squares) / f32(p.length);
  let factor = 1.0 / sqrt(variance + EPSILON);
  for (var i = lane; i < p.length; i += LANES) {
    let at = base + goneOffset(i);
    let channel = at % CHANNELS;
    arena[p.y + at] = (arena[p.x + at] - mean) * factor * weights[p.weights + channel] + weights[p.weights + CHANNELS + channel];
  }
}
