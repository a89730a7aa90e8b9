// y = a b over the last two axes of two computed tensors, the axes in front broadcast. A workgroup makes a square of
// SIDE x SIDE results, both operands passing through workgroup memory.
struct Params {
  // One axis in front of the matrices each: its stride in the count of matrices, its extent, its strides in a and b.
  axes: array<vec4u, 6>,
  a: u32, b: u32, y: u32, rank: u32,
  rows: u32, inner: u32, columns: u32, tiles: u32,
}

const SIDE = 16u;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

var<workgroup> left: array<f32, 256>;
var<workgroup> right: array<f32, 256>;

@compute @workgroup_size(SIDE, SIDE)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) {
    return;
  }
  let across = (p.columns + SIDE - 1u) / SIDE;
  let down = (p.rows + SIDE - 1u) / SIDE;
  let matrix = tile / (across * down);
  let row = tile / across % down * SIDE + local.y;
  let column = tile % across * SIDE + local.x;
  var a = p.a;
  var b = p.b;
  for (var i = 0u; i < p.rank; i++) {
    let axis = p.axes[i];
    let position = matrix / axis.x % axis.y;
    a += position * axis.z;
    b += position * axis.w;
  }
  let at = local.y * SIDE + local.x;
  var sum = 0.0;
  for (var first = 0u; first < p.inner; first += SIDE) {
    let inA = row < p.rows && first + local.x < p.inner;
    let inB = column < p.columns && first + local.y < p.inner;
    left[at] = 0.0;
    right[at] = 0.0;
    if (inA) {
      left[at] = arena[a + row * p.inner + first + local.x];
    }
    if (inB) {
      right[at] = arena[b + (first + local.y) * p.columns + column];
    }
    workgroupBarrier();
    for (var k = 0u; k < SIDE; k++) {
      sum = fma(left[local.y * SIDE + k], right[k * SIDE + local.x], sum);
    }
    workgroupBarrier();
  }
  if (row < p.rows && column < p.columns) {
    arena[p.y + (matrix * p.rows + row) * p.columns + column] = sum;
  }
}
