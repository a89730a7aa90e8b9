import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';

function largestOfRow(this: KernelThis, x: number[], classes: number): number {
  const from = this.thread.x * classes;
  let largest = x[from];
  for (let i = 1; i < classes; i++) largest = Math.max(largest, x[from + i]);
  return largest;
}

function sumOfRow(this: KernelThis, x: number[], largest: number[], classes: number): number {
  const from = this.thread.x * classes;
  let sum = 0;
  for (let i = 0; i < classes; i++) sum += Math.exp(x[from + i] - largest[this.thread.x]);
  return sum;
}

/** Class x of row y. */
function probability(this: KernelThis, x: number[], largest: number[], sum: number[], classes: number): number {
  return Math.exp(x[this.thread.y * classes + this.thread.x] - largest[this.thread.y]) / sum[this.thread.y];
}

function logProbability(this: KernelThis, x: number[], largest: number[], sum: number[], classes: number): number {
  return x[this.thread.y * classes + this.thread.x] - largest[this.thread.y] - Math.log(sum[this.thread.y]);
}

export const softmax: StepMaker = ({ node, kernels, inputShapes, inputs, output }) => {
  const classes = inputShapes[0].at(-1)!;
  const rows = output.length / classes;
  const toLargest = kernels.get({ name: 'largestOfRow', body: largestOfRow, inputs: ['Array', 'Integer'] });
  const toSum = kernels.get({ name: 'sumOfRow', body: sumOfRow, inputs: ['Array', 'Array', 'Integer'] });
  const types = ['Array', 'Array', 'Array', 'Integer'] as const;
  const toResult = node.attributes.log
    ? kernels.get({ name: 'logProbability', body: logProbability, inputs: types })
    : kernels.get({ name: 'probability', body: probability, inputs: types });
  const x = inputs[0]!;
  const [largest, sum] = [new Float32Array(rows), new Float32Array(rows)];
  const [rowSize, size] = [
    [rows, 1, 1],
    [classes, rows, 1],
  ] as const;
  toLargest.build(rowSize, x, classes);
  toSum.build(rowSize, x, largest, classes);
  toResult.build(size, x, largest, sum, classes);
  return () => {
    toLargest.run(largest, rowSize, x, classes);
    toSum.run(sum, rowSize, x, largest, classes);
    toResult.run(output, size, x, largest, sum, classes);
  };
};
