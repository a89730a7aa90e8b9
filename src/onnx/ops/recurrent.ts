/** GRU and LSTM. Sequences of ONNX are [time, batch, features], and its results [time, directions, batch, hidden]. */
import type { Operand } from '../emission.ts';
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import { sameOrder, type TensorValue, type Value } from '../value.ts';
import type { Handlers } from './handler.ts';

type Direction = 'forward' | 'reverse';

interface Recurrent {
  readonly x: Operand;
  readonly hidden: number;
  readonly batch: Size;
  readonly time: Size;
  readonly directions: readonly Direction[];
}

/** The value with its ONNX axes in another order: axis i is what was axis `from[i]`. Nothing moves. */
const turned = (value: TensorValue, from: readonly number[]): TensorValue => ({
  ...value,
  shape: from.map((axis) => value.shape[axis]),
  order: value.order.map((axis) => from.indexOf(axis)),
});

/** Results with the batch in front, where attribute `layout` asks for it. */
function laidOut(node: OnnxNode, [y, ...states]: readonly (TensorValue | undefined)[]): (TensorValue | undefined)[] {
  if (node.int('layout', 0) !== 1) return [y, ...states];
  return [y && turned(y, [2, 0, 1, 3]), ...states.map((state) => state && turned(state, [1, 0, 2]))];
}

/** The common part of GRU and LSTM, with everything refused that would change the formula. */
function readRecurrent(node: OnnxNode, activations: readonly string[], to: Lowering): Recurrent {
  const given = node.tensor(0);
  if (given.shape.length !== 3) node.fail(`x has ${given.shape.length} axes instead of 3`);
  const x = node.int('layout', 0) === 1 ? turned(given, [1, 0, 2]) : given;
  const direction = node.string('direction', 'forward');
  const directions: Direction[] =
    direction === 'bidirectional'
      ? ['forward', 'reverse']
      : direction === 'forward' || direction === 'reverse'
        ? [direction]
        : node.fail(`direction = "${direction}" is not known`);
  const named = node.strings('activations');
  const expected = directions.flatMap(() => activations);
  if (named && named.length > 0 && named.join().toLowerCase() !== expected.join().toLowerCase())
    node.fail(`activations = ${named.join(', ')} are not supported, only ${activations.join(', ')}`);
  for (const name of ['activation_alpha', 'activation_beta'])
    if (node.floats(name)?.length) node.fail(`attribute "${name}" is not supported`);
  if (node.has('clip')) node.fail('attribute "clip" is not supported');
  if (node.opset < 7) node.int('output_sequence', 0);
  if (node.input(4)) node.fail('sequence_lens is not supported: all sequences must be of one length');
  const hidden = node.tensor(2).shape.at(-1)!.constant!;
  if (node.int('hidden_size', hidden) !== hidden) node.fail(`hidden_size = ${node.int('hidden_size')} does not fit R`);
  return { x: to.arrange(x, [1, 0, 2]), hidden, batch: x.shape[1], time: x.shape[0], directions };
}

/** Weights of one direction of W or R [directions, gates x hidden, columns], turned to [columns, gates x hidden]. */
function weightsOf(
  node: OnnxNode,
  i: number,
  direction: number,
  { directions, hidden }: Recurrent,
  gates: number,
  to: Lowering,
): Operand {
  const value = node.tensor(i);
  const tensor = to.constantOf(value);
  if (!tensor || !sameOrder(tensor.shape.slice(0, 2), [directions.length, gates * hidden]) || tensor.shape.length !== 3)
    return node.fail(`input ${i} must be a constant of shape [${directions.length}, ${gates * hidden}, ...]`);
  const [rows, columns] = [tensor.shape[1], tensor.shape[2]];
  const turned = new Float32Array(rows * columns);
  const from = direction * rows * columns;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = tensor.data[from + row * columns + column];
  return to.constant([columns, rows], turned, `${node.name}.${i === 1 ? 'W' : 'R'}`);
}

/** The two halves of B [directions, 2 x gates x hidden]: of W and of R; zeros if it is left out. */
function biasesOf(
  node: OnnxNode,
  direction: number,
  { directions, hidden }: Recurrent,
  gates: number,
  to: Lowering,
): [Float32Array, Float32Array] {
  const value = node.optionalTensor(3);
  const size = gates * hidden;
  if (!value) return [new Float32Array(size), new Float32Array(size)];
  const tensor = to.constantOf(value);
  if (!tensor || !sameOrder(tensor.shape, [directions.length, 2 * size]))
    return node.fail(`input 3 must be a constant of shape [${directions.length}, ${2 * size}]`);
  const from = direction * 2 * size;
  return [tensor.data.slice(from, from + size), tensor.data.slice(from + size, from + 2 * size)];
}

/** One direction of an initial state [directions, batch, hidden] as [batch, hidden]; undefined for zeros. */
function initialOf(
  node: OnnxNode,
  i: number,
  direction: number,
  { batch, hidden, directions }: Recurrent,
  to: Lowering,
): Operand | undefined {
  const value: Value | undefined = node.input(i);
  if (!value || (value.kind === 'filled' && value.fill === 0)) return undefined;
  const known = to.constantOf(value);
  if (known?.data.every((number) => number === 0)) return undefined;
  const given = node.tensor(i);
  const tensor = node.int('layout', 0) === 1 && given.shape.length === 3 ? turned(given, [1, 0, 2]) : given;
  if (tensor.shape.length !== 3) node.fail(`input ${i} has ${tensor.shape.length} axes instead of 3`);
  to.same(tensor.shape[1], batch);
  const all = to.arrange(tensor, [0, 1, 2]);
  const one =
    directions.length === 1
      ? all
      : to.emitOne('slice', [all], { axes: [0], starts: [direction], ends: [direction + 1], steps: [1] }, [
          Size.of(1),
          batch,
          Size.of(hidden),
        ]);
  return to.reshape(one, [batch, Size.of(hidden)]);
}

/** Joins the directions: Y [time, directions, batch, hidden] and the last states [directions, batch, hidden]. */
function joined(
  outputs: readonly Operand[],
  { batch, time, hidden, directions }: Recurrent,
  to: Lowering,
): TensorValue {
  const size = Size.of(hidden);
  const all =
    outputs.length === 1 ? outputs[0] : to.emitOne('concat', outputs, { axis: 2 }, [batch, time, size.times(2)]);
  return to.tensorValue(to.reshape(all, [batch, time, Size.of(directions.length), size]), [2, 0, 1, 3]);
}

function lastStates(states: readonly Operand[], { batch, hidden }: Recurrent, to: Lowering): TensorValue {
  const size = Size.of(hidden);
  const rows = states.map((state) => to.reshape(state, [batch, Size.of(1), size]));
  const all =
    rows.length === 1 ? rows[0] : to.emitOne('concat', rows, { axis: 1 }, [batch, Size.of(rows.length), size]);
  return to.tensorValue(all, [1, 0, 2]);
}

/** The state after the whole sequence: the last row in the direction of reading. */
function lastRow(output: Operand, direction: Direction, { batch, hidden }: Recurrent, to: Lowering): Operand {
  const [start, end] = direction === 'forward' ? [-1, 0x7fffffff] : [0, 1];
  return to.emitOne('slice', [output], { axes: [1], starts: [start], ends: [end], steps: [1] }, [
    batch,
    Size.of(1),
    Size.of(hidden),
  ]);
}

export const recurrents: Handlers = {
  GRU(node, to) {
    const all = readRecurrent(node, ['Sigmoid', 'Tanh'], to);
    if (node.int('linear_before_reset', 0) !== 1)
      node.fail(
        'linear_before_reset = 0 is not supported, only 1 (export from PyTorch, or from Keras with reset_after=True)',
      );
    const { batch, time, hidden, directions, x } = all;
    const outputs = directions.map((direction, i) => {
      const [w, r] = [weightsOf(node, 1, i, all, 3, to), weightsOf(node, 2, i, all, 3, to)];
      const [bw, br] = biasesOf(node, i, all, 3, to).map((bias, half) =>
        to.constant([3 * hidden], bias, `${node.name}.${half ? 'bR' : 'bW'}`),
      ) as [Operand, Operand];
      return to.emitOne('gru', [x, w, r, bw, br, initialOf(node, 5, i, all, to)], { direction }, [
        batch,
        time,
        Size.of(hidden),
      ]);
    });
    const last = node.outputs[1]
      ? lastStates(
          outputs.map((output, i) => lastRow(output, directions[i], all, to)),
          all,
          to,
        )
      : undefined;
    return laidOut(node, [joined(outputs, all, to), last]);
  },

  LSTM(node, to) {
    const all = readRecurrent(node, ['Sigmoid', 'Tanh', 'Tanh'], to);
    node.only('input_forget', 0);
    if (node.input(7)) node.fail('peepholes (input 7) are not supported');
    const { batch, time, hidden, directions, x } = all;
    const size = Size.of(hidden);
    const results = directions.map((direction, i) => {
      const [w, r] = [weightsOf(node, 1, i, all, 4, to), weightsOf(node, 2, i, all, 4, to)];
      const [ofW, ofR] = biasesOf(node, i, all, 4, to);
      const bias = to.constant(
        [4 * hidden],
        ofW.map((value, unit) => value + ofR[unit]),
        `${node.name}.b`,
      );
      const inputs = [x, w, r, bias, initialOf(node, 5, i, all, to), initialOf(node, 6, i, all, to)];
      const shapes = [
        [batch, time, size],
        [batch, size],
      ];
      return to.emit('lstm', inputs, { direction }, node.outputs[2] ? shapes : shapes.slice(0, 1));
    });
    const outputs = results.map(([output]) => output);
    const hiddenStates = node.outputs[1]
      ? lastStates(
          outputs.map((output, i) => lastRow(output, directions[i], all, to)),
          all,
          to,
        )
      : undefined;
    const cells = node.outputs[2]
      ? lastStates(
          results.map(([, cell]) => cell),
          all,
          to,
        )
      : undefined;
    return laidOut(node, [joined(outputs, all, to), hiddenStates, cells]);
  },
};
