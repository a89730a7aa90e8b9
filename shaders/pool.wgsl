// uses window.wgsl, weights.wgsl, activation.wgsl
// Average or largest value of a window, one element an invocation; neighbours take neighbouring channels.
const AVERAGE = 0u;
const MAX = 1u;
override KIND: u32 = 0;
override COUNT_PADDING: u32 = 0;
override LANES: u32 = 64;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let index = (group.y * groups.x + group.x) * LANES + lane;
  carryScalars(index, groups, LANES);
  let row = index / CHANNELS;
  if (row >= p.rows) {
    return;
  }
  let origin = originOf(row);
  var sum = 0.0;
  var largest = -3.4028234663852886e38;
  var count = 0u;
  for (var tap = 0u; tap < TAPS; tap++) {
    let at = tapOf(origin, tap);
    if (isPadding(origin, at)) {
      continue;
    }
    let value = scalars[placeOf(u32(origin.x), at) + index % CHANNELS];
    sum += value;
    largest = max(largest, value);
    count++;
  }
  let average = sum / f32(select(count, TAPS, COUNT_PADDING != 0u));
  switch (KIND) {
    case MAX: { scalars[p.y + index] = largest; }
    case AVERAGE, default: { scalars[p.y + index] = average; }
  }
}
