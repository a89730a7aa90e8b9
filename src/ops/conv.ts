import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type FloatTensor, type Shape, sizeOf, type Tensor, zeros } from '../graph/tensor.ts';
import { numberAttribute, type Op } from './op.ts';
import { applyActivation, fusedActivation } from './unary.ts';
import { windowAxes } from './window.ts';

export interface ConvGeometry {
  /** Time and frequency; a 1-D convolution is one over a single frequency bin, with a kernel of 1 there. */
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros before and after, along time and frequency. */
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
  readonly groups: number;
  readonly batch: number;
  /** Time and frequency extents, in and out. */
  readonly inExtent: readonly [number, number];
  readonly outExtent: readonly [number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly outShape: Shape;
}

/** All numbers of a convolution, 1-D and 2-D alike, checked against each other. */
export function convGeometry(node: GraphNode, shapes: readonly Shape[]): ConvGeometry {
  const [x, w, b, residual] = shapes as [Shape, Shape, Shape | undefined, Shape | undefined];
  const { axes, inExtent, pair, pads, shapeOf } = windowAxes(node, shapes);
  if (w.length !== x.length)
    throw new ShapeError(node, shapes, 'the kernel must be [time, (frequency,) channels in a group, channels out]');
  const stride = pair('strides', [1, 1]);
  const dilation = pair('dilations', [1, 1]);
  const groups = numberAttribute(node, 'groups', 1);
  const kernel = [w[0], axes === 1 ? 1 : w[1]] as const;
  const inChannels = x.at(-1)!;
  const outChannels = w.at(-1)!;
  if (inChannels % groups || outChannels % groups || w.at(-2) !== inChannels / groups) {
    throw new ShapeError(
      node,
      shapes,
      `${groups} groups must divide both channel counts and leave the kernel's channels`,
    );
  }
  if (b?.length && (b.length !== 1 || b[0] !== outChannels))
    throw new ShapeError(node, shapes, 'the bias must have one element a channel out');
  const out = [0, 1].map((axis) => {
    const reach = (kernel[axis] - 1) * dilation[axis] + 1;
    return Math.floor((inExtent[axis] + pads[axis][0] + pads[axis][1] - reach) / stride[axis]) + 1;
  }) as [number, number];
  if (out[0] < 1 || out[1] < 1) throw new ShapeError(node, shapes, 'the kernel reaches over the whole padded input');
  const outShape = shapeOf(out, outChannels);
  if (
    residual?.length &&
    (residual.length !== outShape.length || residual.some((extent, i) => extent !== outShape[i]))
  ) {
    throw new ShapeError(node, shapes, `the residual must have the output's shape [${outShape.join(', ')}]`);
  }
  return {
    kernel,
    stride,
    dilation,
    pads,
    groups,
    batch: x[0],
    inExtent,
    outExtent: out,
    inChannels,
    outChannels,
    outShape,
  };
}

/**
 * A window along time that never looks ahead of its own stride: with this many zeros before and none after, output i
 * needs inputs up to i * stride + stride - 1 only, so a stream can be cut at any multiple of the stride. The rows
 * carried over are exactly the padding. `undefined` if the window is not of that kind.
 */
export function causalHistory(
  kernel: number,
  stride: number,
  dilation: number,
  pads: readonly [number, number],
  time: number,
): number | undefined {
  const history = (kernel - 1) * dilation + 1 - stride;
  return pads[0] === history && pads[1] === 0 && history >= 0 && time % stride === 0 ? history : undefined;
}

/** `history` ++ x along axis 1; the last rows become the new history. */
export function prependHistory(x: Tensor, history: FloatTensor): Tensor {
  const [batch, time, ...rest] = x.shape as [number, number, ...number[]];
  const row = sizeOf(rest);
  const kept = history.shape[1];
  const joined = zeros([batch, kept + time, ...rest]);
  for (let b = 0; b < batch; b++) {
    const at = b * (kept + time) * row;
    joined.data.set(history.data.subarray(b * kept * row, (b + 1) * kept * row), at);
    joined.data.set(x.data.subarray(b * time * row, (b + 1) * time * row), at + kept * row);
    history.data.set(joined.data.subarray(at + time * row, at + (time + kept) * row), b * kept * row);
  }
  return joined;
}

/**
 * Convolution over time (and frequency), as ONNX's Conv with channels last:
 *   y[b, t, f, o] = activation(bias[o] + residual[b, t, f, o]
 *     + sum over i, j, c of x[b, t s_t + i d_t - p_t, f s_f + j d_f - p_f, c] w[i, j, c, o])
 * Inputs x, w [k_t, (k_f,) channels / groups, channels out], bias and residual (both may be left out). Attributes
 * strides, dilations, pads [before, after, ...], groups, activation.
 */
export const conv: Op = {
  name: 'conv',
  infer(node, shapes) {
    fusedActivation(node);
    return [convGeometry(node, shapes).outShape];
  },
  state(node, shapes) {
    const { kernel, stride, dilation, pads, inExtent } = convGeometry(node, shapes);
    const history = causalHistory(kernel[0], stride[0], dilation[0], pads[0], inExtent[0]);
    if (history === undefined) return undefined;
    return history === 0 ? [] : [[history, ...shapes[0].slice(2)]];
  },
  compute(node, inputs, state) {
    const [given, w, bias, residual] = inputs as [Tensor, Tensor, Tensor | undefined, Tensor | undefined];
    const shape = inputs.map((input) => input.shape);
    const { kernel, stride, dilation, pads, groups, batch, outExtent, inChannels, outChannels, outShape, inExtent } =
      convGeometry(node, shape);
    // With state, the rows before the first are in front of x instead of being padding.
    const x = state[0] ? prependHistory(given, state[0]) : given;
    const time = x.shape[1];
    const before = state[0] ? 0 : pads[0][0];
    const y = zeros(outShape);
    const groupIn = inChannels / groups;
    const groupOut = outChannels / groups;
    for (let b = 0, at = 0; b < batch; b++) {
      for (let t = 0; t < outExtent[0]; t++) {
        for (let f = 0; f < outExtent[1]; f++) {
          for (let o = 0; o < outChannels; o++, at++) {
            const firstChannel = Math.floor(o / groupOut) * groupIn;
            let sum = (bias?.data[o] ?? 0) + (residual?.data[at] ?? 0);
            for (let i = 0; i < kernel[0]; i++) {
              const row = t * stride[0] + i * dilation[0] - before;
              if (row < 0 || row >= time) continue;
              for (let j = 0; j < kernel[1]; j++) {
                const column = f * stride[1] + j * dilation[1] - pads[1][0];
                if (column < 0 || column >= inExtent[1]) continue;
                const from = ((b * time + row) * inExtent[1] + column) * inChannels + firstChannel;
                const weight = (i * kernel[1] + j) * groupIn * outChannels + o;
                for (let c = 0; c < groupIn; c++) sum += x.data[from + c] * w.data[weight + c * outChannels];
              }
            }
            y.data[at] = sum;
          }
        }
      }
    }
    applyActivation(y.data, fusedActivation(node));
    return [y];
  },
  multiplyAdds(node, shapes) {
    const { kernel, groups, inChannels, outShape } = convGeometry(node, shapes);
    return (sizeOf(outShape) * kernel[0] * kernel[1] * inChannels) / groups;
  },
};
