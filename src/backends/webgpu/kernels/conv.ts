import { sizeOf } from '../../../graph/tensor.ts';
import { convGeometry } from '../../../ops/conv.ts';
import { convTransposeGeometry } from '../../../ops/conv-transpose.ts';
import { fusedActivation, type UnaryAttributes } from '../../../ops/unary.ts';
import { activationConstants, type Builder, lanes, spread, type Task } from './common.ts';
import { buildProduct, headUnits, type Product, padded } from './product.ts';

export const identity: UnaryAttributes = { kind: 'identity', alpha: 0, beta: 0 };

/** The residual of the node itself or of an addition folded into it, and the activation that goes with it. */
function epilogue({ planned: { node }, fused, lowering }: Task): Pick<Product, 'activation' | 'residual'> {
  const activation = fusedActivation(node);
  if (fused?.residual) {
    const afterActivation = activation.kind !== 'identity';
    return {
      activation: afterActivation ? activation : fused.residual.activation,
      residual: { value: fused.residual.value, afterActivation },
    };
  }
  const own = node.op === 'conv' ? node.inputs[3] : undefined;
  return { activation, residual: own ? { value: lowering.operand(own), afterActivation: false } : undefined };
}

export const conv: Builder = (task) => {
  const { planned, lowering, fused } = task;
  const { node, inputShapes, state } = planned;
  const { kernel, stride, dilation, pads, groups, batch, inExtent, outExtent, inChannels, outChannels } = convGeometry(
    node,
    inputShapes,
  );
  buildProduct(task, {
    node,
    x: node.inputs[0],
    y: fused?.output ?? node.outputs[0],
    weights: lowering.constant(node, 1),
    bias: node.inputs[2] ? lowering.constant(node, 2) : undefined,
    ...epilogue(task),
    batch,
    inExtent,
    outExtent,
    channels: inChannels,
    outChannels,
    kernel,
    stride,
    dilation,
    before: [pads[0][0], pads[1][0]],
    groups,
    history: state[0] ? { rows: state[0].shape[0], offset: state[0].offset } : { rows: 0, offset: 0 },
  });
};

export const convTranspose: Builder = ({ planned: { node, inputShapes }, lowering, limits }) => {
  const geometry = convTransposeGeometry(node, inputShapes);
  const { kernel, stride, dilation, pads, groups, inExtent, outExtent, inChannels, outChannels, outShape } = geometry;
  const count = sizeOf(outShape);
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  const length = sizeOf(inputShapes[1]);
  const bias = padded(outChannels);
  const tensor = lowering.constant(node, 1);
  const weights = lowering.matrix(`${y}: weights`, tensor, { bias, length }, () => {
    const packed = new Float32Array(bias + length);
    if (node.inputs[2]) packed.set(lowering.constant(node, 2).data);
    packed.set(tensor.data, bias);
    return packed;
  });
  const constants = {
    CHANNELS: inChannels,
    OUT_CHANNELS: outChannels,
    GROUP_IN: inChannels / groups,
    GROUP_OUT: outChannels / groups,
    TAPS: kernel[0] * kernel[1],
    KERNEL_BINS: kernel[1],
    ...activationConstants(fusedActivation(node)),
    ...weights.constants,
    LANES: lanes,
  };
  lowering.step({
    node: node.name,
    kernel: { file: 'conv-transpose.wgsl', entry: 'main', constants },
    grid: spread(Math.ceil(count / lanes), limits),
    reads: [x],
    writes: [y],
    params: (places) => ({
      x: places.value(x),
      y: places.value(y),
      weights: places.weights(weights.key),
      count,
      time: inExtent[0],
      bins: inExtent[1],
      outTime: outExtent[0],
      outBins: outExtent[1],
      strideTime: stride[0],
      strideBins: stride[1],
      dilationTime: dilation[0],
      dilationBins: dilation[1],
      padTime: pads[0][0],
      padBins: pads[1][0],
    }),
  });
};

/** Rows of features times a matrix: x [..., channels], weights [channels, outChannels]. */
export function denseProduct(
  shape: readonly number[],
  outChannels: number,
): Omit<Product, 'node' | 'x' | 'y' | 'weights' | 'activation'> {
  const channels = shape.at(-1)!;
  const rows = shape.reduce((product, extent) => product * extent, 1) / channels;
  return {
    batch: 1,
    inExtent: [rows, 1],
    outExtent: [rows, 1],
    channels,
    outChannels,
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    before: [0, 0],
    groups: 1,
    history: { rows: 0, offset: 0 },
  };
}

export const dense: Builder = (task) => {
  const { planned, lowering, fused } = task;
  const { node, inputShapes, outputShapes } = planned;
  buildProduct(task, {
    ...denseProduct(inputShapes[0], outputShapes[0].at(-1)!),
    node,
    x: node.inputs[0],
    y: fused?.output ?? node.outputs[0],
    weights: lowering.constant(node, 1),
    bias: node.inputs[2] ? lowering.constant(node, 2) : undefined,
    ...epilogue(task),
    softmax: fused?.softmax,
  });
};

/** Whether a softmax behind this dense layer can be folded into it. */
export function takesSoftmax(units: number): boolean {
  return units <= headUnits;
}
