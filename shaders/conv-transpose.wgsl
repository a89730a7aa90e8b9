// uses weights.wgsl, activation.wgsl
// Transposed convolution, one element an invocation: each gathers the inputs that reach it. Weights: the bias
// [OUT_CHANNELS padded to 4], then [TAPS, channels in, channels out of a group] as in weights.wgsl.
struct Params {
  x: u32, y: u32, weights: u32, count: u32,
  time: u32, bins: u32, outTime: u32, outBins: u32,
  strideTime: u32, strideBins: u32, dilationTime: u32, dilationBins: u32, padTime: u32, padBins: u32,
}

override CHANNELS: u32 = 1;
override OUT_CHANNELS: u32 = 1;
override GROUP_IN: u32 = 1;
override GROUP_OUT: u32 = 1;
override TAPS: u32 = 1;
override KERNEL_BINS: u32 = 1;
override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index >= p.count) {
    return;
  }
  let o = index % OUT_CHANNELS;
  let bin = i32(index / OUT_CHANNELS % p.outBins + p.padBins);
  let time = i32(index / OUT_CHANNELS / p.outBins % p.outTime + p.padTime);
  let item = index / OUT_CHANNELS / p.outBins / p.outTime;
  let firstChannel = o / GROUP_OUT * GROUP_IN;
  let matrix = p.weights + (OUT_CHANNELS + 3u) / 4u * 4u;
  var sum = weightScalars[p.weights + o];
  for (var tap = 0u; tap < TAPS; tap++) {
    let row = time - i32(tap / KERNEL_BINS * p.dilationTime);
    let column = bin - i32(tap % KERNEL_BINS * p.dilationBins);
    let reached = row >= 0 && column >= 0 && row % i32(p.strideTime) == 0 && column % i32(p.strideBins) == 0;
    let sourceRow = u32(max(row, 0)) / p.strideTime;
    let sourceColumn = u32(max(column, 0)) / p.strideBins;
    if (!reached || sourceRow >= p.time || sourceColumn >= p.bins) {
      continue;
    }
    let start = p.x + ((item * p.time + sourceRow) * p.bins + sourceColumn) * CHANNELS + firstChannel;
    let factor = (tap * CHANNELS + firstChannel) * GROUP_OUT + o % GROUP_OUT;
    for (var c = 0u; c < GROUP_IN; c++) {
      sum = fma(arena[start + c], weightAt(matrix, factor + c * GROUP_OUT), sum);
    }
  }
  arena[p.y + index] = activate(sum);
}
