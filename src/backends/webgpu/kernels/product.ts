/**
 * Windows times weights: convolutions of every kind, dense layers and the projections of recurrent ones. Chooses
 * the kernel by shape; all of them take the same parameters (shaders/window.wgsl).
 */
import type { GraphNode } from '../../../graph/graph.ts';
import { sameShape, type Tensor } from '../../../graph/tensor.ts';
import type { UnaryAttributes } from '../../../ops/unary.ts';
import type { Kernel, Places } from '../lowered.ts';
import type { Tuning } from '../tuning.ts';
import { activationConstants, floorPower, spread, type Task } from './common.ts';

export interface Product {
  readonly node: GraphNode;
  readonly x: string;
  readonly y: string;
  readonly weights: Tensor;
  readonly bias?: Tensor | undefined;
  readonly residual?: { readonly value: string; readonly afterActivation: boolean } | undefined;
  readonly activation: UnaryAttributes;
  readonly softmax?: 'probabilities' | 'logarithm' | undefined;
  readonly batch: number;
  readonly inExtent: readonly [number, number];
  readonly outExtent: readonly [number, number];
  readonly channels: number;
  readonly outChannels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros before the first row and bin. */
  readonly before: readonly [number, number];
  readonly groups: number;
  /** Rows carried along a stream and where they lie in its state. */
  readonly history: { readonly rows: number; readonly offset: number };
}

type Choice = Pick<Kernel, 'file' | 'entry' | 'constants'> & { readonly grid: [number, number, number] };

/** Units up to which a dense layer counts as a classifier's last one. */
export const headUnits = 4;

function isHead(product: Product): boolean {
  const { kernel, stride, groups, inExtent, outExtent, outChannels, residual } = product;
  const rowByRow = [...kernel, ...stride, groups].every((extent) => extent === 1) && sameShape(inExtent, outExtent);
  return rowByRow && outChannels <= headUnits && !residual;
}

export function buildProduct({ lowering, limits, tuning }: Task, product: Product): void {
  const { node, x, y, residual, batch, inExtent, outExtent, stride, dilation, before, history } = product;
  const { stateLength } = lowering.plan;
  const depth = (product.kernel[0] * product.kernel[1] * product.channels) / product.groups;
  const bias = padded(product.outChannels);
  const weights = lowering.matrix(`${node.outputs[0]}: weights`, product.weights, { bias, length: depth * bias }, () =>
    packWeights(product, depth),
  );
  const { grid, constants, ...kernel } = chooseKernel(product, stateLength, limits, tuning);
  const [from, added] = [lowering.operand(x), residual && lowering.operand(residual.value)];
  lowering.step({
    node: node.name,
    kernel: { ...kernel, constants: { ...constants, ...weights.constants } },
    grid,
    reads: [from, ...(added === undefined ? [] : [added])],
    writes: [y],
    params: (places: Places) => ({
      x: places.value(from),
      y: places.value(y),
      residual: added === undefined ? 0 : places.value(added),
      weights: places.weights(weights.key),
      batch,
      time: inExtent[0],
      bins: inExtent[1],
      rows: batch * outExtent[0] * outExtent[1],
      outTime: outExtent[0],
      outBins: outExtent[1],
      strideTime: stride[0],
      strideBins: stride[1],
      dilationTime: dilation[0],
      dilationBins: dilation[1],
      padTime: before[0],
      padBins: before[1],
      history: history.rows,
      stateIn: places.stateIn(history.offset),
      stateOut: places.stateOut(history.offset),
      stateLength: places.stateLength,
      streaming: history.rows > 0 ? places.streaming : 0,
      outChannels: product.outChannels,
      depth: grid[2],
    }),
  });
}

function chooseKernel(product: Product, stateLength: number, limits: Task['limits'], tuning: Tuning): Choice {
  const { productLanes: lanes } = tuning;
  const { kernel, channels, outChannels, groups, batch, outExtent, inExtent, history, residual, activation } = product;
  const rows = batch * outExtent[0] * outExtent[1];
  const constants: Record<string, number> = {
    CHANNELS: channels,
    OUT_CHANNELS: outChannels,
    TAPS: kernel[0] * kernel[1],
    KERNEL_BINS: kernel[1],
    ...(residual ? { RESIDUAL: residual.afterActivation ? 2 : 1 } : {}),
    ...activationConstants(activation),
  };
  if (isHead(product)) {
    const softmax: Record<string, number> = product.softmax ? { SOFTMAX: product.softmax === 'logarithm' ? 2 : 1 } : {};
    // The number of units is a parameter there, so that models with different labels share the kernel.
    const { OUT_CHANNELS: _, ...shared } = constants;
    return {
      file: 'head.wgsl',
      entry: 'main',
      constants: { ...shared, ...softmax },
      grid: spread(Math.ceil(rows / 4), limits),
    };
  }
  // Four floats at a time need addresses that are multiples of four, in the state too.
  const carriesFours =
    history.rows === 0 || (history.offset % 4 === 0 && stateLength % 4 === 0 && (inExtent[1] * channels) % 4 === 0);
  const foursIn = channels % 4 === 0 && carriesFours;
  const foursOut = outChannels % 4 === 0;
  const elementwise = (file: string, entry: string, count: number, more = {}): Choice => ({
    file,
    entry,
    constants: { ...constants, ...more, LANES: lanes },
    grid: spread(Math.ceil(count / lanes), limits),
  });
  if (groups > 1 && groups === channels && channels === outChannels && foursIn) {
    return elementwise('depthwise.wgsl', 'main', (rows * outChannels) / 4);
  }
  if (groups === 1 && foursIn && foursOut)
    return chooseMatrixKernel(rows, channels, outChannels, constants, limits, tuning);
  if (groups === 1 && foursOut && carriesFours) {
    if (outChannels % 16 === 0 && rows >= tuning.manyRows)
      return elementwise('direct.wgsl', 'wider', (rows * outChannels) / 16);
    return elementwise('direct.wgsl', 'wide', (rows * outChannels) / 4);
  }
  return elementwise('direct.wgsl', 'scalar', rows * outChannels, {
    GROUP_IN: channels / groups,
    GROUP_OUT: outChannels / groups,
  });
}

function chooseMatrixKernel(
  rows: number,
  channels: number,
  outChannels: number,
  constants: Record<string, number>,
  limits: Task['limits'],
  tuning: Tuning,
): Choice {
  const width = outChannels / 4;
  const waste = (columns: number): number => Math.ceil(width / columns) * columns - width;
  const columns = [16, 12, 8, 4].reduce((best, candidate) => (waste(candidate) < waste(best) ? candidate : best));
  const tileRows = columns > 8 ? tuning.tileRows / 2 : tuning.tileRows;
  const tiles = Math.ceil(rows / (4 * tileRows));
  const tileColumns = Math.ceil(width / columns);
  if (tiles * tileColumns >= tuning.enoughTiles) {
    return {
      file: 'tiles.wgsl',
      entry: 'main',
      constants: { ...constants, COLUMNS: columns, ROWS: tileRows },
      grid: spread(tiles, limits, tileColumns),
    };
  }
  const lanesWide = Math.min(8, floorPower(2 * width - 1));
  const parts = Math.min(256 / lanesWide, 32, floorPower((constants.TAPS * channels) / 4));
  return {
    file: 'rows.wgsl',
    entry: 'main',
    constants: { ...constants, COLUMNS: lanesWide, PARTS: parts },
    grid: spread(rows, limits, Math.ceil(width / lanesWide)),
  };
}

/** Channels in whole fours. */
export const padded = (channels: number): number => Math.ceil(channels / 4) * 4;

/** The bias, channels out padded to 4, and behind it the matrix [depth, channels out padded to 4]. */
function packWeights({ weights, bias, outChannels }: Product, depth: number): Float32Array {
  const width = padded(outChannels);
  const packed = new Float32Array((depth + 1) * width);
  if (bias?.data.length) packed.set(bias.data);
  for (let row = 0; row < depth; row++)
    packed.set(weights.data.subarray(row * outChannels, (row + 1) * outChannels), (row + 1) * width);
  return packed;
}
