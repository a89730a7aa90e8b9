import { offsetsOf, reduceGeometry } from '../../../ops/reduce.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';

function total(
  this: KernelThis,
  values: number[],
  bases: number[],
  offsets: number[],
  count: number,
  scale: number,
): number {
  const base = bases[this.thread.x];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[base + offsets[i]];
  return sum * scale;
}

function maximum(
  this: KernelThis,
  values: number[],
  bases: number[],
  offsets: number[],
  count: number,
  scale: number,
): number {
  const base = bases[this.thread.x];
  let result = scale * values[base + offsets[0]];
  for (let i = 1; i < count; i++) result = Math.max(result, scale * values[base + offsets[i]]);
  return scale * result;
}

export const reduce: StepMaker = ({ node, kernels, inputShapes, inputs, output }) => {
  const { kind, kept, reduced } = reduceGeometry(node, inputShapes);
  const [bases, offsets] = [Float32Array.from(offsetsOf(kept)), Float32Array.from(offsetsOf(reduced))];
  const types = ['Array', 'Array', 'Array', 'Integer', 'Float'] as const;
  const kernel =
    kind === 'mean' || kind === 'sum'
      ? kernels.get({ name: 'total', body: total, inputs: types })
      : kernels.get({ name: 'maximum', body: maximum, inputs: types });
  // The smallest value is the largest of the negated ones, negated.
  const scale = { mean: 1 / offsets.length, sum: 1, max: 1, min: -1 }[kind];
  const size = [output.length, 1, 1] as const;
  kernel.build(size, inputs[0]!, bases, offsets, offsets.length, scale);
  return () => kernel.run(output, size, inputs[0]!, bases, offsets, offsets.length, scale);
};
