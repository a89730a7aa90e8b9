// uses window.wgsl, weights.wgsl, activation.wgsl
// Matrix product of windows and weights for few rows, where tiles would leave most of the GPU idle: the depth is split
// over PARTS invocations whose sums are then added in a fixed order, so the same input gives the same bits. Needs
// channels in and out that are multiples of 4. Grid: rows over x and y, column tiles over z.
override COLUMNS: u32 = 8;
override PARTS: u32 = 16;

var<workgroup> partial: array<vec4f, COLUMNS * PARTS>;

@compute @workgroup_size(COLUMNS, PARTS)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let group = begin(workgroup);
  let row = group.y * groups.x + group.x;
  let column = group.z * COLUMNS + local.x;
  let origin = originOf(row);
  let depth = TAPS * CHANNELS / 4u;
  let width = OUT_CHANNELS / 4u;
  let matrix = matrixStart();
  var sum = vec4f();
  if (column < width) {
    for (var k = local.y; k < depth; k += PARTS) {
      let x = windowAt(origin, k);
      let at = k * 4u * width + column;
      sum = fma(x.xxxx, weightsAt(matrix, at), sum);
      sum = fma(x.yyyy, weightsAt(matrix, at + width), sum);
      sum = fma(x.zzzz, weightsAt(matrix, at + 2u * width), sum);
      sum = fma(x.wwww, weightsAt(matrix, at + 3u * width), sum);
    }
  }
  partial[local.y * COLUMNS + local.x] = sum;
  workgroupBarrier();
  for (var half = PARTS / 2u; half > 0u; half /= 2u) {
    if (local.y < half) {
      partial[local.y * COLUMNS + local.x] += partial[(local.y + half) * COLUMNS + local.x];
    }
    workgroupBarrier();
  }
  if (local.y == 0u) {
    finish(row, column, partial[local.x]);
  }
  let lanes = COLUMNS * PARTS;
  carry(indexOf(group, groups) * lanes + local.y * COLUMNS + local.x, groups, lanes);
}
