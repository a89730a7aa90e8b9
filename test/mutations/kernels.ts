/** Kernels of the CPU (AssemblyScript and what emits its instructions) and of gpu.js, each against the reference. */
import { inFile } from './mutation.ts';

const wasm = 'test/backends/wasm.test.ts';
const gpujs = 'test/backends/gpujs.test.ts';

export const kernels = [
  ...inFile('src/backends/wasm/assembly/recurrent.ts', [
    ['multiplyAdd(z, f32x4.sub(v128.load(h), n), n)', 'multiplyAdd(z, f32x4.sub(n, v128.load(h)), n)', wasm, '^gru'],
    ['f32x4.mul(o, tanh(cell))', 'f32x4.mul(o, cell)', wasm, '^lstm'],
  ]),
  ...inFile('src/backends/wasm/assembly/windows.ts', [
    ['copyFloats(to, kept, p.row);', '', wasm, '^(conv|pool):'],
    ['v = f32x4.min(v, other)', 'v = f32x4.max(v, other)', wasm, '^reduce'],
    ['state += <usize>p.stateStep;', '', wasm, '^conv:'],
  ]),
  ...inFile('src/backends/wasm/assembly/product.ts', [
    ['if (--blockLeft == 0)', 'if (false)', ['test/backends/wasm-limits.test.ts', wasm]],
    ['finish(p, at + 80, a5, count - 20);', '', wasm, '^(dense|conv)'],
  ]),
  ...inFile('src/backends/wasm/assembly/normalise.ts', [
    ['sqrt<f32>(variance * share + p.epsilon)', 'sqrt<f32>(variance * share)', wasm, '^normalise'],
  ]),
  ...inFile('src/backends/wasm/assembly/spectrum.ts', [['if (count > 3)', 'if (false)', wasm, '^logmel']]),
  ...inFile('src/backends/wasm/lower/recurrent.ts', [
    ['end(planned, to, c, 1);', '', wasm, '^lstm'],
    ['if (first) to.code', 'if (false) to.code', wasm, '^(gru|lstm)'],
    ["Number(node.attributes['direction'] === 'reverse')", '0', wasm, '^(gru|lstm)'],
  ]),
  ...inFile('src/backends/wasm/lower/windows.ts', [
    ["kind === 'max' ? -Infinity : 0", '0', wasm, '^pool'],
    ['countPadding ? kernel[axis] :', '', wasm, '^pool'],
    ["kind === 'mean' ? 1 / taps.length : 1", '1', wasm, '^reduce'],
  ]),
  ...inFile('src/backends/wasm/lower/elementwise.ts', [
    ['low: activation.alpha, high: activation.beta', 'low: -Infinity, high: Infinity', wasm, 'then clip'],
    ['emitPass(to, pass, y, sizeOf(shape));', '', wasm, '^binary'],
  ]),
  ...inFile('src/backends/wasm/lower/fuse.ts', [
    ['readers.get(maker.node.outputs[0]) === 1', 'true', 'test/backends/wasm-limits.test.ts'],
  ]),
  ...inFile('src/backends/gpujs/steps/gru.ts', [
    ['places[0].of(state, b).set(h.subarray(b * hidden, (b + 1) * hidden))', 'void b', gpujs, '^gru'],
    ['else h.fill(0);', '', gpujs, '^gru'],
  ]),
  ...inFile('src/backends/gpujs/steps/elementwise.ts', [
    ['b * Math.min(0, a)', 'Math.min(0, a)', gpujs, '^binary'],
    ['return Math.pow(a, b);', 'return Math.pow(b, a);', gpujs, '^binary'],
  ]),
  ...inFile('src/backends/gpujs/steps/pool.ts', [['keepLast(kept, own);', '', gpujs, '^pool']]),
  ...inFile('src/backends/gpujs/steps/softmax.ts', [['- Math.log(sum', '- (sum', gpujs, '^softmax']]),
];
