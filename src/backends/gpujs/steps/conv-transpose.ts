import { convTransposeGeometry } from '../../../ops/conv-transpose.ts';
import { fusedActivation } from '../../../ops/unary.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';
import { biasOf, constantOf } from './convolution.ts';
import { activationFunctions } from './functions.ts';

declare function activate(x: number, alpha: number, beta: number): number;

/** Channel x, frequency y, time z: gathers the inputs that reach it. */
function gathered(
  this: KernelThis,
  input: number[],
  weights: number[],
  bias: number[],
  firstIn: number[],
  inGroup: number[],
  time: number,
): number {
  const channel = this.thread.x;
  let sum = bias[channel];
  for (let i = 0; i < this.constants.kernelTime; i++) {
    const t = this.thread.z + this.constants.padTime - i * this.constants.dilationTime;
    const row = Math.floor(t / this.constants.strideTime);
    for (let j = 0; j < this.constants.kernelFrequency; j++) {
      const f = this.thread.y + this.constants.padFrequency - j * this.constants.dilationFrequency;
      const column = Math.floor(f / this.constants.strideFrequency);
      if (
        row * this.constants.strideTime === t &&
        column * this.constants.strideFrequency === f &&
        row >= 0 &&
        row < time &&
        column >= 0 &&
        column < this.constants.frequency
      ) {
        const from = (row * this.constants.frequency + column) * this.constants.channelsIn + firstIn[channel];
        const weight =
          ((i * this.constants.kernelFrequency + j) * this.constants.channelsIn + firstIn[channel]) *
            this.constants.groupOut +
          inGroup[channel];
        for (let c = 0; c < this.constants.groupIn; c++)
          sum += input[from + c] * weights[weight + c * this.constants.groupOut];
      }
    }
  }
  return activate(sum, this.constants.alpha, this.constants.beta);
}

export const convTranspose: StepMaker = (context) => {
  const { node, kernels, inputShapes, inputs, output, batch } = context;
  const {
    kernel: window,
    stride,
    dilation,
    pads,
    groups,
    inExtent,
    outExtent,
    inChannels,
    outChannels,
  } = convTransposeGeometry(node, inputShapes);
  const [groupIn, groupOut] = [inChannels / groups, outChannels / groups];
  const { kind, alpha, beta } = fusedActivation(node);
  const kernel = kernels.get({
    name: 'gathered',
    body: gathered,
    inputs: ['Array', 'Array', 'Array', 'Array', 'Array', 'Integer'],
    functions: activationFunctions(kind),
    floats: ['alpha', 'beta'],
    constants: {
      kernelTime: window[0],
      kernelFrequency: window[1],
      padTime: pads[0][0],
      padFrequency: pads[1][0],
      strideTime: stride[0],
      strideFrequency: stride[1],
      dilationTime: dilation[0],
      dilationFrequency: dilation[1],
      frequency: inExtent[1],
      channelsIn: inChannels,
      groupIn,
      groupOut,
      alpha,
      beta,
    },
  });
  const weights = kernels.pack(constantOf(context, 1), 'as it is', (data) => Float32Array.from(data));
  const bias = biasOf(context, 2, outChannels);
  const firstIn = Float32Array.from({ length: outChannels }, (_, channel) => Math.floor(channel / groupOut) * groupIn);
  const inGroup = Float32Array.from({ length: outChannels }, (_, channel) => channel % groupOut);
  const size = [outChannels, outExtent[1], outExtent[0]] as const;
  const [itemLength, outLength] = [inputs[0]!.length / batch, output.length / batch];
  const item = (b: number): Float32Array => inputs[0]!.subarray(b * itemLength, (b + 1) * itemLength);
  kernel.build(size, item(0), weights, bias, firstIn, inGroup, inExtent[0]);
  return () => {
    for (let b = 0; b < batch; b++)
      kernel.run(
        output.subarray(b * outLength, (b + 1) * outLength),
        size,
        item(b),
        weights,
        bias,
        firstIn,
        inGroup,
        inExtent[0],
      );
  };
};
