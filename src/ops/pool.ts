import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, zeros } from '../graph/tensor.ts';
import { causalHistory, prependHistory } from './conv.ts';
import { choiceAttribute, numberAttribute, type Op } from './op.ts';
import { windowAxes } from './window.ts';

export const poolKinds = ['average', 'max'] as const;

export interface PoolGeometry {
  readonly kind: (typeof poolKinds)[number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
  /** Whether an average divides by the whole window or by the part of it that is not padding. */
  readonly countPadding: boolean;
  readonly batch: number;
  readonly inExtent: readonly [number, number];
  readonly outExtent: readonly [number, number];
  readonly channels: number;
  readonly outShape: Shape;
}

export function poolGeometry(node: GraphNode, shapes: readonly Shape[]): PoolGeometry {
  const x = shapes[0];
  const { inExtent, pair, pads, shapeOf } = windowAxes(node, shapes);
  const kernel = pair('kernel');
  const stride = pair('strides', kernel);
  const outExtent = [0, 1].map(
    (axis) => Math.floor((inExtent[axis] + pads[axis][0] + pads[axis][1] - kernel[axis]) / stride[axis]) + 1,
  ) as [number, number];
  if (outExtent[0] < 1 || outExtent[1] < 1)
    throw new ShapeError(node, shapes, 'the window reaches over the whole padded input');
  const channels = x.at(-1)!;
  return {
    kind: choiceAttribute(node, 'kind', poolKinds),
    kernel,
    stride,
    pads,
    countPadding: numberAttribute(node, 'countPadding', 0) !== 0,
    batch: x[0],
    inExtent,
    outExtent,
    channels,
    outShape: shapeOf(outExtent, channels),
  };
}

/**
 * Average or largest value of each window, channel by channel; ONNX's AveragePool and MaxPool with channels last.
 * Attributes kind, kernel, strides (default: the kernel), pads [before, after, ...], countPadding (0 or 1).
 * A stream needs windows that do not overlap and are not padded, or causal ones that average with countPadding = 1.
 */
export const pool: Op = {
  name: 'pool',
  infer: (node, shapes) => [poolGeometry(node, shapes).outShape],
  state(node, shapes) {
    const { kind, kernel, stride, pads, countPadding, inExtent } = poolGeometry(node, shapes);
    const history = causalHistory(kernel[0], stride[0], 1, pads[0], inExtent[0]);
    if (history === 0) return [];
    // Zeros in front stand for padding only where padding counts as zeros.
    if (history === undefined || kind !== 'average' || !countPadding) return undefined;
    return [[history, ...shapes[0].slice(2)]];
  },
  compute(node, [given], state) {
    const geometry = poolGeometry(node, [given.shape]);
    const { kind, kernel, stride, pads, batch, inExtent, outExtent, channels } = geometry;
    const x = state[0] ? prependHistory(given, state[0]) : given;
    const time = x.shape[1];
    const before = state[0] ? 0 : pads[0][0];
    const y = zeros(geometry.outShape);
    for (let b = 0, at = 0; b < batch; b++) {
      for (let t = 0; t < outExtent[0]; t++) {
        for (let f = 0; f < outExtent[1]; f++) {
          for (let c = 0; c < channels; c++, at++) {
            let [sum, largest, count] = [0, -Infinity, 0];
            for (let i = 0; i < kernel[0]; i++) {
              const row = t * stride[0] + i - before;
              if (row < 0 || row >= time) continue;
              for (let j = 0; j < kernel[1]; j++) {
                const column = f * stride[1] + j - pads[1][0];
                if (column < 0 || column >= inExtent[1]) continue;
                const value = x.data[((b * time + row) * inExtent[1] + column) * channels + c];
                sum += value;
                largest = Math.max(largest, value);
                count++;
              }
            }
            y.data[at] = kind === 'max' ? largest : sum / (geometry.countPadding ? kernel[0] * kernel[1] : count);
          }
        }
      }
    }
    return [y];
  },
  multiplyAdds(node, shapes) {
    const { kernel, outShape } = poolGeometry(node, shapes);
    return sizeOf(outShape) * kernel[0] * kernel[1];
  },
};
