/** unary, binary and the activations of other ops. */
import { broadcast, type Formula, type Given, repeatedAt, tabulate, type Values } from './values.ts';

/** Gauss's integral by Simpson's rule. */
function erf(x: number): number {
  const steps = 2000;
  const f = (t: number): number => Math.exp(-t * t);
  let sum = f(0) + f(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * f((i * x) / steps);
  return ((2 / Math.sqrt(Math.PI)) * sum * x) / steps / 3;
}

export const logistic = (x: number): number => (x > 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const between = (low: number, x: number, high: number): number => (x < low ? low : x > high ? high : x);

/** As the ONNX operators of these names. */
const functions: Readonly<Record<string, (x: number, alpha?: number, beta?: number) => number>> = {
  identity: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  leakyRelu: (x, alpha = 0.01) => (x < 0 ? x * alpha : x),
  elu: (x, alpha = 1) => (x < 0 ? alpha * (Math.exp(x) - 1) : x),
  sigmoid: logistic,
  hardSigmoid: (x, alpha = 0.2, beta = 0.5) => between(0, alpha * x + beta, 1),
  hardSwish: (x) => (x * between(0, x + 3, 6)) / 6,
  tanh: (x) => 2 * logistic(2 * x) - 1,
  gelu: (x) => (x / 2) * (1 + erf(x / Math.sqrt(2))),
  geluTanh: (x) => x * logistic(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)),
  erf,
  clip: (x, alpha = -Infinity, beta = Infinity) => between(alpha, x, beta),
  exp: (x) => Math.E ** x,
  log: (x) => Math.log10(x) / Math.log10(Math.E),
  sqrt: (x) => x ** 0.5,
  abs: (x) => (x < 0 ? -x : x),
  negate: (x) => 0 - x,
  floor: (x) => x - wrapped(x, 1),
  round: (x) => (Math.abs(wrapped(x, 2) - 0.5) <= 0 ? x - 0.5 : x + 0.5 - wrapped(x + 0.5, 1)),
  sin: (x) => series(x - 2 * Math.PI * Math.round(x / 2 / Math.PI)),
  cos: (x) => series(Math.PI / 2 - (Math.abs(x) % (2 * Math.PI))),
};

/** x minus the multiple of `period` below it. */
const wrapped = (x: number, period: number): number => ((x % period) + period) % period;

/** x - x^3/3! + x^5/5! - ... */
function series(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 1; n < 60; n += 2) {
    sum += term;
    term *= (-x * x) / ((n + 1) * (n + 2));
  }
  return sum;
}

const pairs: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power: (a, b) => (Number.isInteger(b) ? repeated(a, b) : Math.exp(b * Math.log(a))),
  maximum: (a, b) => (a > b ? a : b),
  minimum: (a, b) => (a < b ? a : b),
  prelu: (a, b) => (a < 0 ? a * b : a),
  greater: (a, b) => Number(b - a < 0),
  greaterOrEqual: (a, b) => 1 - Number(a < b),
  equal: (a, b) => Number(a - b === 0),
  mask: (a, b) => [b, 0][Number(a === 0)],
};

function repeated(a: number, times: number): number {
  let product = 1;
  for (let i = 0; i < Math.abs(times); i++) product *= a;
  return times < 0 ? 1 / product : product;
}

export function activated(y: Values, { text, number }: Given): Values {
  const kind = text('activation') ?? 'identity';
  return tabulate(y.shape, (...index) => functions[kind](y.at(...index), number('alpha'), number('beta')));
}

export const unary: Formula = (x, { text, number }) =>
  tabulate(x.shape, (...index) => functions[text('kind')!](x.at(...index), number('alpha'), number('beta')));

export const binary: Formula = (a, all) => {
  const b = all.inputs[1]!;
  const combine = pairs[all.text('kind')!];
  const y = tabulate(broadcast(a.shape, b.shape), (...index) => combine(repeatedAt(a, index), repeatedAt(b, index)));
  return activated(y, all);
};
