// Mean, sum, largest or smallest value over some axes. `few`: one invocation a result; `many`: one workgroup a
// result, whose partial results are joined in a fixed order.
struct Params {
  // Axes that stay and axes that go, the last fastest: extent and stride in x.
  kept: array<vec4u, 6>,
  gone: array<vec4u, 6>,
  x: u32, y: u32, results: u32, length: u32, keptRank: u32, goneRank: u32,
}

override KIND: u32 = 0;  // 0: mean, 1: sum, 2: largest, 3: smallest
override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

var<workgroup> partial: array<f32, LANES>;

fn keptOffset(index: u32) -> u32 {
  var rest = index;
  var offset = p.x;
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

fn join(a: f32, b: f32) -> f32 {
  switch (KIND) {
    case 2u: { return max(a, b); }
    case 3u: { return min(a, b); }
    default: { return a + b; }
  }
}

fn start() -> f32 {
  switch (KIND) {
    case 2u: { return -3.4028234663852886e38; }
    case 3u: { return 3.4028234663852886e38; }
    default: { return 0.0; }
  }
}

fn share(base: u32, first: u32, step: u32) -> f32 {
  var value = start();
  for (var i = first; i < p.length; i += step) {
    value = join(value, arena[base + goneOffset(i)]);
  }
  return value;
}

fn finish(index: u32, value: f32) {
  arena[p.y + index] = select(value, value / f32(p.length), KIND == 0u);
}

@compute @workgroup_size(LANES)
fn few(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index < p.results) {
    finish(index, share(keptOffset(index), 0u, 1u));
  }
}

@compute @workgroup_size(LANES)
fn many(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.y * groups.x + group.x;
  if (index >= p.results) {
    return;
  }
  partial[lane] = share(keptOffset(index), lane, LANES);
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] = join(partial[lane], partial[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    finish(index, partial[0]);
  }
}
