/** Functions of each element, and of pairs of elements. */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { dataTypeName } from '../schema.ts';
import { Size } from '../size.ts';
import type { TensorValue, Value } from '../value.ts';
import { emitBinary, emitUnary, number } from './broadcast.ts';
import type { Handler, Handlers } from './handler.ts';
import { combine, integerRules } from './integers.ts';
import { negation, operands } from './operands.ts';
import { reshapeValue } from './shape.ts';

/** An ONNX op that is one function, with the attributes it has there and their defaults. */
const unary =
  (kind: string, attributes: Readonly<Record<string, [string, number]>> = {}): Handler =>
  (node, to) => {
    const given = Object.fromEntries(
      Object.entries(attributes).map(([name, [theirs, otherwise]]) => [name, node.float(theirs, otherwise)]),
    );
    return [emitUnary(kind, node.tensor(0), to, given)];
  };

/** ONNX divides whole numbers towards zero. */
function truncated(x: TensorValue, to: Lowering): TensorValue {
  const part = (of: TensorValue): TensorValue => emitUnary('floor', emitUnary('relu', of, to), to);
  return emitBinary(undefined, 'subtract', part(x), part(emitUnary('negate', x, to)), to);
}

export function arithmetic(node: OnnxNode, kind: string, a: Value, b: Value, to: Lowering): Value {
  const rule = integerRules[kind];
  if (rule && a.kind === 'integers' && b.kind === 'integers') return combine(node, a, b, (m, n) => rule(node, m, n));
  const isWhole = to.isWhole(a) && to.isWhole(b);
  const result = emitBinary(node, kind, a, b, to);
  if (!isWhole) return result;
  return to.asWhole(kind === 'divide' ? truncated(result, to) : result);
}

const binary =
  (kind: string): Handler =>
  (node, to) => [arithmetic(node, kind, ...operands(node, to), to)];

/** Any number of operands, from the left. */
const variadic =
  (kind: string): Handler =>
  (node, to) => {
    const values = node.inputs.map((_, i) => node.required(i));
    if (values.length === 0) node.fail('it has no inputs');
    return [values.reduce((sum, value) => arithmetic(node, kind, sum, value, to))];
  };

const largest = 3.4028234663852886e38;

const clip: Handler = (node, to) => {
  const x = node.tensor(0);
  const inputs = node.opset < 11 ? [] : [node.input(1), node.input(2)];
  const known = inputs.map((bound) => bound && to.constantOf(bound)?.data);
  if (inputs.every((bound, i) => !bound || known[i]?.length === 1)) {
    const [alpha, beta] = ['min', 'max'].map((name, i) => {
      const otherwise = i === 0 ? -largest : largest;
      const bound = node.opset < 11 ? node.float(name, otherwise) : (known[i]?.[0] ?? otherwise);
      return Math.max(-largest, Math.min(largest, bound));
    });
    return [emitUnary('clip', x, to, { alpha, beta })];
  }
  const low = inputs[0] ? arithmetic(node, 'maximum', x, inputs[0], to) : x;
  return [inputs[1] ? arithmetic(node, 'minimum', low, inputs[1], to) : low];
};

const gelu: Handler = (node, to) => {
  const approximate = node.string('approximate', 'none');
  if (approximate !== 'none' && approximate !== 'tanh') node.fail(`approximate = "${approximate}" is not supported`);
  return [emitUnary(approximate === 'tanh' ? 'geluTanh' : 'gelu', node.tensor(0), to)];
};

/** Small whole powers by multiplication, roots as such, all others by the function. */
const pow: Handler = (node, to) => {
  const [a, b] = operands(node, to);
  const base = to.asTensor(a) ?? node.tensor(0);
  const exponents = to.constantOf(b);
  const isOne = exponents && new Set(exponents.data).size === 1 && exponents.shape.length <= base.shape.length;
  const repeats = exponents?.shape.some((extent) => extent !== 1) === true && exponents.data.length > 1;
  const exponent = isOne && !repeats ? exponents.data[0] : NaN;
  const reciprocal = (x: TensorValue): TensorValue => emitBinary(node, 'divide', number(1, to), x, to);
  const count = Math.abs(exponent);
  if (count === 0.5) {
    const root = emitUnary('sqrt', base, to);
    return [exponent < 0 ? reciprocal(root) : root];
  }
  if (Number.isInteger(exponent) && count >= 1 && count <= 8) {
    let power = base;
    for (let i = 1; i < count; i++) power = emitBinary(node, 'multiply', power, base, to);
    if (exponent < 0) return [reciprocal(power)];
    return [to.isWhole(a) ? to.asWhole(power) : power];
  }
  // The result has the type of the base.
  const power = emitBinary(node, 'power', base, b, to);
  return [to.isWhole(a) ? to.asWhole(truncated(power, to)) : power];
};

const oldTypeName = (name: string): string => ({ float: 'float32' })[name.toLowerCase()] ?? name.toLowerCase();

const cast: Handler = (node, to) => {
  // Before operator set 6 the type is named in capitals.
  const type = node.opset < 6 ? oldTypeName(node.string('to', '')) : dataTypeName(node.int('to'));
  node.int('saturate', 1);
  node.string('round_mode', 'up');
  const value = node.required(0);
  if (type === 'float32' || type === 'double') {
    if (value.kind !== 'integers') return [value.kind === 'tensor' ? to.asFloat(value) : value];
    return [to.asFloat(node.tensor(0))];
  }
  if (type !== 'int64' && type !== 'int32' && type !== 'bool') return node.fail(`a cast to ${type} is not supported`);
  if (value.kind === 'integers') {
    return [
      type === 'bool'
        ? { ...value, elements: value.elements.map((element) => Size.of(element.constant === 0 ? 0 : 1)) }
        : value,
    ];
  }
  const known = to.constantOf(value);
  if (known) {
    const rounded = (x: number): number => (type === 'bool' ? Number(x !== 0) : Math.trunc(x));
    return [{ kind: 'integers', shape: known.shape, elements: Array.from(known.data, (x) => Size.of(rounded(x))) }];
  }
  const x = node.tensor(0);
  if (type === 'bool') return [to.asWhole(negation(negation(x, to), to))];
  return [to.isWhole(x) ? x : to.asWhole(truncated(x, to))];
};

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which does not overflow. */
function softplus(x: TensorValue, to: Lowering): TensorValue {
  const tail = emitUnary('exp', emitUnary('negate', emitUnary('abs', x, to), to), to);
  const logarithm = emitUnary('log', emitBinary(undefined, 'add', tail, number(1, to), to), to);
  return emitBinary(undefined, 'add', emitUnary('relu', x, to), logarithm, to);
}

function remainder(node: OnnxNode, a: Size, b: Size): Size {
  if (a.constant === undefined || b.constant === undefined || b.constant === 0)
    return node.fail(`can't divide ${a.toString()} by ${b.toString()}`);
  const [m, n] = [a.constant, b.constant];
  return Size.of(node.int('fmod', 0) === 1 ? m % n : m - n * Math.floor(m / n));
}

const identity: Handler = (node) => [node.required(0)];

const dropout: Handler = (node, to) => {
  if (node.opset < 7) node.only('is_test', 1);
  node.float('ratio', 0.5);
  node.int('seed', 0);
  if (node.opset >= 12) {
    node.input(1);
    const training = node.input(2);
    const flag = training && to.constantOf(training)?.data[0];
    if (training && flag !== 0) node.fail('training_mode is not supported');
  }
  return [node.required(0)];
};

export const elementwise: Handlers = {
  Abs: unary('abs'),
  Add: binary('add'),
  Cast: cast,
  Ceil: (node, to) => [emitUnary('negate', emitUnary('floor', emitUnary('negate', node.tensor(0), to), to), to)],
  Celu: (node, to) => {
    const alpha = number(node.float('alpha', 1), to);
    const unit = emitUnary('elu', emitBinary(node, 'divide', node.tensor(0), alpha, to), to);
    return [emitBinary(node, 'multiply', unit, alpha, to)];
  },
  Clip: clip,
  Cos: unary('cos'),
  Div: binary('divide'),
  Dropout: dropout,
  Elu: unary('elu', { alpha: ['alpha', 1] }),
  Erf: unary('erf'),
  Exp: unary('exp'),
  Floor: unary('floor'),
  Gelu: gelu,
  HardSigmoid: unary('hardSigmoid', { alpha: ['alpha', 0.2], beta: ['beta', 0.5] }),
  HardSwish: unary('hardSwish'),
  Identity: identity,
  LeakyRelu: unary('leakyRelu', { alpha: ['alpha', 0.01] }),
  Log: unary('log'),
  Max: variadic('maximum'),
  Mean: (node, to) => {
    const [sum] = variadic('add')(node, to);
    return [emitBinary(node, 'divide', sum!, number(node.inputs.length, to), to)];
  },
  Min: variadic('minimum'),
  Mish: (node, to) => {
    const x = node.tensor(0);
    return [emitBinary(node, 'multiply', x, emitUnary('tanh', softplus(x, to), to), to)];
  },
  Mod: (node, to) => {
    const [a, b] = [node.required(0), node.required(1)];
    if (a.kind === 'integers' && b.kind === 'integers') return [combine(node, a, b, (m, n) => remainder(node, m, n))];
    const quotient = emitBinary(node, 'divide', a, b, to);
    const isWhole = to.isWhole(a) && to.isWhole(b);
    const whole = node.int('fmod', 0) === 1 ? truncated(quotient, to) : emitUnary('floor', quotient, to);
    const rest = emitBinary(node, 'subtract', a, emitBinary(node, 'multiply', whole, b, to), to);
    return [isWhole ? to.asWhole(rest) : rest];
  },
  Mul: binary('multiply'),
  Neg: (node, to) => {
    const x = node.required(0);
    return [
      x.kind === 'integers'
        ? { ...x, elements: x.elements.map((element) => element.times(-1)) }
        : emitUnary('negate', node.tensor(0), to),
    ];
  },
  PRelu: (node, to) => {
    const [x, slope] = [node.tensor(0), node.tensor(1)];
    // Before operator set 7 a list of slopes is one for each channel.
    const perChannel = node.opset < 7 && slope.shape.length === 1 && slope.shape[0].constant !== 1;
    const shape = [...slope.shape, ...x.shape.slice(2).map(() => Size.of(1))];
    return [emitBinary(node, 'prelu', x, perChannel ? reshapeValue(slope, shape, to) : slope, to)];
  },
  Pow: pow,
  Reciprocal: (node, to) => [emitBinary(node, 'divide', number(1, to), node.tensor(0), to)],
  Relu: unary('relu'),
  Round: unary('round'),
  Selu: (node, to) => {
    const scaled = emitUnary('elu', node.tensor(0), to, { alpha: node.float('alpha', 1.6732632) });
    return [emitBinary(node, 'multiply', scaled, number(node.float('gamma', 1.050701), to), to)];
  },
  Sigmoid: unary('sigmoid'),
  Sign: (node, to) => {
    const [x, zero] = [node.tensor(0), number(0, to)];
    return [
      emitBinary(
        node,
        'subtract',
        emitBinary(node, 'greater', x, zero, to),
        emitBinary(node, 'greater', zero, x, to),
        to,
      ),
    ];
  },
  Sin: unary('sin'),
  Softplus: (node, to) => [softplus(node.tensor(0), to)],
  Softsign: (node, to) => {
    const x = node.tensor(0);
    return [emitBinary(node, 'divide', x, emitBinary(node, 'add', emitUnary('abs', x, to), number(1, to), to), to)];
  },
  Sqrt: unary('sqrt'),
  Sub: binary('subtract'),
  Sum: variadic('add'),
  Swish: (node, to) => {
    const x = node.tensor(0);
    const gate = emitUnary('sigmoid', emitBinary(node, 'multiply', x, number(node.float('alpha', 1), to), to), to);
    return [emitBinary(node, 'multiply', x, gate, to)];
  },
  Tanh: unary('tanh'),
  ThresholdedRelu: (node, to) => {
    const x = node.tensor(0);
    return [emitBinary(node, 'mask', emitBinary(node, 'greater', x, number(node.float('alpha', 1), to), to), x, to)];
  },
};
