// uses window.wgsl, weights.wgsl, activation.wgsl
// Convolution straight from its definition, for what the matrix kernels don't take: a channel count that is no
// multiple of 4, or groups. `wide` makes four channels an invocation (channels out a multiple of 4, one group, and a
// row that is a multiple of 4 where a history is carried), `wider` sixteen, so that the search for a tap's place is
// shared by more of them; `scalar` makes one.
override GROUP_IN: u32 = 1;
override GROUP_OUT: u32 = 1;
override LANES: u32 = 64;

@compute @workgroup_size(LANES)
fn wide(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let index = (group.y * groups.x + group.x) * LANES + lane;
  carry(index, groups, LANES);
  let width = OUT_CHANNELS / 4u;
  let row = index / width;
  let column = index % width;
  let origin = originOf(row);
  let matrix = matrixStart();
  var sum = vec4f();
  for (var tap = 0u; tap < TAPS; tap++) {
    let at = tapOf(origin, tap);
    if (isPadding(origin, at)) {
      continue;
    }
    let start = placeOf(u32(origin.x), at);
    let factor = tap * CHANNELS * width + column;
    for (var c = 0u; c < CHANNELS; c++) {
      let x = arena[(start + c) / 4u][(start + c) % 4u];
      sum = fma(vec4f(x), weightsAt(matrix, factor + c * width), sum);
    }
  }
  finish(row, column, sum);
}

@compute @workgroup_size(LANES)
fn wider(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let index = (group.y * groups.x + group.x) * LANES + lane;
  carry(index, groups, LANES);
  let width = OUT_CHANNELS / 4u;
  let row = index / (width / 4u);
  let column = index % (width / 4u) * 4u;
  let origin = originOf(row);
  let matrix = matrixStart();
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var tap = 0u; tap < TAPS; tap++) {
    let at = tapOf(origin, tap);
    if (isPadding(origin, at)) {
      continue;
    }
    let start = placeOf(u32(origin.x), at);
    var factor = tap * CHANNELS * width + column;
    for (var c = 0u; c < CHANNELS; c++) {
      let x = vec4f(arena[(start + c) / 4u][(start + c) % 4u]);
      sum0 = fma(x, weightsAt(matrix, factor), sum0);
      sum1 = fma(x, weightsAt(matrix, factor + 1u), sum1);
      sum2 = fma(x, weightsAt(matrix, factor + 2u), sum2);
      sum3 = fma(x, weightsAt(matrix, factor + 3u), sum3);
      factor += width;
    }
  }
  finish(row, column, sum0);
  finish(row, column + 1u, sum1);
  finish(row, column + 2u, sum2);
  finish(row, column + 3u, sum3);
}

@compute @workgroup_size(LANES)
fn scalar(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let index = (group.y * groups.x + group.x) * LANES + lane;
  carryScalars(index, groups, LANES);
  let row = index / OUT_CHANNELS;
  let column = index % OUT_CHANNELS;
  if (row >= p.rows) {
    return;
  }
  let origin = originOf(row);
  let stride = (OUT_CHANNELS + 3u) / 4u * 4u;
  let firstChannel = column / GROUP_OUT * GROUP_IN;
  let matrix = matrixStart();
  var sum = weightScalars[p.weights + column];
  for (var tap = 0u; tap < TAPS; tap++) {
    let at = tapOf(origin, tap);
    if (isPadding(origin, at)) {
      continue;
    }
    let start = placeOf(u32(origin.x), at) + firstChannel;
    let factor = tap * GROUP_IN * stride + column;
    for (var c = 0u; c < GROUP_IN; c++) {
      sum = fma(scalars[start + c], weightAt(matrix, factor + c * stride), sum);
    }
  }
  if (RESIDUAL == 1u) {
    sum += scalars[p.residual + index];
  }
  sum = activate(sum);
  if (RESIDUAL == 2u) {
    sum += scalars[p.residual + index];
  }
  scalars[p.y + index] = sum;
}
