// uses weights.wgsl, activation.wgsl
// The recurrent part of an LSTM: one workgroup walks one sequence, hidden and cell state stay on chip. The inputs' share
// of the gates, x W + b, is already there: `projected` [batch, time, 4 HIDDEN], columns i, o, f, g. HIDDEN x PARTS
// invocations; each goes through SPAN rows of R [HIDDEN, 4 HIDDEN] for its unit at every step.
struct Params {
  projected: u32, y: u32, weights: u32,
  time: u32, reverse: u32, batch: u32,
  // Where a sequence's first hidden and cell state lie, how far apart, and whether there are any.
  firstHidden: u32, firstHiddenStride: u32, hasFirstHidden: u32,
  firstCell: u32, firstCellStride: u32, hasFirstCell: u32,
  // Where its last ones go.
  lastHidden: u32, lastHiddenStride: u32, hasLastHidden: u32,
  lastCell: u32, lastCellStride: u32, hasLastCell: u32,
}

override HIDDEN: u32 = 1;
override PARTS: u32 = 1;
override SPAN: u32 = 1;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

var<workgroup> state: array<f32, HIDDEN>;
var<workgroup> partial: array<vec4f, HIDDEN * PARTS>;

fn recurrentAt(k: u32, unit: u32) -> vec4f {
  let at = k * 4u * HIDDEN + unit;
  return vec4f(
    weightAt(p.weights, at),
    weightAt(p.weights, at + HIDDEN),
    weightAt(p.weights, at + 2u * HIDDEN),
    weightAt(p.weights, at + 3u * HIDDEN),
  );
}

fn projectedAt(row: u32, unit: u32) -> vec4f {
  let at = p.projected + row * 4u * HIDDEN + unit;
  return vec4f(arena[at], arena[at + HIDDEN], arena[at + 2u * HIDDEN], arena[at + 3u * HIDDEN]);
}

@compute @workgroup_size(HIDDEN, PARTS)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let sequence = group.y * groups.x + group.x;
  if (sequence >= p.batch) {
    return;
  }
  let unit = local.x;
  var cell = 0.0;
  if (local.y == 0u) {
    var hidden = 0.0;
    if (p.hasFirstHidden != 0u) {
      hidden = arena[p.firstHidden + sequence * p.firstHiddenStride + unit];
    }
    if (p.hasFirstCell != 0u) {
      cell = arena[p.firstCell + sequence * p.firstCellStride + unit];
    }
    state[unit] = hidden;
  }
  workgroupBarrier();
  for (var step = 0u; step < p.time; step++) {
    let row = sequence * p.time + select(step, p.time - 1u - step, p.reverse != 0u);
    let input = projectedAt(row, unit);
    var sum = vec4f();
    for (var k = local.y * SPAN; k < min((local.y + 1u) * SPAN, HIDDEN); k++) {
      sum = fma(vec4f(state[k]), recurrentAt(k, unit), sum);
    }
    partial[local.y * HIDDEN + unit] = sum;
    workgroupBarrier();
    if (local.y == 0u) {
      var gates = input;
      for (var part = 0u; part < PARTS; part++) {
        gates += partial[part * HIDDEN + unit];
      }
      cell = sigmoid(gates.z) * cell + sigmoid(gates.x) * safeTanh(gates.w);
      let next = sigmoid(gates.y) * safeTanh(cell);
      state[unit] = next;
      arena[p.y + row * HIDDEN + unit] = next;
    }
    workgroupBarrier();
  }
  if (local.y == 0u) {
    if (p.hasLastHidden != 0u) {
      arena[p.lastHidden + sequence * p.lastHiddenStride + unit] = state[unit];
    }
    if (p.hasLastCell != 0u) {
      arena[p.lastCell + sequence * p.lastCellStride + unit] = cell;
    }
  }
}
