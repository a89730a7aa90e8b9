import { ShapeError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { type Shape, sizeOf, zeros } from '../graph/tensor.ts';
import { numberAttribute, type Op } from './op.ts';
import { applyActivation, fusedActivation } from './unary.ts';
import { windowAxes } from './window.ts';

export interface ConvTransposeGeometry {
  /** Time and frequency, as in ConvGeometry. */
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Positions cut off before and after. */
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
  readonly groups: number;
  readonly batch: number;
  readonly inExtent: readonly [number, number];
  readonly outExtent: readonly [number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly outShape: Shape;
}

export function convTransposeGeometry(node: GraphNode, shapes: readonly Shape[]): ConvTransposeGeometry {
  const [x, w, b] = shapes as [Shape, Shape, Shape | undefined];
  const { axes, inExtent, pair, pads, shapeOf } = windowAxes(node, shapes);
  if (w.length !== x.length)
    throw new ShapeError(node, shapes, 'the kernel must be [time, (frequency,) channels in, channels out of a group]');
  const stride = pair('strides', [1, 1]);
  const dilation = pair('dilations', [1, 1]);
  const extra = pair('outputPadding', [0, 0]);
  const groups = numberAttribute(node, 'groups', 1);
  const kernel = [w[0], axes === 1 ? 1 : w[1]] as const;
  const inChannels = x.at(-1)!;
  const outChannels = w.at(-1)! * groups;
  if (inChannels % groups || w.at(-2) !== inChannels)
    throw new ShapeError(
      node,
      shapes,
      `the kernel must have ${inChannels} channels in, and ${groups} groups must divide them`,
    );
  if (b?.length && (b.length !== 1 || b[0] !== outChannels))
    throw new ShapeError(node, shapes, 'the bias must have one element a channel out');
  const outExtent = [0, 1].map(
    (axis) =>
      (inExtent[axis] - 1) * stride[axis] +
      (kernel[axis] - 1) * dilation[axis] +
      1 +
      extra[axis] -
      pads[axis][0] -
      pads[axis][1],
  ) as [number, number];
  if (outExtent[0] < 1 || outExtent[1] < 1) throw new ShapeError(node, shapes, 'the padding cuts everything off');
  const outShape = shapeOf(outExtent, outChannels);
  return {
    kernel,
    stride,
    dilation,
    pads,
    groups,
    batch: x[0],
    inExtent,
    outExtent,
    inChannels,
    outChannels,
    outShape,
  };
}

/**
 * Transposed convolution, as ONNX's ConvTranspose with channels last; each output gathers the inputs that reach it:
 *   y[b, t, f, o] = activation(bias[o] +
 *     sum over i, j, c of x[b, (t + p_t - i d_t) / s_t, (f + p_f - j d_f) / s_f, c] w[i, j, c, o])
 * where both quotients are whole and inside x. Inputs x, w [k_t, (k_f,) channels in, channels out / groups], bias (may
 * be left out). Attributes strides, dilations, pads [before, after, ...] (cut off), outputPadding, groups, activation.
 */
export const convTranspose: Op = {
  name: 'convTranspose',
  infer(node, shapes) {
    fusedActivation(node);
    return [convTransposeGeometry(node, shapes).outShape];
  },
  state(node, shapes) {
    // Only where windows do not overlap along time does each step stand for itself.
    const { kernel, stride, pads, inExtent, outExtent } = convTransposeGeometry(node, shapes);
    return kernel[0] === stride[0] && pads[0][0] === 0 && pads[0][1] === 0 && outExtent[0] === inExtent[0] * stride[0]
      ? []
      : undefined;
  },
  compute(node, [x, w, bias]) {
    const geometry = convTransposeGeometry(node, [x.shape, w.shape, bias?.shape ?? []]);
    const { kernel, stride, dilation, pads, groups, batch, inExtent, outExtent, inChannels, outChannels, outShape } =
      geometry;
    const [groupIn, groupOut] = [inChannels / groups, outChannels / groups];
    const y = zeros(outShape);
    for (let b = 0, at = 0; b < batch; b++) {
      for (let t = 0; t < outExtent[0]; t++) {
        for (let f = 0; f < outExtent[1]; f++) {
          for (let o = 0; o < outChannels; o++, at++) {
            const firstChannel = Math.floor(o / groupOut) * groupIn;
            let sum = bias?.data.length ? bias.data[o] : 0;
            for (let i = 0; i < kernel[0]; i++) {
              const row = (t + pads[0][0] - i * dilation[0]) / stride[0];
              if (!Number.isInteger(row) || row < 0 || row >= inExtent[0]) continue;
              for (let j = 0; j < kernel[1]; j++) {
                const column = (f + pads[1][0] - j * dilation[1]) / stride[1];
                if (!Number.isInteger(column) || column < 0 || column >= inExtent[1]) continue;
                const from = ((b * inExtent[0] + row) * inExtent[1] + column) * inChannels + firstChannel;
                const weight = ((i * kernel[1] + j) * inChannels + firstChannel) * groupOut + (o % groupOut);
                for (let c = 0; c < groupIn; c++) sum += x.data[from + c] * w.data[weight + c * groupOut];
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
    const { groups, outChannels } = convTransposeGeometry(node, shapes);
    const [x, w] = shapes as [Shape, Shape];
    return (sizeOf(x) * sizeOf(w.slice(0, -2)) * outChannels) / groups;
  },
};
