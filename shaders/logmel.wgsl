// Log-mel energies of one frame a workgroup: window, FFT in workgroup memory, mel triangles, ln(1 + power). The formula
// is src/features/definition.ts. The real transform of FRAME samples is a complex one of half the length (even samples
// real, odd ones imaginary), done by Stockham's passes of radix 4 and, where the length asks for it, a last one of 2.
//
// Tables: window [FRAME], exp(-2 pi i m / FRAME) [FRAME, 2], start, length and place of each band's weights [BANDS, 3],
// weights. PCM is int16, two samples a word, or float32.
struct Params {
  pcm: u32, y: u32, tables: u32,
  batch: u32, samples: u32, frames: u32,
  stateIn: u32, stateOut: u32, stateLength: u32, streaming: u32,
}

override FRAME: u32 = 512;
override HOP: u32 = 256;
override BANDS: u32 = 64;
override INT16: u32 = 1;
override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tables: array<f32>;
// As words, because an int16 pair seen as a float may not survive the load.
@group(0) @binding(2) var<storage, read_write> arena: array<u32>;

// Two halves, read and written in turn.
var<workgroup> points: array<vec2f, FRAME>;
var<workgroup> power: array<f32, FRAME / 2>;

fn sampleAt(item: u32, position: i32) -> f32 {
  if (position < 0) {
    if (p.streaming == 0u) {
      return 0.0;
    }
    return bitcast<f32>(arena[p.stateIn + item * p.stateLength + u32(position + i32(FRAME - HOP))]);
  }
  let at = item * p.samples + u32(position);
  if (INT16 == 0u) {
    return bitcast<f32>(arena[p.pcm + at]);
  }
  return f32(extractBits(bitcast<i32>(arena[p.pcm + at / 2u]), (at % 2u) * 16u, 16u));
}

fn multiply(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

fn turnOf(m: u32) -> vec2f {
  return vec2f(tables[p.tables + FRAME + 2u * m], tables[p.tables + FRAME + 2u * m + 1u]);
}

// One pass of radix 4: blocks of length `span`, a power of two, become blocks of 4 span. `step` is FRAME / (4 span).
fn pass4(lane: u32, span: u32, step: u32, read: u32, write: u32) {
  let quarter = FRAME / 8u;
  for (var j = lane; j < quarter; j += LANES) {
    let k = j & (span - 1u);
    let unit = k * step;
    let a = points[read + j];
    let b = multiply(points[read + j + quarter], turnOf(unit));
    let c = multiply(points[read + j + 2u * quarter], turnOf(2u * unit));
    let d = multiply(points[read + j + 3u * quarter], turnOf(3u * unit));
    let evenSum = a + c;
    let evenDifference = a - c;
    let oddSum = b + d;
    // -i (b - d)
    let oddDifference = vec2f(b.y - d.y, d.x - b.x);
    let at = write + (j - k) * 4u + k;
    points[at] = evenSum + oddSum;
    points[at + span] = evenDifference + oddDifference;
    points[at + 2u * span] = evenSum - oddSum;
    points[at + 3u * span] = evenDifference - oddDifference;
  }
}

// The last pass of radix 2: two blocks of `span` become one.
fn pass2(lane: u32, span: u32, read: u32, write: u32) {
  let step = FRAME / (2u * span);
  for (var k = lane; k < span; k += LANES) {
    let a = points[read + k];
    let b = multiply(points[read + k + span], turnOf(k * step));
    points[write + k] = a + b;
    points[write + k + span] = a - b;
  }
}

fn carry(index: u32, count: u32) {
  if (p.streaming == 0u) {
    return;
  }
  let kept = FRAME - HOP;
  for (var i = index; i < p.batch * kept; i += count) {
    let position = i32(p.samples + i % kept) - i32(kept);
    arena[p.stateOut + (i / kept) * p.stateLength + i % kept] = bitcast<u32>(sampleAt(i / kept, position));
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let half = FRAME / 2u;
  let index = group.y * groups.x + group.x;
  carry(index * LANES + lane, groups.x * groups.y * LANES);
  if (index >= p.batch * p.frames) {
    return;
  }
  let item = index / p.frames;
  let start = i32((index % p.frames + 1u) * HOP) - i32(FRAME);
  for (var i = lane; i < half; i += LANES) {
    let window = vec2f(tables[p.tables + 2u * i], tables[p.tables + 2u * i + 1u]);
    points[i] = window * vec2f(sampleAt(item, start + i32(2u * i)), sampleAt(item, start + i32(2u * i) + 1));
  }
  workgroupBarrier();

  var read = 0u;
  var span = 1u;
  var step = FRAME / 4u;
  for (; span * 4u <= half; span *= 4u) {
    pass4(lane, span, step, read, half - read);
    step /= 4u;
    read = half - read;
    workgroupBarrier();
  }
  if (span < half) {
    pass2(lane, span, read, half - read);
    read = half - read;
    workgroupBarrier();
  }

  for (var k = lane; k < half; k += LANES) {
    let z = points[read + k];
    let mirror = points[read + (half - k) % half];
    let even = 0.5 * vec2f(z.x + mirror.x, z.y - mirror.y);
    let odd = 0.5 * vec2f(z.y + mirror.y, mirror.x - z.x);
    let value = even + multiply(odd, turnOf(k));
    power[k] = dot(value, value);
  }
  workgroupBarrier();

  let bands = p.tables + 3u * FRAME;
  for (var band = lane; band < BANDS; band += LANES) {
    let first = u32(tables[bands + 3u * band]);
    let count = u32(tables[bands + 3u * band + 1u]);
    let place = bands + 3u * BANDS + u32(tables[bands + 3u * band + 2u]);
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
      sum = fma(tables[place + i], power[first + i], sum);
    }
    arena[p.y + index * BANDS + band] = bitcast<u32>(log(1.0 + sum));
  }
}
