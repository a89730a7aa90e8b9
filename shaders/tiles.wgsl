// uses window.wgsl, weights.wgsl, activation.wgsl
// Matrix product of windows and weights for many rows. A workgroup makes 4 ROWS x 4 COLUMNS results, an invocation
// 4 x 4 of them in registers; both operands pass through workgroup memory 16 deep. Needs channels in and out that are
// multiples of 4. Grid: row tiles over x and y, column tiles over z.
override COLUMNS: u32 = 16;
override ROWS: u32 = 16;
const DEPTH = 4u;

var<workgroup> windows: array<vec4f, ROWS * 4 * DEPTH>;
var<workgroup> factors: array<vec4f, COLUMNS * 4 * DEPTH>;
// The divisions that find a window's place are done once, not at every step along the depth.
var<workgroup> origins: array<vec3i, ROWS * 4>;

@compute @workgroup_size(COLUMNS, ROWS)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let group = begin(workgroup);
  let lane = local.y * COLUMNS + local.x;
  let lanes = COLUMNS * ROWS;
  let tile = group.y * groups.x + group.x;
  let firstColumn = group.z * COLUMNS;
  for (var i = lane; i < ROWS * 4u; i += lanes) {
    origins[i] = originOf(tile * ROWS * 4u + i);
  }
  workgroupBarrier();

  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  let depth = TAPS * CHANNELS / 4u;
  let matrix = matrixStart();
  for (var first = 0u; first < depth; first += DEPTH) {
    for (var i = lane; i < ROWS * 4u * DEPTH; i += lanes) {
      windows[i] = windowAt(origins[i / DEPTH], first + i % DEPTH);
    }
    for (var i = lane; i < COLUMNS * 4u * DEPTH; i += lanes) {
      let row = first * 4u + i / COLUMNS;
      let column = firstColumn + i % COLUMNS;
      var factor = vec4f();
      if (row < depth * 4u && column < OUT_CHANNELS / 4u) {
        factor = weightsAt(matrix, row * (OUT_CHANNELS / 4u) + column);
      }
      factors[i] = factor;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let b0 = factors[(k * 4u + 0u) * COLUMNS + local.x];
      let b1 = factors[(k * 4u + 1u) * COLUMNS + local.x];
      let b2 = factors[(k * 4u + 2u) * COLUMNS + local.x];
      let b3 = factors[(k * 4u + 3u) * COLUMNS + local.x];
      let a0 = windows[(local.y * 4u + 0u) * DEPTH + k];
      let a1 = windows[(local.y * 4u + 1u) * DEPTH + k];
      let a2 = windows[(local.y * 4u + 2u) * DEPTH + k];
      let a3 = windows[(local.y * 4u + 3u) * DEPTH + k];
      sum0 = fma(a0.wwww, b3, fma(a0.zzzz, b2, fma(a0.yyyy, b1, fma(a0.xxxx, b0, sum0))));
      sum1 = fma(a1.wwww, b3, fma(a1.zzzz, b2, fma(a1.yyyy, b1, fma(a1.xxxx, b0, sum1))));
      sum2 = fma(a2.wwww, b3, fma(a2.zzzz, b2, fma(a2.yyyy, b1, fma(a2.xxxx, b0, sum2))));
      sum3 = fma(a3.wwww, b3, fma(a3.zzzz, b2, fma(a3.yyyy, b1, fma(a3.xxxx, b0, sum3))));
    }
    workgroupBarrier();
  }

  let row = tile * ROWS * 4u + local.y * 4u;
  finish(row + 0u, firstColumn + local.x, sum0);
  finish(row + 1u, firstColumn + local.x, sum1);
  finish(row + 2u, firstColumn + local.x, sum2);
  finish(row + 3u, firstColumn + local.x, sum3);
  carry(indexOf(group, groups) * lanes + lane, groups, lanes);
}
