/** ONNX nodes into ours: each handler against onnxruntime, and what is refused. */
import { inFile } from './mutation.ts';

const ops = 'test/onnx/ops.test.ts';
const refusal = 'test/onnx/refusal.test.ts';

export const onnx = [
  ...inFile('src/onnx/ops/recurrent.ts', [
    ["if (node.int('layout', 0) !== 1) return [y, ...states];", 'if (true) return [y, ...states];', ops],
    ["if (node.has('clip')) node.fail", "if (node.floats('clip')?.length) node.fail", refusal],
    ['turned[column * rows + row]', 'turned[row * columns + column]', ops],
    ['value + ofR[unit]', 'value', ops],
    ["direction === 'forward' ? [-1, 0x7fffffff] : [0, 1]", '[-1, 0x7fffffff]', ops],
    ['const from = direction * rows * columns;', 'const from = 0;', ops],
    ["node.int('linear_before_reset', 0) !== 1", "node.int('linear_before_reset', 0) > 1", refusal],
  ]),
  ...inFile('src/onnx/ops/window.ts', [
    ["auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less]", '[less, total - less]', ops],
    ["if (auto === 'VALID') return [0, 0];", '', [ops, refusal]],
    ['turned ? [3, 2] : [2, 3]', '[2, 3]', ops],
  ]),
  ...inFile('src/onnx/ops/pool.ts', [
    ["node.only('storage_order', 0)", "node.int('storage_order', 0)", refusal],
    ["node.int('count_include_pad', 0)", "node.int('count_include_pad', 0) * 0", ops],
    ["node.int('ceil_mode', 0) === 1", "node.int('ceil_mode', 0) > 1", refusal],
  ]),
  ...inFile('src/onnx/ops/reduce.ts', [
    ["node.int('keepdims', 1) === 1, to)", "node.int('keepdims', 1) > 1, to)", ops],
    ["ReduceL2: reduce('sum', 18, squared, 'sqrt')", "ReduceL2: reduce('sum', 18, squared)", ops],
    ['nothing ? [] :', 'nothing ? [0] :', ops],
  ]),
  ...inFile('src/onnx/ops/normalization.ts', [
    ["node.only('stash_type', 1);\n    const epsilon", "node.int('stash_type', 1);\n    const epsilon", refusal],
    ["node.only('training_mode', 0)", "node.int('training_mode', 0)", refusal],
    ['value - mean[c] * factor[c]', 'value', ops],
    ['Math.sqrt(variance[c] + epsilon)', 'Math.sqrt(variance[c])', ops],
    ['values[Math.floor((c * groups) / channels)]', 'values[c % groups]', ops],
  ]),
  ...inFile('src/onnx/ops/matmul.ts', [
    ['if (node.int(flag, 0) === 0) return value;', 'return value;', ops],
    ['scale * tensor.data', 'tensor.data', ops],
  ]),
  ...inFile('src/onnx/node.ts', [
    ['if (attribute !== undefined) this.fail(`attribute', 'if (false) this.fail(`attribute', refusal],
    ['if (input !== undefined) this.fail(`input', 'if (false) this.fail(`input', refusal],
    ['if (value !== allowed)\n', 'if (false)\n', refusal],
  ]),
];
