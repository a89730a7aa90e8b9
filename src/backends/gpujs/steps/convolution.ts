/** Convolution and dense layer: every output is one dot product of a weight row with runs of the input. */
import { GraphError } from '../../../errors.ts';
import { sizeOf, type Tensor } from '../../../graph/tensor.ts';
import { type ConvGeometry, convGeometry } from '../../../ops/conv.ts';
import { fusedActivation, type UnaryAttributes } from '../../../ops/unary.ts';
import type { Kernel, KernelArgument, KernelThis, OutputSize } from '../kernels.ts';
import type { NodeContext, StepMaker } from '../step.ts';
import { activationFunctions } from './functions.ts';
import { paddedTime } from './padding.ts';

declare function activate(x: number, alpha: number, beta: number): number;

/**
 * Channel x, frequency y, time z. The window is up to three nested loops, of which the innermost goes by `step` through
 * the input and by 1 through the weights; four sums at once hide the latency of an addition.
 */
function dotProduct(
  this: KernelThis,
  input: number[],
  weights: number[],
  bias: number[],
  firstChannels: number[],
  residual: number[],
  residualStep: number,
  outerStep: number,
  middleStep: number,
): number {
  const channel = this.thread.x;
  const origin =
    this.thread.z * this.constants.timeStride + this.thread.y * this.constants.frequencyStride + firstChannels[channel];
  let weight = channel * this.constants.window;
  let a = bias[channel];
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < this.constants.outer; i++) {
    for (let j = 0; j < this.constants.middle; j++) {
      let from = origin + i * outerStep + j * middleStep;
      for (let k = 0; k < this.constants.quads; k++) {
        a += input[from] * weights[weight];
        b += input[from + this.constants.step] * weights[weight + 1];
        c += input[from + 2 * this.constants.step] * weights[weight + 2];
        d += input[from + 3 * this.constants.step] * weights[weight + 3];
        from += 4 * this.constants.step;
        weight += 4;
      }
      for (let k = 0; k < this.constants.rest; k++) {
        a += input[from] * weights[weight];
        from += this.constants.step;
        weight += 1;
      }
    }
  }
  const cell = (this.thread.z * this.constants.height + this.thread.y) * this.constants.channels + channel;
  return activate(a + b + (c + d) + residual[cell * residualStep], this.constants.alpha, this.constants.beta);
}

interface Loop {
  readonly count: number;
  readonly step: number;
}

export interface DotProduct {
  /** Steps through the input from one output row (time) and column (frequency) to the next. */
  readonly timeStride: number;
  readonly frequencyStride: number;
  readonly height: number;
  readonly channels: number;
  /** The window, outermost loop first; each step in elements of the input. */
  readonly loops: readonly Loop[];
  /** [channels, window], in the order of the loops. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly firstChannels: Float32Array;
  readonly activation: UnaryAttributes;
}

const noResidual = new Float32Array(1);

/**
 * Layers of the same form share one compiled kernel, whatever their weights and dilations: compiling is most of what
 * the first answer waits for.
 */
export class DotProducts {
  readonly #kernel: Kernel;
  readonly #product: DotProduct;
  readonly #steps: readonly [number, number];

  constructor({ kernels }: NodeContext, product: DotProduct) {
    const { loops, activation, timeStride, frequencyStride, height, channels } = product;
    const merged = mergeLoops(loops);
    const [outer, middle, inner] = [
      ...Array.from({ length: 3 - merged.length }, () => ({ count: 1, step: 0 })),
      ...merged,
    ] as [Loop, Loop, Loop];
    this.#product = product;
    this.#steps = [outer.step, middle.step];
    this.#kernel = kernels.get({
      name: 'dotProduct',
      body: dotProduct,
      inputs: ['Array', 'Array', 'Array', 'Array', 'Array', 'Integer', 'Integer', 'Integer'],
      functions: activationFunctions(activation.kind),
      floats: ['alpha', 'beta'],
      constants: {
        timeStride,
        frequencyStride,
        height,
        channels,
        window: outer.count * middle.count * inner.count,
        outer: outer.count,
        middle: middle.count,
        quads: inner.count >> 2,
        rest: inner.count & 3,
        step: inner.step,
        alpha: activation.alpha,
        beta: activation.beta,
      },
    });
  }

  build(size: OutputSize, input: Float32Array, residual?: Float32Array): void {
    this.#kernel.build(size, ...this.#arguments(input, residual));
  }

  /** `residual`, of the output's shape, is added before the activation. */
  run(out: Float32Array, size: OutputSize, input: Float32Array, residual?: Float32Array): void {
    this.#kernel.run(out, size, ...this.#arguments(input, residual));
  }

  #arguments(input: Float32Array, residual: Float32Array | undefined): KernelArgument[] {
    const { weights, bias, firstChannels } = this.#product;
    return [input, weights, bias, firstChannels, residual ?? noResidual, residual ? 1 : 0, ...this.#steps];
  }
}

/** Leaves out loops of one turn and joins two where the outer one goes on where the inner one ends. */
function mergeLoops(loops: readonly Loop[]): Loop[] {
  return loops
    .filter(({ count }) => count > 1)
    .reduceRight<Loop[]>((inside, loop) => {
      const [next, ...rest] = inside;
      if (next && loop.step === next.count * next.step)
        return [{ count: loop.count * next.count, step: next.step }, ...rest];
      return [loop, ...inside];
    }, []);
}

export const conv: StepMaker = (context) => {
  const { node, kernels, inputShapes, inputs, output, batch } = context;
  const geometry = convGeometry(node, inputShapes);
  const { kernel: window, stride, dilation, pads, groups, inExtent, outExtent, inChannels, outChannels } = geometry;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const rowLength = (inExtent[1] + pads[1][0] + pads[1][1]) * inChannels;
  const products = new DotProducts(context, {
    timeStride: stride[0] * rowLength,
    frequencyStride: stride[1] * inChannels,
    height: outExtent[1],
    channels: outChannels,
    loops: [
      { count: window[0], step: dilation[0] * rowLength },
      { count: window[1], step: dilation[1] * inChannels },
      { count: groupIn, step: 1 },
    ],
    weights: kernels.pack(constantOf(context, 1), 'channels first', (data) => transposed(data, outChannels)),
    bias: biasOf(context, 2, outChannels),
    firstChannels: firstChannels(context, geometry, groupIn, groupOut),
    activation: fusedActivation(node),
  });
  const x = inputs[0]!;
  const residual = inputs[3];
  const size = [outChannels, outExtent[1], outExtent[0]] as const;
  const outLength = output.length / batch;
  const pad = paddedTime(context, geometry);
  const added = (b: number): Float32Array | undefined => residual?.subarray(b * outLength, (b + 1) * outLength);
  products.build(size, pad.item(0, x, undefined), added(0));
  return (state) => {
    for (let b = 0; b < batch; b++) {
      products.run(output.subarray(b * outLength, (b + 1) * outLength), size, pad.item(b, x, state), added(b));
    }
  };
};

export const dense: StepMaker = (context) => {
  const { node, kernels, inputShapes, inputs, output } = context;
  const [features, units] = inputShapes[1] as [number, number];
  const rows = sizeOf(inputShapes[0]) / features;
  const products = new DotProducts(context, {
    ...rowsOf(
      features,
      units,
      kernels.pack(constantOf(context, 1), 'channels first', (data) => transposed(data, units)),
      biasOf(context, 2, units),
    ),
    activation: fusedActivation(node),
  });
  const size = [units, 1, rows] as const;
  products.build(size, inputs[0]!);
  return () => products.run(output, size, inputs[0]!);
};

/** A product of rows [features] with weights [units, features]. */
export function rowsOf(
  features: number,
  units: number,
  weights: Float32Array,
  bias: Float32Array,
): Omit<DotProduct, 'activation'> {
  return {
    timeStride: features,
    frequencyStride: 0,
    height: 1,
    channels: units,
    loops: [{ count: features, step: 1 }],
    weights,
    bias,
    firstChannels: zerosOf(units),
  };
}

/** [..., columns] to [columns, ...]. */
export function transposed(data: ArrayLike<number>, columns: number): Float32Array {
  const rows = data.length / columns;
  return Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Weights are packed once, so they can't be values that the graph computes. */
export function constantOf({ constants, node }: NodeContext, index: number): Tensor {
  const tensor = constants[index];
  if (!tensor) throw new GraphError(node, `input ${index} must be a constant on gpu.js`);
  return tensor;
}

/** Kernels are told apart by the identity of their arrays, so equal ones have to be the same. */
const zeroArrays = new Map<number, Float32Array>();
function zerosOf(length: number): Float32Array {
  let zeros = zeroArrays.get(length);
  if (!zeros) zeroArrays.set(length, (zeros = new Float32Array(length)));
  return zeros;
}

export function biasOf(context: NodeContext, index: number, channels: number): Float32Array {
  return context.inputs[index]
    ? context.kernels.pack(constantOf(context, index), 'as it is', (data) => Float32Array.from(data))
    : zerosOf(channels);
}

function firstChannels(
  context: NodeContext,
  { groups, outChannels }: ConvGeometry,
  groupIn: number,
  groupOut: number,
): Float32Array {
  if (groups === 1) return zerosOf(outChannels);
  return context.kernels.pack(constantOf(context, 1), `first channels of ${groups} groups`, () =>
    Float32Array.from({ length: outChannels }, (_, channel) => Math.floor(channel / groupOut) * groupIn),
  );
}
