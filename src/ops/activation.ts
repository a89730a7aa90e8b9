/** Functions of one number. Used by the op `unary`, and by conv, dense and binary as their `activation`. */

export interface Activation {
  /** `alpha` and `beta` as in the ONNX operator of the same name. */
  readonly apply: (x: number, alpha: number, beta: number) => number;
  readonly alpha?: number;
  readonly beta?: number;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Error function, Abramowitz and Stegun 7.1.26 is only good to 1.5e-7; this is the series and continued fraction
 * pair (7.1.6 and 7.1.14), good to double precision, so that it can serve as the reference.
 */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  let result: number;
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    result = (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  } else {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
    result = 1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
  }
  return x < 0 ? -result : result;
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(x);
}

export const activations = {
  identity: { apply: (x) => x },
  relu: { apply: (x) => Math.max(0, x) },
  leakyRelu: { apply: (x, alpha) => (x < 0 ? alpha * x : x), alpha: 0.01 },
  elu: { apply: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x), alpha: 1 },
  sigmoid: { apply: sigmoid },
  hardSigmoid: { apply: (x, alpha, beta) => Math.max(0, Math.min(1, alpha * x + beta)), alpha: 0.2, beta: 0.5 },
  hardSwish: { apply: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)) },
  tanh: { apply: (x) => Math.tanh(x) },
  gelu: { apply: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)) },
  geluTanh: { apply: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) },
  erf: { apply: erf },
  clip: {
    apply: (x, alpha, beta) => Math.min(beta, Math.max(alpha, x)),
    alpha: -3.4028234663852886e38,
    beta: 3.4028234663852886e38,
  },
  exp: { apply: (x) => Math.exp(x) },
  log: { apply: (x) => Math.log(x) },
  sqrt: { apply: (x) => Math.sqrt(x) },
  abs: { apply: (x) => Math.abs(x) },
  negate: { apply: (x) => -x },
  floor: { apply: (x) => Math.floor(x) },
  /** To the nearest whole number, halves to the even one. */
  round: { apply: roundToEven },
  sin: { apply: (x) => Math.sin(x) },
  cos: { apply: (x) => Math.cos(x) },
} satisfies Record<string, Activation>;

export type ActivationName = keyof typeof activations;
export const activationNames = Object.keys(activations) as ActivationName[];

/** The activations that the producing kernel may apply itself, in its epilogue. */
export const fusedActivations = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'sigmoid',
  'hardSigmoid',
  'hardSwish',
  'tanh',
  'clip',
] as const satisfies ActivationName[];
export type FusedActivation = (typeof fusedActivations)[number];
