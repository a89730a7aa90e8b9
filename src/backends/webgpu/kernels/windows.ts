/** Kernels that join several elements: pooling, reductions, normalisation, softmax. */
import { GraphError } from '../../../errors.ts';
import type { GraphNode } from '../../../graph/graph.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import { normaliseGeometry } from '../../../ops/normalise.ts';
import { poolGeometry } from '../../../ops/pool.ts';
import { type ReduceGeometry, reduceGeometry } from '../../../ops/reduce.ts';
import { type Builder, constantIn, lanes, spread } from './common.ts';
import { axisLimit } from './elementwise.ts';

/** From so many elements on, a workgroup joins them instead of one invocation. */
const many = 64;

export const pool: Builder = ({ planned: { node, inputShapes, state }, lowering, limits }) => {
  const { kind, kernel, stride, pads, countPadding, batch, inExtent, outExtent, channels } = poolGeometry(
    node,
    inputShapes,
  );
  const rows = batch * outExtent[0] * outExtent[1];
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  const constants = {
    CHANNELS: channels,
    TAPS: kernel[0] * kernel[1],
    KERNEL_BINS: kernel[1],
    KIND: constantIn('pool.wgsl', kind),
    COUNT_PADDING: countPadding ? 1 : 0,
    LANES: lanes,
  };
  lowering.step({
    node: node.name,
    kernel: { file: 'pool.wgsl', entry: 'main', constants },
    grid: spread(Math.ceil((rows * channels) / lanes), limits),
    reads: [x],
    writes: [y],
    params: (places) => ({
      x: places.value(x),
      y: places.value(y),
      residual: 0,
      weights: 0,
      batch,
      time: inExtent[0],
      bins: inExtent[1],
      rows,
      outTime: outExtent[0],
      outBins: outExtent[1],
      strideTime: stride[0],
      strideBins: stride[1],
      dilationTime: 1,
      dilationBins: 1,
      padTime: pads[0][0],
      padBins: pads[1][0],
      history: state[0]?.shape[0] ?? 0,
      stateIn: places.stateIn(state[0]?.offset ?? 0),
      stateOut: places.stateOut(state[0]?.offset ?? 0),
      stateLength: places.stateLength,
      streaming: state[0] ? places.streaming : 0,
      outChannels: channels,
      depth: 1,
    }),
  });
};

const positions = (axes: ReduceGeometry['kept']): number => axes.reduce((product, { extent }) => product * extent, 1);

/** What axes.wgsl asks for besides addresses. */
function axesParams(node: GraphNode, { kept, reduced }: Pick<ReduceGeometry, 'kept' | 'reduced'>) {
  const most = Math.max(kept.length, reduced.length);
  if (most > axisLimit) throw new GraphError(node, `the webgpu backend takes up to ${axisLimit} axes, got ${most}`);
  const axes = [...kept, ...reduced].flatMap(({ extent, stride }) => [extent, stride, 0, 0]);
  return {
    axes,
    results: positions(kept),
    length: positions(reduced),
    keptRank: kept.length,
    rank: kept.length + reduced.length,
  };
}

export const reduce: Builder = ({ planned: { node, inputShapes }, lowering, limits }) => {
  const geometry = reduceGeometry(node, inputShapes);
  const axes = axesParams(node, geometry);
  const { results, length } = axes;
  const entry = length >= many ? 'many' : 'few';
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: {
      file: 'reduce.wgsl',
      entry,
      constants: { KIND: constantIn('reduce.wgsl', geometry.kind), LANES: lanes },
    },
    grid: spread(entry === 'many' ? results : Math.ceil(results / lanes), limits),
    reads: [x],
    writes: [y],
    params: (places) => ({ ...axes, x: places.value(x), y: places.value(y), weights: 0 }),
  });
};

export const normalise: Builder = ({ planned: { node, inputShapes }, lowering, limits }) => {
  const geometry = normaliseGeometry(node, inputShapes);
  const axes = axesParams(node, geometry);
  const channels = inputShapes[0].at(-1)!;
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  const weights = lowering.weights(`${y}: scale and bias`, 2 * channels, () => {
    const packed = new Float32Array(2 * channels).fill(1, 0, channels);
    if (node.inputs[1]) packed.set(lowering.constant(node, 1).data);
    if (node.inputs[2]) packed.set(lowering.constant(node, 2).data, channels);
    return packed;
  });
  lowering.step({
    node: node.name,
    kernel: {
      file: 'normalise.wgsl',
      entry: 'main',
      constants: { CHANNELS: channels, EPSILON: geometry.epsilon, LANES: lanes },
    },
    grid: spread(axes.results, limits),
    reads: [x],
    writes: [y],
    params: (places) => ({ ...axes, x: places.value(x), y: places.value(y), weights: places.weights(weights) }),
  });
};

export const softmax: Builder = ({ planned: { node, inputShapes }, lowering, limits }) => {
  const classes = inputShapes[0].at(-1)!;
  const rows = sizeOf(inputShapes[0]) / classes;
  const entry = classes >= many ? 'many' : 'few';
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: { file: 'softmax.wgsl', entry, constants: { LOGARITHM: node.attributes.log ? 1 : 0, LANES: lanes } },
    grid: spread(entry === 'many' ? rows : Math.ceil(rows / lanes), limits),
    reads: [x],
    writes: [y],
    params: (places) => ({ x: places.value(x), y: places.value(y), rows, classes }),
  });
};
