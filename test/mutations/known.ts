/** Faults that the tests once let pass. */
import { inFile } from './mutation.ts';

const decision = 'test/models/decision.test.ts';
const listener = 'test/listening/listener.test.ts';
const programs = 'test/runtime/programs.test.ts';
const batcher = 'test/runtime/batcher.test.ts';
const compose = 'test/graph/compose.test.ts';
const naive = 'test/ops/naive.test.ts';

export const known = [
  ...inFile('src/answers/decision.ts', [
    ['own * probabilities[gate.name]', 'probabilities[gate.name]', decision],
    ['margin < model.unknownCutoff', 'margin <= model.unknownCutoff', decision],
  ]),
  ...inFile('src/listening/listener.ts', [['this.#done += steps.length;', '', listener]]),
  ...inFile('src/runtime/programs.ts', [
    ['await this.#free(mostKept);', '', programs],
    ['if (users > 0) continue;', '', programs],
    ['(await program.catch(() => undefined))?.dispose();', 'await program.catch(() => undefined);', programs],
  ]),
  ...inFile('src/runtime/batcher.ts', [
    [
      'if (!(error instanceof DeviceMemoryError)) this.#fitting.set(shapeOf(jobs[0]), batch / 2);',
      'void DeviceMemoryError;',
      batcher,
    ],
  ]),
  ...inFile('src/backends/wasm/pool.ts', [['if (needed.has(prepared)) continue;', '', 'test/backends/pool.test.ts']]),
  ...inFile('src/onnx/ops/recurrent.ts', [
    ["node.only('input_forget', 0)", "node.int('input_forget', 0)", 'test/onnx/refusal.test.ts'],
  ]),
  ...inFile('src/models/weights.ts', [
    ['Math.round(value / scales[i % channels])', 'value / scales[i % channels]', 'test/models/weights.test.ts'],
  ]),
  ...inFile('src/graph/compose.ts', [['/${bands} at', ' at', compose]]),
  ...inFile('src/ops/gru.ts', [
    ['(1 - z) * n + z * h', 'z * n + (1 - z) * h', naive, '^gru'],
    ['state[0] ?? zeros([batch, hidden])', 'zeros([batch, hidden])', 'test/ops/reference.test.ts', '^gru'],
  ]),
  ...inFile('src/ops/lstm.ts', [['sigmoid(project(2)) * c', 'sigmoid(project(1)) * c', naive, '^lstm']]),
  ...inFile('src/ops/conv.ts', [['i * dilation[0] - before', 'i - before', naive, '^conv:']]),
  ...inFile('src/ops/matmul.ts', [['row * inner + i', 'i * rows + row', naive, '^matmul']]),
  ...inFile('src/ops/softmax.ts', [['largest - Math.log(sum)', 'largest - sum', naive, '^softmax']]),
  ...inFile('src/ops/normalise.ts', [['Math.sqrt(variance + epsilon)', 'Math.sqrt(variance)', naive, '^normalise']]),
  ...inFile('src/ops/pool.ts', [['? kernel[0] * kernel[1] : count', '? count : count', naive, '^pool']]),
  ...inFile('src/backends/wasm/lower/recurrent.ts', [
    ['end(planned, to, h, 0);\n};', '};', 'test/backends/wasm.test.ts', '^gru'],
  ]),
  ...inFile('shaders/gru.wgsl', [
    ['if (p.hasLast != 0u)', 'if (false)', 'test/backends/webgpu.test.ts', '^gru: hidden 8'],
  ]),
  ...inFile('shaders/activation.wgsl', [
    ['return log(x);', 'return log2(x);', 'test/backends/webgpu.test.ts', '^unary: (log|sqrt)'],
    ['return sqrt(x);', 'return x;', 'test/backends/webgpu.test.ts', '^unary: (log|sqrt)'],
  ]),
  ...inFile('shaders/binary.wgsl', [
    ['pow(abs(a), b)', 'pow(abs(b), a)', 'test/backends/webgpu.test.ts', '^binary: power'],
    ['a < 0.0 && odd', 'odd', 'test/backends/webgpu.test.ts', '^binary: power'],
  ]),
];
