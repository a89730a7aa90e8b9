/** Functions of each element, and of pairs of elements. */

import type { Shape } from '../../../src/graph/tensor.ts';
import { activationNames } from '../../../src/ops/activation.ts';
import { binaryKinds } from '../../../src/ops/binary.ts';
import * as naive from '../naive/elementwise.ts';
import {
  type CaseOptions,
  type OpCase,
  type OpRows,
  opCase,
  parameters,
  thenActivations,
  twice,
  x,
} from '../op-case.ts';

const ofWhole: readonly string[] = ['greater', 'greaterOrEqual', 'equal', 'mask'];

/** Every kind on operands of one shape, and on operands that are both repeated. */
const binaryCases = Object.keys(binaryKinds).flatMap((kind) => {
  const options: CaseOptions = {
    attributes: { kind },
    positive: kind === 'power',
    // So that some of them are equal, and some 0.
    ...(ofWhole.includes(kind) ? { grid: 1 } : {}),
  };
  const sides: readonly Shape[] = [
    [2, 5, 1, 6],
    [1, 5, 4, 1],
  ];
  return [opCase('binary', kind, twice([2, 5, 6]), options), opCase('binary', `${kind}, repeated`, sides, options)];
});

export const binary: OpRows = {
  formula: naive.binary,
  choices: { activation: undefined, kind: undefined },
  carries: [['any', [x, x], { kind: 'add' }, []]],
  cases: [
    ...binaryCases,
    opCase('binary', 'numbers without axes', [[], []], { attributes: { kind: 'subtract' } }),
    opCase('binary', 'a number without axes, repeated', [[], [2, 3, 5]], { attributes: { kind: 'divide' } }),
    powerCase(),
    opCase('binary', 'add, a constant per channel', [[3, 5, 7]], {
      constants: [[7]],
      attributes: { kind: 'add', activation: 'relu' },
    }),
    opCase('binary', 'subtract, a constant for each of eight channels', [[3, 5, 8]], {
      constants: [[8]],
      attributes: { kind: 'subtract', activation: 'relu' },
    }),
    opCase(
      'binary',
      'add, repeated, then tanh',
      [
        [2, 5, 1, 6],
        [1, 5, 4, 1],
      ],
      { attributes: { kind: 'add', activation: 'tanh' } },
    ),
    opCase(
      'binary',
      'multiply, broadcast in the middle',
      [
        [3, 5, 4, 6],
        [3, 1, 4, 1],
      ],
      { attributes: { kind: 'multiply' } },
    ),
    opCase(
      'binary',
      'both sides repeated',
      [
        [2, 1, 6],
        [1, 5, 1],
      ],
      { attributes: { kind: 'add' } },
    ),
    ...thenActivations((activation, attributes) =>
      opCase('binary', `add, then ${activation}`, twice([2, 5, 6]), {
        attributes: { ...attributes, kind: 'add' },
        scale: 2,
      }),
    ),
  ],
};

/** Bases on both sides of 0, and exponents for which that is a number. */
function powerCase(): OpCase {
  const base = opCase('binary', 'power, whole exponents of negative bases', [[2, 4, 6]], {
    constants: [[6]],
    attributes: { kind: 'power' },
  });
  const exponents = { shape: [6], data: Float32Array.of(2, 0, 3, -1, 1, -2) };
  return { ...base, graph: { ...base.graph, constants: new Map([['c0', exponents]]) } };
}

const ofPositive: readonly string[] = ['log', 'sqrt'];

const unaryCases = activationNames.map((kind) =>
  opCase('unary', kind, [[3, 5, 7]], {
    attributes: { kind, ...parameters[kind] },
    scale: 3,
    positive: ofPositive.includes(kind),
  }),
);

export const unary: OpRows = {
  formula: naive.unary,
  choices: { kind: undefined },
  carries: [['any', [x], { kind: 'exp' }, []]],
  cases: [
    ...unaryCases,
    opCase('unary', 'round of halves', [[2, 3, 7]], { attributes: { kind: 'round' }, scale: 4, grid: 0.5 }),
    opCase('unary', 'sin of large numbers', [[2, 3, 7]], { attributes: { kind: 'sin' }, scale: 100 }),
    opCase('unary', 'a number without axes', [[]], { attributes: { kind: 'exp' } }),
    opCase('unary', 'tanh of large numbers', [[2, 3, 7]], { attributes: { kind: 'tanh' }, scale: 300 }),
  ],
};
