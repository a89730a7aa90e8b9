import { matmulGeometry } from '../../../ops/matmul.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';

/** Column x of row y. */
function product(this: KernelThis, a: number[], b: number[], inner: number, columns: number): number {
  const from = this.thread.y * inner;
  let sum = 0;
  for (let i = 0; i < inner; i++) sum += a[from + i] * b[i * columns + this.thread.x];
  return sum;
}

/** One kernel call a pair of matrices. */
export const matmul: StepMaker = ({ node, kernels, inputShapes, inputs, output }) => {
  const { rows, inner, columns, aOffsets, bOffsets } = matmulGeometry(node, inputShapes);
  const kernel = kernels.get({ name: 'product', body: product, inputs: ['Array', 'Array', 'Integer', 'Integer'] });
  const size = [columns, rows, 1] as const;
  const [a, b] = inputs as [Float32Array, Float32Array];
  const pairs = aOffsets.map(
    (aOffset, i) =>
      [
        output.subarray(i * rows * columns, (i + 1) * rows * columns),
        a.subarray(aOffset, aOffset + rows * inner),
        b.subarray(bOffsets[i], bOffsets[i] + inner * columns),
      ] as const,
  );
  kernel.build(size, pairs[0][1], pairs[0][2], inner, columns);
  return () => {
    for (const [out, left, right] of pairs) kernel.run(out, size, left, right, inner, columns);
  };
};
