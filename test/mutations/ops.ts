/** Reference computations: against naive loops, and cut along time. */
import { inFile } from './mutation.ts';

const naive = 'test/ops/naive.test.ts';
const reference = 'test/ops/reference.test.ts';
const streams = 'test/ops/streams.test.ts';

export const ops = [
  ...inFile('src/ops/conv.ts', [
    ['history.data.set(joined', 'void (joined', reference, '^conv:'],
    ['row < 0 || row >= time', 'row < 0', naive, '^conv:'],
    ['column < 0 || column >= inExtent[1]', 'column < 0', naive, '^conv:'],
    ['Math.floor(o / groupOut) * groupIn', '0', naive, '^conv:'],
    ['(residual?.data[at] ?? 0)', '0', naive, '^conv:'],
    ['pads[1] === 0 && history', 'history', streams],
    ['time % stride === 0 ?', 'true ?', streams],
  ]),
  ...inFile('src/ops/conv-transpose.ts', [
    ['!Number.isInteger(row) || row < 0', 'row < 0', naive, '^convTranspose'],
    ['extra[axis] -', '0 -', naive, '^convTranspose'],
  ]),
  ...inFile('src/ops/gru.ts', [
    ['sigmoid(rx + rh) * nh', 'sigmoid(rx + rh) + nh', naive, '^gru'],
    ['if (first?.data.length) h.data.set(first.data);', '', naive, '^gru'],
    ['reverse ? time - 1 - step : step', 'step', naive, '^gru'],
  ]),
  ...inFile('src/ops/lstm.ts', [
    ['sigmoid(project(1)) * Math.tanh(c.data[at])', 'sigmoid(project(1)) * c.data[at]', naive, '^lstm'],
    ['state[1] ?? zeros([batch, hidden])', 'zeros([batch, hidden])', reference, '^lstm'],
    ['if (firstC?.data.length) c.data.set(firstC.data);', '', naive, '^lstm'],
  ]),
  ...inFile('src/ops/normalise.ts', [['- mean) ** 2', '- mean)', naive, '^normalise']]),
  ...inFile('src/ops/pool.ts', [
    ['let [sum, largest, count] = [0, -Infinity, 0]', 'let [sum, largest, count] = [0, 0, 0]', naive, '^pool'],
    ["kind !== 'average' || !countPadding", 'false', streams],
  ]),
  ...inFile('src/ops/reduce.ts', [
    ['min: () => Math.min(...values)', 'min: () => Math.max(...values)', naive, '^reduce'],
    ['axes[0] >= 2 ? [] : undefined', '[]', streams],
  ]),
  ...inFile('src/ops/softmax.ts', [
    ['x.length >= 3 ? [] : undefined', '[]', streams],
    ['logit - largest), 0)', 'logit), 0)', naive, '^softmax'],
  ]),
  ...inFile('src/ops/movement.ts', [['axis >= 2', 'axis >= 1', streams]]),
  ...inFile('src/ops/binary.ts', [
    ['a < 0 ? a * b : a', 'a * b', naive, '^binary'],
    ['operand[i] === 1 ? 0 : own[i]', 'false ? 0 : own[i]', naive, '^binary'],
  ]),
  ...inFile('src/ops/activation.ts', [
    ['alpha * Math.expm1(x)', 'Math.expm1(x)', naive, '^unary'],
    ['x / 6 + 0.5', 'x / 3 + 0.5', naive, '^unary'],
    ['0.044715', '0.044', naive, '^unary'],
  ]),
  ...inFile('src/ops/pad.ts', [['2 * last - inside', 'last - inside', naive, '^pad']]),
  ...inFile('src/ops/slice.ts', [['step > 0 ? 0 : -1', '0', naive, '^slice']]),
  ...inFile('src/ops/repeat.ts', [['position % x[axis]', 'position', naive, '^repeat']]),
  ...inFile('src/ops/gather.ts', [['positiveAxis(index, x', 'Math.abs(index % x', naive, '^gather']]),
  ...inFile('src/ops/logmel.ts', [['history?.set(joined.subarray(samples));', '', reference, '^logmel']]),
  ...inFile('src/ops/transpose.ts', [['permutation[0] === 0 && permutation[1] === 1 ? [] : undefined', '[]', streams]]),
];
