// uses activation.wgsl
// y = activation(a kind b). `fours` takes an a of y's shape and a b that repeats after `period` elements, a multiple of
// four if it does, four elements an invocation; `spread` repeats operands along any axes, one element an invocation.
struct Params {
  // One axis of y each: its stride, its extent, and the strides of a and b along it (0 where they are repeated).
  axes: array<vec4u, 6>,
  a: u32, b: u32, y: u32, count: u32, rank: u32, period: u32,
}

// The functions of src/ops/binary.ts, by the same names.
const ADD = 0u;
const SUBTRACT = 1u;
const MULTIPLY = 2u;
const DIVIDE = 3u;
const POWER = 4u;
const MAXIMUM = 5u;
const MINIMUM = 6u;
const PRELU = 7u;
const GREATER = 8u;
const GREATER_OR_EQUAL = 9u;
const EQUAL = 10u;
const MASK = 11u;
override KIND: u32 = 0;
override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;

// No number; a constant would be refused.
var<private> noNumber: u32 = 0x7fc00000u;

// WGSL's pow knows no negative base.
fn power(a: f32, b: f32) -> f32 {
  if (b == 2.0) {
    return a * a;
  }
  if (b == 0.0) {
    return 1.0;
  }
  let size = pow(abs(a), b);
  let odd = abs(b % 2.0) == 1.0;
  if (a < 0.0 && b != floor(b)) {
    return bitcast<f32>(noNumber);
  }
  return select(size, -size, a < 0.0 && odd);
}

fn combine(a: f32, b: f32) -> f32 {
  switch (KIND) {
    case ADD: { return a + b; }
    case SUBTRACT: { return a - b; }
    case MULTIPLY: { return a * b; }
    case DIVIDE: { return a / b; }
    case POWER: { return power(a, b); }
    case MAXIMUM: { return max(a, b); }
    case MINIMUM: { return min(a, b); }
    case GREATER: { return select(0.0, 1.0, a > b); }
    case GREATER_OR_EQUAL: { return select(0.0, 1.0, a >= b); }
    case EQUAL: { return select(0.0, 1.0, a == b); }
    case MASK: { return select(b, 0.0, a == 0.0); }
    case PRELU, default: { return select(a, a * b, a < 0.0); }
  }
}

@compute @workgroup_size(LANES)
fn fours(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index * 4u < p.count) {
    let a = arena[p.a / 4u + index];
    let b = arena[p.b / 4u + index % ((p.period + 3u) / 4u)];
    arena[p.y / 4u + index] = activate4(vec4f(combine(a.x, b.x), combine(a.y, b.y), combine(a.z, b.z), combine(a.w, b.w)));
  }
}

@compute @workgroup_size(LANES)
fn spread(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index >= p.count) {
    return;
  }
  var a = p.a;
  var b = p.b;
  for (var i = 0u; i < p.rank; i++) {
    let axis = p.axes[i];
    let position = index / axis.x % axis.y;
    a += position * axis.z;
    b += position * axis.w;
  }
  scalars[p.y + index] = activate(combine(scalars[a], scalars[b]));
}
