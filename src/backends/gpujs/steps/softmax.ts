import type { KernelThis } from '../kernels.ts';
import type { NodeContext, Step } from '../step.ts';

function largestOfRow(this: KernelThis, x: number[]): number {
  const from = this.thread.x * this.constants.classes;
  let largest = x[from];
  for (let i = 1; i < this.constants.classes; i++) largest = Math.max(largest, x[from + i]);
  return largest;
}

function sumOfRow(this: KernelThis, x: number[], largest: number[]): number {
  const from = this.thread.x * this.constants.classes;
  let sum = 0;
  for (let i = 0; i < this.constants.classes; i++) sum += Math.exp(x[from + i] - largest[this.thread.x]);
  return sum;
}

/** Class x of row y. */
function probability(this: KernelThis, x: number[], largest: number[], sum: number[]): number {
  return Math.exp(x[this.thread.y * this.constants.classes + this.thread.x] - largest[this.thread.y]) / sum[this.thread.y];
}

function logProbability(this: KernelThis, x: number[], largest: number[], sum: number[]): number {
  return x[this.thread.y * this.constants.classes + this.thread.x] - largest[this.thread.y] - Math.log(sum[this.thread.y]);
}

export function softmaxStep({ node, kernels, inputShapes, inputs, output }: NodeContext): Step {
  const classes = inputShapes[0]!.at(-1)!;
  const rows = output.length / classes;
  const constants = { classes };
  const toLargest = kernels.get({ name: 'largestOfRow', body: largestOfRow, inputs: ['Array'], constants });
  const toSum = kernels.get({ name: 'sumOfRow', body: sumOfRow, inputs: ['Array', 'Array'], constants });
  const types = ['Array', 'Array', 'Array'] as const;
  const toResult = node.attributes.log
    ? kernels.get({ name: 'logProbability', body: logProbability, inputs: types, constants })
    : kernels.get({ name: 'probability', body: probability, inputs: types, constants });
  const x = inputs[0]!;
  const [largest, sum] = [new Float32Array(rows), new Float32Array(rows)];
  const [rowSize, size] = [[rows, 1, 1], [classes, rows, 1]] as const;
  toLargest.build(rowSize, x);
  toSum.build(rowSize, x, largest);
  toResult.build(size, x, largest, sum);
  return () => {
    toLargest.run(largest, rowSize, x);
    toSum.run(sum, rowSize, x, largest);
    toResult.run(output, size, x, largest, sum);
  };
}
