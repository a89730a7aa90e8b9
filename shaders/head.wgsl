// uses window.wgsl, weights.wgsl, activation.wgsl
// A dense layer of at most four units and the softmax over them, as a classifier ends. 16 invocations split the
// features of a row; four rows a workgroup.
override SOFTMAX: u32 = 0;  // 1: probabilities, 2: their logarithm
const PARTS = 16u;
const ROWS = 4u;

var<workgroup> partial: array<vec4f, PARTS * ROWS>;

@compute @workgroup_size(PARTS, ROWS)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = begin(workgroup);
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let matrix = matrixStart();
  var sum = vec4f();
  if (row < p.rows) {
    for (var c = local.x; c < CHANNELS; c += PARTS) {
      sum = fma(vec4f(scalars[p.x + row * CHANNELS + c]), weightsAt(matrix, c), sum);
    }
  }
  let at = local.y * PARTS + local.x;
  partial[at] = sum;
  workgroupBarrier();
  for (var half = PARTS / 2u; half > 0u; half /= 2u) {
    if (local.x < half) {
      partial[at] += partial[at + half];
    }
    workgroupBarrier();
  }
  if (local.x != 0u || row >= p.rows) {
    return;
  }
  var value = activate4(partial[at] + weights[p.weights / 4u]);
  if (SOFTMAX != 0u) {
    let real = vec4u(0u, 1u, 2u, 3u) < vec4u(p.outChannels);
    let shown = select(vec4f(value.x), value, real);
    let shifted = shown - max(max(shown.x, shown.y), max(shown.z, shown.w));
    let powers = select(vec4f(), exp(shifted), real);
    let total = powers.x + powers.y + powers.z + powers.w;
    value = select(powers / total, shifted - log(total), SOFTMAX == 2u);
  }
  for (var c = 0u; c < p.outChannels; c++) {
    scalars[p.y + row * p.outChannels + c] = value[c];
  }
}
