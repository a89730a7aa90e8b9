/** Kernels of the GPU, and what builds them. */
import { inFile } from './mutation.ts';

const table = 'test/backends/webgpu.test.ts';
const program = 'test/backends/webgpu-program.test.ts';

export const webgpu = [
  ...inFile('shaders/gru.wgsl', [
    ['(1.0 - z) * n + z * state', '(1.0 - z) * state + z * n', table, '^gru: hidden 8'],
    ['if (p.hasFirst != 0u)', 'if (false)', table, '^gru: (a first|hidden 8)'],
    ['part < PARTS', 'part < 1u', table, '^gru: hidden 64'],
  ]),
  ...inFile('shaders/lstm.wgsl', [
    ['arena[p.lastCell + sequence * p.lastCellStride + unit] = cell;', '', table, '^lstm: hidden 8'],
    ['sigmoid(gates.y) * safeTanh(cell)', 'sigmoid(gates.y) * cell', table, '^lstm: hidden 8'],
  ]),
  ...inFile('shaders/window.wgsl', [
    ['(at.x < 0 && p.streaming == 0u)', 'at.x < 0', table, '^conv: (kernel 3|dilation)'],
    ['i32(p.history)) * p.bins', '0) * p.bins', table, '^conv: (kernel 3|dilation)'],
    ['at.y >= i32(p.bins)', 'false', table, '^conv: 2-D'],
    ['if (RESIDUAL == 1u) {\n    value', 'if (false) {\n    value', table, '^conv: residual.*fours'],
  ]),
  ...inFile('shaders/pool.wgsl', [
    ['var largest = -3.4028234663852886e38', 'var largest = 0.0', table, '^pool: max'],
    ['select(count, TAPS, COUNT_PADDING != 0u)', 'count', table, '^pool: average'],
    ['carryScalars(index, groups, LANES);', '', table, '^pool: average'],
  ]),
  ...inFile('shaders/reduce.wgsl', [
    ['case MIN: { return 3.4028234663852886e38; }', 'case MIN: { return 0.0; }', table, '^reduce: min'],
    ['value / f32(p.length)', 'value', table, '^reduce: (mean|sum) over many'],
  ]),
  ...inFile('shaders/join.wgsl', [
    ['case MIN: { return min(a, b); }', 'case MIN: { return max(a, b); }', table, '^reduce: min'],
  ]),
  ...inFile('shaders/softmax.wgsl', [['shifted - log(total)', 'shifted - total', table, '^softmax: logarithm']]),
  ...inFile('shaders/normalise.wgsl', [['variance + EPSILON', 'variance', table, '^normalise: layer']]),
  ...inFile('shaders/matmul.wgsl', [['matrix / axis.x % axis.y', 'matrix % axis.y', table, '^matmul: both sides']]),
  ...inFile('shaders/conv-transpose.wgsl', [
    ['row % i32(p.strideTime) == 0 &&', '', table, '^convTranspose'],
    ['activate(sum)', 'sum', table, '^convTranspose: then'],
  ]),
  ...inFile('shaders/direct.wgsl', [
    ['sum = activate(sum);', '', table, '^conv: then'],
    ['column / GROUP_OUT * GROUP_IN', '0u', table, '^conv: three groups'],
  ]),
  ...inFile('shaders/depthwise.wgsl', [['carry(index, groups, LANES);', '', table, '^conv: depthwise, causal']]),
  ...inFile('shaders/copy.wgsl', [['bitcast<f32>(p.fill)', '0.0', table, '^pad: constant']]),
  ...inFile('shaders/logmel.wgsl', [
    ['carry(index * LANES + lane, groups.x * groups.y * LANES);', '', table, '^logmel: two'],
    ['log(1.0 + sum)', 'log(sum)', table, '^logmel: next'],
  ]),
  ...inFile('shaders/binary.wgsl', [
    ['select(a, a * b, a < 0.0)', 'a * b', table, '^binary: prelu'],
    ['index % ((p.period + 3u) / 4u)', 'index', table, '^binary: subtract, a constant'],
    ['activate(combine(', '(combine(', table, '^binary: add, repeated'],
  ]),
  ...inFile('shaders/activation.wgsl', [
    ['min(BETA, max(ALPHA, x))', 'max(ALPHA, x)', table, '^unary: clip'],
    ['return abs(x);', 'return x;', table, '^unary: abs'],
    ['return exp(x);', 'return exp2(x);', table, '^unary: exp'],
    ['return -x;', 'return x;', table, '^unary: negate'],
  ]),
  ...inFile('shaders/tiles.wgsl', [
    ['windows[(local.y * 4u + 3u) * DEPTH + k]', 'windows[(local.y * 4u + 2u) * DEPTH + k]', program],
  ]),
  ...inFile('shaders/head.wgsl', [
    ['shifted - log(total)', 'shifted', program],
    ['select(vec4f(value.x), value, real)', 'value', program],
  ]),
  ...inFile('src/backends/webgpu/merge.ts', [
    ['levels.get(a)! - levels.get(b)!', 'levels.get(b)! - levels.get(a)!', program],
  ]),
];
