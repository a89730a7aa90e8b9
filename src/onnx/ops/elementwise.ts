/** Functions of each element, and of pairs of elements. */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { dataTypeName } from '../schema.ts';
import { Size } from '../size.ts';
import type { IntegerValue, Value } from '../value.ts';
import { broadcastSizes, emitBinary, emitUnary, number } from './broadcast.ts';
import type { Handler, Handlers } from './handler.ts';
import { reshapeAny, reshapeValue, shapeOf } from './shape.ts';

/** An ONNX op that is one function, with the attributes it has there and their defaults. */
const unary =
  (kind: string, attributes: Readonly<Record<string, [string, number]>> = {}): Handler =>
  (node, to) => {
    const given = Object.fromEntries(
      Object.entries(attributes).map(([name, [theirs, otherwise]]) => [name, node.float(theirs, otherwise)]),
    );
    return [emitUnary(kind, node.tensor(0), to, given)];
  };

/** Whole numbers, element by element with broadcasting. */
function combine(node: OnnxNode, a: IntegerValue, b: IntegerValue, f: (a: Size, b: Size) => Size): IntegerValue {
  const shape = broadcastSizes(node, a.shape.map(Size.of), b.shape.map(Size.of)).map((size) => size.constant!);
  const count = shape.reduce((m, n) => m * n, 1);
  if (count > 1 << 20) node.fail('too many whole numbers');
  const at = (operand: IntegerValue, i: number): Size => {
    let [index, stride, rest] = [0, 1, i];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const own = operand.shape[axis - shape.length + operand.shape.length] ?? 1;
      if (own > 1) index += (rest % shape[axis]) * stride;
      stride *= own;
      rest = Math.floor(rest / shape[axis]);
    }
    return operand.elements[index];
  };
  return { kind: 'integers', shape, elements: Array.from({ length: count }, (_, i) => f(at(a, i), at(b, i))) };
}

function divideSizes(node: OnnxNode, a: Size, b: Size): Size {
  const exact = a.exactly(b);
  if (exact) return exact;
  // ONNX divides whole numbers towards zero; sizes are not negative.
  if (b.constant !== undefined && b.constant > 0 && !((a.constant ?? 0) < 0)) return a.floorDivide(b.constant);
  return node.fail(`can't divide ${a.toString()} by ${b.toString()}`);
}

function choose(node: OnnxNode, a: Size, b: Size, pick: (a: number, b: number) => number): Size {
  if (a.equals(b)) return a;
  if (a.constant === undefined || b.constant === undefined)
    return node.fail(`can't tell which of ${a.toString()} and ${b.toString()} is larger`);
  return Size.of(pick(a.constant, b.constant));
}

const integerRules: Readonly<Record<string, (node: OnnxNode, a: Size, b: Size) => Size>> = {
  add: (_, a, b) => a.plus(b),
  subtract: (_, a, b) => a.minus(b),
  multiply: (_, a, b) => a.times(b),
  divide: divideSizes,
  maximum: (node, a, b) => choose(node, a, b, Math.max),
  minimum: (node, a, b) => choose(node, a, b, Math.min),
};

export function arithmetic(node: OnnxNode, kind: string, a: Value, b: Value, to: Lowering): Value {
  const rule = integerRules[kind];
  if (rule && a.kind === 'integers' && b.kind === 'integers') return combine(node, a, b, (m, n) => rule(node, m, n));
  return emitBinary(node, kind, a, b, to);
}

/** The operands of a binary op. Before operator set 7 the second one may stand at an axis of the first. */
function operands(node: OnnxNode, to: Lowering): [Value, Value] {
  const [a, b] = [node.required(0), node.required(1)];
  if (node.opset >= 7 || node.int('broadcast', 0) === 0) return [a, b];
  const rank = shapeOf(a).length;
  const own = shapeOf(b);
  const axis = node.has('axis') ? node.axis(node.int('axis'), rank) : rank - own.length;
  const behind = rank - axis - own.length;
  if (behind < 0) node.fail(`${own.length} axes do not fit at axis ${axis} of ${rank}`);
  return [a, behind === 0 ? b : reshapeAny(node, b, [...own, ...new Array<Size>(behind).fill(Size.of(1))], to)];
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

/** Comparisons of whole numbers give 1 or 0. */
const compare =
  (holds: (a: number, b: number) => boolean): Handler =>
  (node) => [
    combine(node, node.sizes(0), node.sizes(1), (a, b) => {
      const difference = a.minus(b).constant;
      // Extents that depend on the input are positive, so they equal no negative number.
      if (difference === undefined && b.constant !== undefined && b.constant <= 0)
        return Size.of(holds(1, b.constant) ? 1 : 0);
      return difference === undefined
        ? node.fail(`can't compare ${a.toString()} with ${b.toString()} before the input is known`)
        : Size.of(holds(difference, 0) ? 1 : 0);
    }),
  ];

const where: Handler = (node) => {
  const [condition, a, b] = [node.sizes(0), node.sizes(1), node.sizes(2)];
  const indexed = combine(
    node,
    combine(node, condition, a, (_, n) => n),
    b,
    (m) => m,
  );
  const yes = combine(
    node,
    indexed,
    combine(node, a, condition, (m) => m),
    (_, n) => n,
  );
  const mask = combine(node, indexed, condition, (_, n) => n);
  const no = combine(node, indexed, b, (_, n) => n);
  return [
    {
      ...indexed,
      elements: mask.elements.map((flag, i) => (flag.constant === 0 ? no.elements[i] : yes.elements[i])),
    },
  ];
};

const clip: Handler = (node, to) => {
  const bound = (i: number, name: string, otherwise: number): number => {
    if (node.opset < 11) return node.float(name, otherwise);
    const value = node.input(i);
    if (!value) return otherwise;
    const tensor = to.constantOf(value);
    return tensor?.data.length === 1
      ? tensor.data[0]
      : node.fail(`input ${i} must be one number that is known when the file is converted`);
  };
  const largest = 3.4028234663852886e38;
  const [alpha, beta] = [bound(1, 'min', -largest), bound(2, 'max', largest)].map((x) =>
    Math.max(-largest, Math.min(largest, x)),
  ) as [number, number];
  return [emitUnary('clip', node.tensor(0), to, { alpha, beta })];
};

const gelu: Handler = (node, to) => {
  const approximate = node.string('approximate', 'none');
  if (approximate !== 'none' && approximate !== 'tanh') node.fail(`approximate = "${approximate}" is not supported`);
  return [emitUnary(approximate === 'tanh' ? 'geluTanh' : 'gelu', node.tensor(0), to)];
};

/** Whole powers by multiplication: a GPU's pow is not defined for negative bases. */
const pow: Handler = (node, to) => {
  const base = node.tensor(0);
  const exponents = to.constantOf(node.required(1));
  const exponent = exponents && new Set(exponents.data).size === 1 ? exponents.data[0] : NaN;
  if (exponents && exponents.shape.length > base.shape.length)
    node.fail('an exponent with more axes than the base is not supported');
  if (exponent === 0.5) return [emitUnary('sqrt', base, to)];
  if (exponent === -0.5) return [emitBinary(node, 'divide', number(1, to), emitUnary('sqrt', base, to), to)];
  const count = Math.abs(exponent);
  if (Number.isInteger(exponent) && count >= 1 && count <= 8) {
    let power = base;
    for (let i = 1; i < count; i++) power = emitBinary(node, 'multiply', power, base, to);
    return [exponent < 0 ? emitBinary(node, 'divide', number(1, to), power, to) : power];
  }
  return node.fail('only a constant exponent of 0.5, -0.5 or a whole number from -8 to 8 is supported');
};

const oldTypeName = (name: string): string => ({ float: 'float32' })[name.toLowerCase()] ?? name.toLowerCase();

const cast: Handler = (node, to) => {
  // Before operator set 6 the type is named in capitals.
  const type = node.opset < 6 ? oldTypeName(node.string('to', '')) : dataTypeName(node.int('to'));
  node.int('saturate', 1);
  node.string('round_mode', 'up');
  const value = node.required(0);
  const toFloat = type === 'float32' || type === 'double';
  if (toFloat) return [value.kind === 'integers' ? node.tensor(0) : value];
  if (type !== 'int64' && type !== 'int32' && type !== 'bool') return node.fail(`a cast to ${type} is not supported`);
  if (value.kind === 'integers') {
    return [
      type === 'bool'
        ? { ...value, elements: value.elements.map((element) => Size.of(element.constant === 0 ? 0 : 1)) }
        : value,
    ];
  }
  const known = to.constantOf(value) ?? node.fail(`a cast of computed numbers to ${type} is not supported`);
  const rounded = (x: number): number => (type === 'bool' ? Number(x !== 0) : Math.trunc(x));
  return [{ kind: 'integers', shape: known.shape, elements: Array.from(known.data, (x) => Size.of(rounded(x))) }];
};

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
  And: (node) => [combine(node, node.sizes(0), node.sizes(1), (a, b) => (a.constant === 0 ? a : b))],
  Cast: cast,
  Clip: clip,
  Div: binary('divide'),
  Dropout: dropout,
  Elu: unary('elu', { alpha: ['alpha', 1] }),
  Equal: compare((a, b) => a === b),
  Erf: unary('erf'),
  Exp: unary('exp'),
  Gelu: gelu,
  Greater: compare((a, b) => a > b),
  HardSigmoid: unary('hardSigmoid', { alpha: ['alpha', 0.2], beta: ['beta', 0.5] }),
  HardSwish: unary('hardSwish'),
  Identity: identity,
  LeakyRelu: unary('leakyRelu', { alpha: ['alpha', 0.01] }),
  Less: compare((a, b) => a < b),
  Log: unary('log'),
  Max: variadic('maximum'),
  Min: variadic('minimum'),
  Mul: binary('multiply'),
  Neg: (node, to) => {
    const x = node.required(0);
    return [
      x.kind === 'integers'
        ? { ...x, elements: x.elements.map((element) => element.times(-1)) }
        : emitUnary('negate', node.tensor(0), to),
    ];
  },
  Not: (node) => {
    const x = node.sizes(0);
    return [{ ...x, elements: x.elements.map((element) => Size.of(element.constant === 0 ? 1 : 0)) }];
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
  Selu: (node, to) => {
    const scaled = emitUnary('elu', node.tensor(0), to, { alpha: node.float('alpha', 1.6732632) });
    return [emitBinary(node, 'multiply', scaled, number(node.float('gamma', 1.050701), to), to)];
  },
  Sigmoid: unary('sigmoid'),
  Softplus: (node, to) => {
    // log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
    const x = node.tensor(0);
    const tail = emitUnary('exp', emitUnary('negate', emitUnary('abs', x, to), to), to);
    return [
      emitBinary(
        node,
        'add',
        emitUnary('relu', x, to),
        emitUnary('log', emitBinary(node, 'add', tail, number(1, to), to), to),
        to,
      ),
    ];
  },
  Softsign: (node, to) => {
    const x = node.tensor(0);
    return [emitBinary(node, 'divide', x, emitBinary(node, 'add', emitUnary('abs', x, to), number(1, to), to), to)];
  },
  Sqrt: unary('sqrt'),
  Sub: binary('subtract'),
  Sum: variadic('add'),
  Tanh: unary('tanh'),
  Where: where,
};
