// uses window.wgsl, weights.wgsl, activation.wgsl
// Convolution of each channel with its own kernel, four channels an invocation; channels a multiple of 4.
override LANES: u32 = 64;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let index = (group.y * groups.x + group.x) * LANES + lane;
  carry(index, groups, LANES);
  let width = CHANNELS / 4u;
  let column = index % width;
  let origin = originOf(index / width);
  let matrix = matrixStart();
  var sum = vec4f();
  for (var tap = 0u; tap < TAPS; tap++) {
    sum = fma(windowAt(origin, tap * width + column), weightsAt(matrix, tap * width + column), sum);
  }
  finish(index / width, column, sum);
}
