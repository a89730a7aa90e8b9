/** Kernels that need no packed weights: elementwise ones, the product of two computed tensors, and moving data. */
import { GraphError } from '../../../errors.ts';
import { sameShape, sizeOf, stridesOf } from '../../../graph/tensor.ts';
import { binaryKind, broadcastStrides } from '../../../ops/binary.ts';
import { opNamed } from '../../../ops/index.ts';
import { matmulGeometry } from '../../../ops/matmul.ts';
import { fusedActivation, unaryAttributes } from '../../../ops/unary.ts';
import { activationConstants, type Builder, constantIn, lanes, spread } from './common.ts';

/** Axes that the shaders' parameter lists hold. */
export const axisLimit = 6;

export const unary: Builder = ({ planned: { node, outputShapes }, lowering, limits }) => {
  const count = sizeOf(outputShapes[0]);
  const x = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: {
      file: 'unary.wgsl',
      entry: 'main',
      constants: { ...activationConstants(unaryAttributes(node)), LANES: lanes },
    },
    grid: spread(Math.ceil(count / (4 * lanes)), limits),
    reads: [x],
    writes: [y],
    params: (places) => ({ x: places.value(x), y: places.value(y), count }),
  });
};

export const binary: Builder = ({ planned: { node, inputShapes, outputShapes }, lowering, limits }) => {
  const [shape] = outputShapes;
  const count = sizeOf(shape);
  if (shape.length > axisLimit)
    throw new GraphError(node, `the webgpu backend takes up to ${axisLimit} axes, got ${shape.length}`);
  const period = sizeOf(inputShapes[1]);
  const isSuffix = sameShape(inputShapes[1], shape.slice(shape.length - inputShapes[1].length));
  const fours = sameShape(inputShapes[0], shape) && isSuffix && (period === count || period % 4 === 0);
  const [strides, aStrides, bStrides] = [
    stridesOf(shape),
    broadcastStrides(inputShapes[0], shape),
    broadcastStrides(inputShapes[1], shape),
  ];
  const axes = shape.flatMap((extent, axis) => [strides[axis], extent, aStrides[axis], bStrides[axis]]);
  const [a, b] = node.inputs.map((name) => lowering.operand(name));
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: {
      file: 'binary.wgsl',
      entry: fours ? 'fours' : 'spread',
      constants: {
        KIND: constantIn('binary.wgsl', binaryKind(node)),
        ...activationConstants(fusedActivation(node)),
        LANES: lanes,
      },
    },
    grid: spread(Math.ceil(count / (fours ? 4 * lanes : lanes)), limits),
    reads: [a, b],
    writes: [y],
    params: (places) => ({
      axes,
      a: places.value(a),
      b: places.value(b),
      y: places.value(y),
      count,
      rank: shape.length,
      period,
    }),
  });
};

/** Product of two computed tensors; a square of results a workgroup. */
export const matmul: Builder = ({ planned: { node, inputShapes }, lowering, limits }) => {
  const { rows, inner, columns, batchShape } = matmulGeometry(node, inputShapes);
  if (batchShape.length > axisLimit)
    throw new GraphError(
      node,
      `the webgpu backend takes up to ${axisLimit} axes in front of the matrices, got ${batchShape.length}`,
    );
  const strides = stridesOf(batchShape);
  const [aStrides, bStrides] = inputShapes.map((shape) => {
    const matrix = sizeOf(shape.slice(-2));
    return broadcastStrides(shape.slice(0, -2), batchShape).map((stride) => stride * matrix);
  });
  const side = constantIn('matmul.wgsl', 'side');
  const tiles = sizeOf(batchShape) * Math.ceil(rows / side) * Math.ceil(columns / side);
  const [a, b] = node.inputs.map((name) => lowering.operand(name));
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: { file: 'matmul.wgsl', entry: 'main', constants: {} },
    grid: spread(tiles, limits),
    reads: [a, b],
    writes: [y],
    params: (places) => ({
      axes: batchShape.flatMap((extent, axis) => [strides[axis], extent, aStrides[axis], bStrides[axis]]),
      a: places.value(a),
      b: places.value(b),
      y: places.value(y),
      rank: batchShape.length,
      rows,
      inner,
      columns,
      tiles,
    }),
  });
};

const floatBits = new Uint32Array(1);

/** Any op that tells where its elements come from. The table is made for the program, with addresses in the arena. */
export const movement: Builder = ({ planned: { node, inputShapes, outputShapes }, lowering, limits }) => {
  const { sources, fill } = opNamed(node).movement!(node, inputShapes);
  const count = sizeOf(outputShapes[0]);
  const from = node.inputs.map((name, input) => (name !== '' && sources[input] ? lowering.operand(name) : ''));
  const [y] = node.outputs;
  const table = lowering.weights(
    `${node.outputs[0]}: table`,
    count,
    (places) => {
      const addresses = new Int32Array(count).fill(-1);
      from.forEach((name, input) => {
        if (name === '') return;
        const [start, source] = [places.value(name), sources[input]];
        for (let i = 0; i < count; i++) if (source[i] >= 0) addresses[i] = start + source[i];
      });
      return addresses;
    },
    true,
  );
  new Float32Array(floatBits.buffer)[0] = fill;
  const fillBits = floatBits[0];
  lowering.step({
    node: node.name,
    kernel: { file: 'copy.wgsl', entry: 'main', constants: { LANES: lanes } },
    grid: spread(Math.ceil(count / lanes), limits),
    reads: from.filter((name) => name !== ''),
    writes: [y],
    params: (places) => ({ table: places.weights(table), y: places.value(y), count, fill: fillBits }),
  });
};

/** The same memory under another shape. */
export const reshape: Builder = ({ planned: { node }, lowering }) => lowering.alias(node.outputs[0], node.inputs[0]);
