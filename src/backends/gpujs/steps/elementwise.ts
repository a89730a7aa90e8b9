import { type Shape, sameShape, sizeOf, stridesOf } from '../../../graph/tensor.ts';
import { type BinaryKind, binaryKind, broadcastStrides } from '../../../ops/binary.ts';
import { fusedActivation, type UnaryAttributes, unaryAttributes } from '../../../ops/unary.ts';
import type { KernelThis } from '../kernels.ts';
import type { NodeContext, StepMaker } from '../step.ts';
import { activationFunctions } from './functions.ts';
import { gatherKernel } from './movement.ts';

declare function activate(x: number, alpha: number, beta: number): number;
declare function combine(a: number, b: number): number;

const combinations: Record<BinaryKind, (a: number, b: number) => number> = {
  add(a, b) {
    return a + b;
  },
  subtract(a, b) {
    return a - b;
  },
  multiply(a, b) {
    return a * b;
  },
  divide(a, b) {
    return a / b;
  },
  power(a, b) {
    // biome-ignore lint/style/useExponentiationOperator: gpu.js knows the function, not the operator
    return Math.pow(a, b);
  },
  maximum(a, b) {
    return Math.max(a, b);
  },
  minimum(a, b) {
    return Math.min(a, b);
  },
  prelu(a, b) {
    return Math.max(0, a) + b * Math.min(0, a);
  },
  greater(a, b) {
    if (a > b) return 1;
    return 0;
  },
  greaterOrEqual(a, b) {
    if (a >= b) return 1;
    return 0;
  },
  equal(a, b) {
    if (a === b) return 1;
    return 0;
  },
  mask(a, b) {
    if (a === 0) return 0;
    return b;
  },
};

function mapOne(this: KernelThis, x: number[]): number {
  return activate(x[this.thread.x], this.constants.alpha, this.constants.beta);
}

function mapTwo(this: KernelThis, a: number[], b: number[]): number {
  return activate(combine(a[this.thread.x], b[this.thread.x]), this.constants.alpha, this.constants.beta);
}

const parameters = ({ alpha, beta }: UnaryAttributes) => ({ constants: { alpha, beta }, floats: ['alpha', 'beta'] });

export const unary: StepMaker = ({ node, kernels, inputs, output }) => {
  const attributes = unaryAttributes(node);
  const kernel = kernels.get({
    name: 'mapOne',
    body: mapOne,
    inputs: ['Array'],
    functions: activationFunctions(attributes.kind),
    ...parameters(attributes),
  });
  const size = [output.length, 1, 1] as const;
  kernel.build(size, inputs[0]!);
  return () => kernel.run(output, size, inputs[0]!);
};

export const binary: StepMaker = (context) => {
  const { node, kernels, inputShapes, outputShape, inputs, output } = context;
  const attributes = fusedActivation(node);
  const kernel = kernels.get({
    name: 'mapTwo',
    body: mapTwo,
    inputs: ['Array', 'Array'],
    functions: { ...activationFunctions(attributes.kind), combine: combinations[binaryKind(node)] },
    ...parameters(attributes),
  });
  const operands = [0, 1].map((i) => spread(context, inputs[i]!, inputShapes[i], outputShape));
  const size = [output.length, 1, 1] as const;
  kernel.build(size, operands[0].values, operands[1].values);
  return () => {
    for (const operand of operands) operand.fill();
    kernel.run(output, size, operands[0].values, operands[1].values);
  };
};

/** An operand at the output's shape: itself, or a copy in which its values are repeated. */
function spread(
  context: NodeContext,
  values: Float32Array,
  shape: Shape,
  wanted: Shape,
): { values: Float32Array; fill: () => void } {
  if (sameShape(shape, wanted) || sizeOf(shape) === sizeOf(wanted)) return { values, fill: () => {} };
  const [strides, own] = [stridesOf(wanted), broadcastStrides(shape, wanted)];
  const table = Float32Array.from({ length: sizeOf(wanted) }, (_, i) =>
    wanted.reduce((offset, extent, axis) => offset + (Math.floor(i / strides[axis]) % extent) * own[axis], 0),
  );
  const copy = new Float32Array(table.length);
  const kernel = gatherKernel(context.kernels);
  const size = [table.length, 1, 1] as const;
  kernel.build(size, values, table);
  return { values: copy, fill: () => kernel.run(copy, size, values, table) };
}
