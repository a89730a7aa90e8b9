import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { identityOrder, type TensorValue, type Value } from '../value.ts';
import { broadcastSizes, emitBinary, number } from './broadcast.ts';
import type { Handlers } from './handler.ts';

const one = Size.of(1);

/** x W over the last axis of x, whatever order its other axes are in. */
function emitDense(node: OnnxNode, x: TensorValue, w: Operand, bias: Operand | undefined, to: Lowering): TensorValue {
  const last = x.shape.length - 1;
  const order = x.order.at(-1) === last ? x.order : [...x.order.filter((axis) => axis !== last), last];
  const operand = to.arrange(x, order);
  if (!to.same(x.shape[last], w.shape[0]) && x.shape[last].constant !== undefined)
    node.fail(`shapes [${x.shape.join(', ')}] and [${w.shape.join(', ')}] can't be multiplied`);
  return to.tensorValue(
    to.emitOne('dense', [operand, w, bias], {}, [...operand.shape.slice(0, -1), w.shape[1]]),
    order,
  );
}

/** The matrix at the end of a constant whose other axes are all 1. */
function matrixOf(value: TensorValue, to: Lowering): Operand | undefined {
  if (!to.constants.has(value.name) || value.shape.length < 2) return undefined;
  if (value.shape.slice(0, -2).some((size) => size.constant !== 1)) return undefined;
  return to.reshape(to.arrange(value, identityOrder(value.shape.length)), value.shape.slice(-2));
}

/** The product of the matrices in the last two axes, those in front broadcast. */
export function multiply(node: OnnxNode, a: TensorValue, b: TensorValue, to: Lowering): TensorValue {
  const w = matrixOf(b, to);
  if (w && !to.constants.has(a.name) && a.shape.length >= b.shape.length) return emitDense(node, a, w, undefined, to);
  const batch = broadcastSizes(node, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [k, n] = [a.shape.at(-1)!, b.shape.at(-2)!];
  if (!to.same(k, n) && k.constant !== undefined && n.constant !== undefined)
    node.fail(`shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] can't be multiplied`);
  const operands = [a, b].map((value) => to.arrange(value, identityOrder(value.shape.length)));
  return to.tensorValue(to.emitOne('matmul', operands, {}, [...batch, a.shape.at(-2)!, b.shape.at(-1)!]));
}

/** A vector as a matrix, with an axis of extent 1 put at one end. */
function asMatrix(value: TensorValue, front: boolean, to: Lowering): TensorValue {
  if (value.shape.length !== 1) return value;
  const shape = front ? [one, value.shape[0]] : [value.shape[0], one];
  return to.tensorValue(to.reshape({ name: value.name, shape: value.shape }, shape));
}

/** C of Gemm as a dense layer's bias, if it is one number a column. */
function biasOf(c: Value | undefined, scale: number, columns: number | undefined, to: Lowering): Operand | undefined {
  const tensor = c && to.constantOf(c);
  if (
    !tensor ||
    columns === undefined ||
    ![1, columns].includes(tensor.data.length) ||
    (tensor.shape.at(-1) ?? 1) !== tensor.data.length
  )
    return undefined;
  return to.constant(
    [columns],
    Float32Array.from({ length: columns }, (_, i) => scale * tensor.data[tensor.data.length === 1 ? 0 : i]),
  );
}

export const products: Handlers = {
  MatMul(node, to) {
    const [a, b] = [node.tensor(0), node.tensor(1)];
    if (a.shape.length === 0 || b.shape.length === 0) node.fail('a factor has no axes');
    const y = multiply(node, asMatrix(a, true, to), asMatrix(b, false, to), to);
    const rank = y.shape.length;
    const gone = [...(a.shape.length === 1 ? [rank - 2] : []), ...(b.shape.length === 1 ? [rank - 1] : [])];
    if (gone.length === 0) return [y];
    const shape = y.shape.filter((_, axis) => !gone.includes(axis));
    return [to.tensorValue(to.reshape(to.arrange(y, identityOrder(rank)), shape))];
  },

  Gemm(node, to) {
    const turned = (value: TensorValue, flag: string): TensorValue => {
      if (value.shape.length !== 2) node.fail(`a factor has ${value.shape.length} axes instead of 2`);
      if (node.int(flag, 0) === 0) return value;
      return { ...value, shape: [value.shape[1], value.shape[0]], order: value.order.map((axis) => 1 - axis) };
    };
    const [a, b] = [turned(node.tensor(0), 'transA'), turned(node.tensor(1), 'transB')];
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
    if (node.opset < 7) node.int('broadcast', 0);
    const scaled = alpha === 1 ? b : emitBinary(node, 'multiply', b, number(alpha, to), to);
    const c = node.input(2);
    const w = matrixOf(scaled, to);
    const bias = biasOf(c, beta, scaled.shape[1].constant, to);
    if (w && !to.constants.has(a.name) && (!c || bias)) return [emitDense(node, a, w, bias, to)];
    const y = multiply(node, a, scaled, to);
    if (!c) return [y];
    return [emitBinary(node, 'add', y, beta === 1 ? c : emitBinary(node, 'multiply', c, number(beta, to), to), to)];
  },
};
