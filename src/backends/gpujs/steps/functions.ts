/**
 * Functions of one number for the ends of kernels, after src/ops/activation.ts. gpu.js compiles their text, so each
 * uses nothing but its arguments and Math.
 */
import type { ActivationName } from '../../../ops/activation.ts';

type Activate = (x: number, alpha: number, beta: number) => number;

/** Abramowitz and Stegun, formulas 7.1.5 (series) and 7.1.14 (continued fraction): good to float32. */
function erf(x: number, _alpha: number, _beta: number): number {
  const z = Math.min(Math.abs(x), 6);
  let sum = z;
  let term = z;
  let fraction = 0;
  for (let n = 1; n < 40; n++) {
    term = (term * (2 * z * z)) / (2 * n + 1);
    sum = sum + term;
  }
  for (let n = 0; n < 40; n++) fraction = (40 - n) / 2 / (Math.max(z, 2) + fraction);
  const near = 1.1283791670955126 * Math.exp(-z * z) * sum;
  const far = 1 - (Math.exp(-z * z) * 0.5641895835477563) / (Math.max(z, 2) + fraction);
  let result = near;
  if (z > 2.5) result = far;
  if (x < 0) result = -result;
  return result;
}

function gelu(x: number, _alpha: number, _beta: number): number {
  return 0.5 * x * (1 + erf(x * 0.7071067811865476, 0, 0));
}

const activate: Record<ActivationName, Activate> = {
  identity(x, _alpha, _beta) {
    return x;
  },
  relu(x, _alpha, _beta) {
    return Math.max(0, x);
  },
  leakyRelu(x, alpha, _beta) {
    return Math.max(0, x) + alpha * Math.min(0, x);
  },
  elu(x, alpha, _beta) {
    return Math.max(0, x) + alpha * Math.expm1(Math.min(0, x));
  },
  sigmoid(x, _alpha, _beta) {
    return 1 / (1 + Math.exp(-x));
  },
  hardSigmoid(x, alpha, beta) {
    return Math.max(0, Math.min(1, alpha * x + beta));
  },
  hardSwish(x, _alpha, _beta) {
    return x * Math.max(0, Math.min(1, x / 6 + 0.5));
  },
  tanh(x, _alpha, _beta) {
    return Math.tanh(x);
  },
  gelu,
  geluTanh(x, _alpha, _beta) {
    return 0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
  },
  erf,
  clip(x, alpha, beta) {
    return Math.min(beta, Math.max(alpha, x));
  },
  exp(x, _alpha, _beta) {
    return Math.exp(x);
  },
  log(x, _alpha, _beta) {
    return Math.log(x);
  },
  sqrt(x, _alpha, _beta) {
    return Math.sqrt(x);
  },
  abs(x, _alpha, _beta) {
    return Math.abs(x);
  },
  negate(x, _alpha, _beta) {
    return -x;
  },
  floor(x, _alpha, _beta) {
    return Math.floor(x);
  },
  round(x, _alpha, _beta) {
    let result = Math.floor(x + 0.5);
    if (result - x === 0.5 && result - 2 * Math.floor(result / 2) > 0.5) result = result - 1;
    return result;
  },
  sin(x, _alpha, _beta) {
    return Math.sin(x);
  },
  cos(x, _alpha, _beta) {
    return Math.cos(x);
  },
};

/** What `functions` of a kernel must hold that calls `activate`. */
export function activationFunctions(kind: ActivationName): Record<string, Activate> {
  return kind === 'gelu' ? { activate: gelu, erf } : { activate: activate[kind] };
}
