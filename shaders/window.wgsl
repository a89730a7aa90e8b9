// Where the elements of a convolution's window lie, and what becomes of a sum: shared by the kernels that multiply
// windows with weights. A dense layer is a convolution whose window is one row.
//
// Addresses and lengths of state are in floats. Weights are the bias, channels out padded to 4, and behind it a matrix
// [taps x channels in a group, channels out padded to 4] as in weights.wgsl.
//
// One dispatch may do several jobs of one kind, for two models side by side, say: each takes `depth` of the grid's z.
struct Params {
  @align(16) x: u32, y: u32, residual: u32, weights: u32,
  batch: u32, time: u32, bins: u32, rows: u32,
  outTime: u32, outBins: u32,
  strideTime: u32, strideBins: u32, dilationTime: u32, dilationBins: u32, padTime: u32, padBins: u32,
  // Rows that a stream carries over; `streaming` is 0 where nothing came before and nothing comes after.
  history: u32, stateIn: u32, stateOut: u32, stateLength: u32, streaming: u32,
  outChannels: u32, depth: u32,
}

override CHANNELS: u32 = 4;
override OUT_CHANNELS: u32 = 4;
override TAPS: u32 = 1;
override KERNEL_BINS: u32 = 1;
// 0: none, 1: added before the activation, 2: after it.
override RESIDUAL: u32 = 0;

// The first of this step's jobs among those of all steps.
override FIRST: u32 = 0;

@group(0) @binding(0) var<uniform> jobs: array<Params, 170>;
@group(0) @binding(2) var<storage, read_write> arena: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;

// The parameters of this workgroup's job.
var<private> p: Params;

// Takes up the job; gives the workgroup's place in the job's own grid.
fn begin(group: vec3u) -> vec3u {
  p = jobs[FIRST + group.z / jobs[FIRST].depth];
  return vec3u(group.xy, group.z % p.depth);
}

// Address of the matrix.
fn matrixStart() -> u32 {
  return p.weights + (OUT_CHANNELS + 3u) / 4u * 4u;
}

// Counts the workgroups of a job.
fn indexOf(group: vec3u, groups: vec3u) -> u32 {
  return (group.z * groups.y + group.y) * groups.x + group.x;
}

// Batch item, first row and first bin of the window of one output row; batch -1 beyond the last.
fn originOf(row: u32) -> vec3i {
  let perItem = p.outTime * p.outBins;
  let inItem = row % perItem;
  let origin = vec3u(row / perItem, (inItem / p.outBins) * p.strideTime, (inItem % p.outBins) * p.strideBins);
  return select(vec3i(-1, 0, 0), vec3i(origin) - vec3i(0, i32(p.padTime), i32(p.padBins)), row < p.rows);
}

// Row and bin that one tap of a window falls on.
fn tapOf(origin: vec3i, tap: u32) -> vec2i {
  return origin.yz + vec2i(i32((tap / KERNEL_BINS) * p.dilationTime), i32((tap % KERNEL_BINS) * p.dilationBins));
}

fn isPadding(origin: vec3i, at: vec2i) -> bool {
  return origin.x < 0 || at.y < 0 || at.y >= i32(p.bins) || at.x >= i32(p.time) || (at.x < 0 && p.streaming == 0u);
}

// Address of the first channel at a place that is not padding: in x, or before its first row in the history.
fn placeOf(batch: u32, at: vec2i) -> u32 {
  if (at.x < 0) {
    return p.stateIn + batch * p.stateLength + (u32(at.x + i32(p.history)) * p.bins + u32(at.y)) * CHANNELS;
  }
  return p.x + ((batch * p.time + u32(at.x)) * p.bins + u32(at.y)) * CHANNELS;
}

// Four channels of the window, the k-th four of taps x channels.
fn windowAt(origin: vec3i, k: u32) -> vec4f {
  let at = tapOf(origin, k / (CHANNELS / 4u));
  if (k >= TAPS * (CHANNELS / 4u) || isPadding(origin, at)) {
    return vec4f();
  }
  return arena[placeOf(u32(origin.x), at) / 4u + k % (CHANNELS / 4u)];
}

// The last rows of history ++ x become the history of the next stretch; every invocation takes its share.
fn carry(index: u32, groups: vec3u, lanes: u32) {
  if (p.streaming == 0u) {
    return;
  }
  let count = groups.x * groups.y * p.depth * lanes;
  let row = p.bins * CHANNELS / 4u;
  let perItem = p.history * row;
  for (var i = index; i < p.batch * perItem; i += count) {
    let time = i32((i % perItem) / row + p.time) - i32(p.history);
    arena[(p.stateOut + (i / perItem) * p.stateLength) / 4u + i % perItem] = arena[placeOf(i / perItem, vec2i(time, 0)) / 4u + i % row];
  }
}

fn carryScalars(index: u32, groups: vec3u, lanes: u32) {
  if (p.streaming == 0u) {
    return;
  }
  let count = groups.x * groups.y * p.depth * lanes;
  let row = p.bins * CHANNELS;
  let perItem = p.history * row;
  for (var i = index; i < p.batch * perItem; i += count) {
    let time = i32((i % perItem) / row + p.time) - i32(p.history);
    scalars[p.stateOut + (i / perItem) * p.stateLength + i % perItem] = scalars[placeOf(i / perItem, vec2i(time, 0)) + i % row];
  }
}

// Bias, residual and activation of four channels, and their way to memory.
fn finish(row: u32, column: u32, sum: vec4f) {
  if (row >= p.rows || column >= OUT_CHANNELS / 4u) {
    return;
  }
  let at = row * (OUT_CHANNELS / 4u) + column;
  var value = sum + weights[p.weights / 4u + column];
  if (RESIDUAL == 1u) {
    value += arena[p.residual / 4u + at];
  }
  value = activate4(value);
  if (RESIDUAL == 2u) {
    value += arena[p.residual / 4u + at];
  }
  arena[p.y / 4u + at] = value;
}
