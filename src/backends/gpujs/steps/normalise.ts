import { normaliseGeometry } from '../../../ops/normalise.ts';
import { offsetsOf } from '../../../ops/reduce.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';

/** Mean of group x. */
function meanOfGroup(this: KernelThis, values: number[], bases: number[], offsets: number[], count: number): number {
  const base = bases[this.thread.x];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[base + offsets[i]];
  return sum / count;
}

/** 1 / sqrt(variance + epsilon) of group x. */
function scaleOfGroup(
  this: KernelThis,
  values: number[],
  bases: number[],
  offsets: number[],
  count: number,
  means: number[],
): number {
  const base = bases[this.thread.x];
  const mean = means[this.thread.x];
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const distance = values[base + offsets[i]] - mean;
    sum += distance * distance;
  }
  return 1 / Math.sqrt(sum / count + this.constants.epsilon);
}

/** Channel x of row y; `groups` tells each element's group. */
function normalised(
  this: KernelThis,
  values: number[],
  groups: number[],
  means: number[],
  scales: number[],
  weights: number[],
  biases: number[],
  channels: number,
): number {
  const at = this.thread.y * channels + this.thread.x;
  const group = groups[at];
  return (values[at] - means[group]) * scales[group] * weights[this.thread.x] + biases[this.thread.x];
}

export const normalise: StepMaker = ({ node, kernels, inputShapes, inputs, output }) => {
  const { kept, reduced, epsilon } = normaliseGeometry(node, inputShapes);
  const channels = inputShapes[0].at(-1)!;
  const [bases, offsets] = [Float32Array.from(offsetsOf(kept)), Float32Array.from(offsetsOf(reduced))];
  const groups = new Float32Array(output.length);
  bases.forEach((base, group) => offsets.forEach((offset) => (groups[base + offset] = group)));
  const [means, scales] = [new Float32Array(bases.length), new Float32Array(bases.length)];
  const weights = inputs[1] ?? new Float32Array(channels).fill(1);
  const biases = inputs[2] ?? new Float32Array(channels);

  const group = ['Array', 'Array', 'Array', 'Integer'] as const;
  const toMean = kernels.get({ name: 'meanOfGroup', body: meanOfGroup, inputs: group });
  const toScale = kernels.get({
    name: 'scaleOfGroup',
    body: scaleOfGroup,
    inputs: [...group, 'Array'],
    constants: { epsilon },
    floats: ['epsilon'],
  });
  const toResult = kernels.get({
    name: 'normalised',
    body: normalised,
    inputs: ['Array', 'Array', 'Array', 'Array', 'Array', 'Array', 'Integer'],
  });
  const x = inputs[0]!;
  const count = offsets.length;
  const [groupSize, size] = [
    [bases.length, 1, 1],
    [channels, output.length / channels, 1],
  ] as const;
  toMean.build(groupSize, x, bases, offsets, count);
  toScale.build(groupSize, x, bases, offsets, count, means);
  toResult.build(size, x, groups, means, scales, weights, biases, channels);
  return () => {
    toMean.run(means, groupSize, x, bases, offsets, count);
    toScale.run(scales, groupSize, x, bases, offsets, count, means);
    toResult.run(output, size, x, groups, means, scales, weights, biases, channels);
  };
};
