import { UndertoneError } from '../../../errors.ts';
import { opNamed } from '../../../ops/index.ts';
import type { Kernel, Kernels, KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';

function gather(this: KernelThis, values: number[], table: number[]): number {
  return values[table[this.thread.x]];
}

export function gatherKernel(kernels: Kernels): Kernel {
  return kernels.get({ name: 'gather', body: gather, inputs: ['Array', 'Array'] });
}

/** Indices travel as float32 in mode webasm. */
const largestIndex = 2 ** 24;

/** Any op that only moves data: all inputs one after the other, the filling behind them, and a table of places. */
export const movement: StepMaker = ({ node, kernels, inputShapes, inputs, output }) => {
  const { sources, fill } = opNamed(node).movement!(node, inputShapes);
  const starts: number[] = [];
  let length = 0;
  for (const input of inputs) {
    starts.push(length);
    length += input?.length ?? 0;
  }
  if (length >= largestIndex)
    throw new UndertoneError(
      `node "${node.name}" (${node.op}): ${length} values are more than gpu.js can index (${largestIndex})`,
    );
  const all = new Float32Array(length + 1);
  all[length] = fill;
  const table = new Float32Array(output.length).fill(length);
  sources.forEach((source, i) => source.forEach((index, at) => index >= 0 && (table[at] = starts[i] + index)));
  const kernel = gatherKernel(kernels);
  const size = [output.length, 1, 1] as const;
  kernel.build(size, all, table);
  return () => {
    inputs.forEach((input, i) => input && all.set(input, starts[i]));
    kernel.run(output, size, all, table);
  };
};

/** The same elements under another shape; nothing to do where the output shares the input's memory. */
export const reshape: StepMaker = ({ inputs, output }) => {
  const x = inputs[0]!;
  if (x.buffer === output.buffer && x.byteOffset === output.byteOffset) return () => {};
  return () => output.set(x);
};
