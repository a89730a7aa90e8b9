import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { identityOrder, type TensorValue } from '../value.ts';
import { broadcastSizes, emitBinary } from './broadcast.ts';
import type { Handlers } from './handler.ts';
import { reshapeValue } from './shape.ts';

/** The numbers of an input that must be a constant with one element a channel. */
function channelConstant(node: OnnxNode, i: number, channels: number | undefined, to: Lowering): Float32Array {
  const tensor = to.constantOf(node.required(i));
  if (tensor?.shape.length !== 1 || tensor.data.length !== channels)
    return node.fail(
      `input ${i} must be a constant with one element for each of ${channels ?? 'a fixed number of'} channels`,
    );
  return tensor.data;
}

/** One number a channel, for ONNX axis 1 of x. */
function alongChannels(values: Float32Array, x: TensorValue, to: Lowering): TensorValue {
  return to.tensorValue(to.constant([values.length, ...x.shape.slice(2).map(() => 1)], values));
}

/** (x - mean) / sqrt(variance + epsilon) over ONNX axes, without a scale; in the order that x has. */
function emitNormalise(x: TensorValue, axes: readonly number[], epsilon: number, to: Lowering): TensorValue {
  const operand = { name: x.name, shape: x.order.map((axis) => x.shape[axis]) };
  const own = x.order.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
  return to.tensorValue(to.emitOne('normalise', [operand], { axes: own, epsilon }, operand.shape), x.order);
}

export const normalizations: Handlers = {
  BatchNormalization(node, to) {
    const x = node.tensor(0);
    if (x.shape.length < 2) node.fail('x has no channels');
    node.float('momentum', 0.9);
    node.only('training_mode', 0);
    if (node.opset < 7) node.only('is_test', 1);
    if (node.opset < 9) node.only('spatial', 1);
    const channels = x.shape[1].constant;
    const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => channelConstant(node, i, channels, to)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const epsilon = node.float('epsilon', 1e-5);
    const factor = scale.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
    const summand = bias.map((value, c) => value - mean[c] * factor[c]);
    const scaled = emitBinary(node, 'multiply', x, alongChannels(factor, x, to), to);
    return [emitBinary(node, 'add', scaled, alongChannels(summand, x, to), to)];
  },

  GroupNormalization(node, to) {
    const x = node.tensor(0);
    const groups = node.int('num_groups');
    const channels = node.known(x.shape[1], 'the number of channels');
    if (!(groups > 0) || channels % groups !== 0) node.fail(`${groups} groups do not divide ${channels} channels`);
    // Up to operator set 20 scale and bias have one element a group, later one a channel.
    if (node.opset >= 21) node.only('stash_type', 1);
    const spread = (i: number): TensorValue => {
      if (node.opset >= 21) return alongChannels(channelConstant(node, i, channels, to), x, to);
      const values = channelConstant(node, i, groups, to);
      return alongChannels(
        Float32Array.from({ length: channels }, (_, c) => values[Math.floor((c * groups) / channels)]),
        x,
        to,
      );
    };
    const grouped = reshapeValue(x, [x.shape[0], Size.of(groups), Size.of(channels / groups), ...x.shape.slice(2)], to);
    const unit = emitNormalise(grouped, identityOrder(grouped.shape.length).slice(2), node.float('epsilon', 1e-5), to);
    const scaled = emitBinary(node, 'multiply', reshapeValue(unit, x.shape, to), spread(1), to);
    return [emitBinary(node, 'add', scaled, spread(2), to)];
  },

  InstanceNormalization(node, to) {
    const x = node.tensor(0);
    if (x.shape.length < 3) node.fail(`x has ${x.shape.length} axes, but it needs spatial ones`);
    const [scale, bias] = [1, 2].map((i) => channelConstant(node, i, x.shape[1].constant, to)) as [
      Float32Array,
      Float32Array,
    ];
    const order = [0, ...identityOrder(x.shape.length).slice(2), 1];
    const operand = to.arrange(x, order);
    const vectors = [scale, bias].map((values) => to.constant([values.length], values));
    const axes = identityOrder(x.shape.length).slice(1, -1);
    return [
      to.tensorValue(
        to.emitOne('normalise', [operand, ...vectors], { axes, epsilon: node.float('epsilon', 1e-5) }, operand.shape),
        order,
      ),
    ];
  },

  LayerNormalization(node, to) {
    const x = node.tensor(0);
    const rank = x.shape.length;
    const axes = identityOrder(rank).slice(node.axis(node.int('axis', -1), rank));
    node.only('stash_type', 1);
    const epsilon = node.float('epsilon', 1e-5);
    const [scale, bias] = [node.tensor(1), node.optionalTensor(2)];
    // Scale and bias have the normalised axes' extents, or repeat along them: never the other way round.
    for (const vector of [scale, bias]) {
      const extents = broadcastSizes(node, vector?.shape ?? [], x.shape.slice(axes[0]));
      if (extents.length > axes.length || extents.some((size, i) => !to.same(size, x.shape[axes[i]])))
        node.fail(`scale and bias [${vector?.shape.join(', ')}] do not fit [${x.shape.slice(axes[0]).join(', ')}]`);
    }
    const vectors = [scale, bias].map((value) => value && to.constantOf(value));
    const last = x.shape[rank - 1].constant;
    if (
      axes.length === 1 &&
      last !== undefined &&
      vectors[0]?.data.length === last &&
      (!bias || vectors[1]?.data.length === last)
    ) {
      const order = x.order.at(-1) === rank - 1 ? x.order : [...x.order.filter((axis) => axis !== rank - 1), rank - 1];
      const operand = to.arrange(x, order);
      const constants = vectors.map((vector) => vector && to.constant([last], vector.data));
      return [
        to.tensorValue(
          to.emitOne('normalise', [operand, ...constants], { axes: [rank - 1], epsilon }, operand.shape),
          order,
        ),
      ];
    }
    const scaled = emitBinary(node, 'multiply', emitNormalise(x, axes, epsilon, to), scale, to);
    return [bias ? emitBinary(node, 'add', scaled, bias, to) : scaled];
  },
};
