import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { optimise, passes } from '../../src/graph/passes/index.ts';
import { assertSame, graphOf, passTest, type Row, tensor } from '../support/passes.ts';

const w = tensor('w', 3, 6, 6);
const causal = { pads: [2, 0] };

passTest(
  'zeros in front of a convolution',
  'foldPads',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0] }],
      ['conv', 'a w', 'y', { pads: [1, 1] }],
    ],
    { w },
  ),
  'conv',
);
passTest(
  'zeros in front of an average',
  'foldPads',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0] }],
      ['pool', 'a', 'y', { kind: 'average', kernel: [3], strides: [1] }],
    ],
    {},
  ),
  'pool',
);
passTest(
  'other numbers stay',
  'foldPads',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0], value: 1 }],
      ['conv', 'a w', 'y', {}],
    ],
    { w },
  ),
  'pad conv',
);
passTest(
  'a mirror stays',
  'foldPads',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0], mode: 'reflect' }],
      ['conv', 'a w', 'y', {}],
    ],
    { w },
  ),
  'pad conv',
);
passTest(
  'padded channels stay',
  'foldPads',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 0, 0, 1, 1] }],
      ['conv', 'a w', 'y', {}],
    ],
    { w: tensor('w', 3, 8, 6) },
  ),
  'pad conv',
);
passTest(
  'the end of a convolution',
  'foldCuts',
  graphOf(
    [
      ['conv', 'x w', 'a', { pads: [2, 2] }],
      ['slice', 'a', 'y', { axes: [1], starts: [0], ends: [-2] }],
    ],
    { w },
  ),
  'conv',
);
passTest(
  'more than the padding stays',
  'foldCuts',
  graphOf(
    [
      ['conv', 'x w', 'a', { pads: [2, 2] }],
      ['slice', 'a', 'y', { axes: [1], starts: [3], ends: [0x7fffffff] }],
    ],
    { w },
  ),
  'conv slice',
);
passTest(
  'behind a convolution without a bias',
  'foldScales',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['binary', 'a s', 'b', { kind: 'multiply' }],
      ['binary', 'b t', 'y', { kind: 'add' }],
    ],
    { w, s: tensor('s', 6), t: tensor('t', 1, 6) },
  ),
  'conv',
);
passTest(
  'subtracted from, divided',
  'foldScales',
  graphOf(
    [
      ['dense', 'x w b', 'a'],
      ['binary', 'c a', 'd', { kind: 'subtract' }],
      ['binary', 'd s', 'y', { kind: 'divide', activation: 'relu' }],
    ],
    { w: tensor('w', 6, 4), b: tensor('b', 4), c: tensor('c', 4), s: tensor('s', 1) },
  ),
  'dense',
);
passTest(
  'in front of a convolution',
  'foldScales',
  graphOf(
    [
      ['binary', 'x s', 'a', { kind: 'multiply' }],
      ['conv', 'a w', 'y', causal],
    ],
    { w, s: tensor('s', 6) },
  ),
  'conv',
);
passTest(
  'a summand in front stays, because of the padding',
  'foldScales',
  graphOf(
    [
      ['binary', 'x s', 'a', { kind: 'add' }],
      ['conv', 'a w', 'y', causal],
    ],
    { w, s: tensor('s', 6) },
  ),
  'binary conv',
);
passTest(
  'a scale by time stays',
  'foldScales',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['binary', 'a s', 'y', { kind: 'multiply' }],
    ],
    { w, s: tensor('s', 8, 1) },
    [2, 8, 6],
  ),
  'conv binary',
);
passTest(
  'an activation in between stays',
  'foldScales',
  graphOf(
    [
      ['conv', 'x w', 'a', { ...causal, activation: 'relu' }],
      ['binary', 'a s', 'y', { kind: 'multiply' }],
    ],
    { w, s: tensor('s', 6) },
  ),
  'conv binary',
);
passTest(
  'a weight that two nodes share',
  'foldScales',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['binary', 'a s', 'b', { kind: 'multiply' }],
      ['conv', 'b w', 'y', causal],
    ],
    { w, s: tensor('s', 6) },
  ),
  'conv conv',
);
passTest(
  'a sum with the input',
  'fuseResiduals',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['binary', 'x a', 'y', { kind: 'add', activation: 'relu' }],
    ],
    { w },
  ),
  'conv',
);
passTest(
  'a sum with what is made later',
  'fuseResiduals',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['unary', 'x', 'b', { kind: 'exp' }],
      ['binary', 'a b', 'y', { kind: 'add' }],
    ],
    { w },
  ),
  'unary conv',
);
passTest(
  'one that repeats stays',
  'fuseResiduals',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['reduce', 'x', 'b', { kind: 'mean', axes: [1] }],
      ['binary', 'a b', 'y', { kind: 'add' }],
    ],
    { w },
  ),
  'conv reduce binary',
);
passTest(
  'an activation behind a convolution',
  'fuseActivations',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['unary', 'a', 'y', { kind: 'leakyRelu', alpha: 0.3 }],
    ],
    { w },
  ),
  'conv',
);
passTest(
  'one that kernels do not apply stays',
  'fuseActivations',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['unary', 'a', 'y', { kind: 'exp' }],
    ],
    { w },
  ),
  'conv unary',
);
passTest(
  'a value that is used twice stays',
  'fuseActivations',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['unary', 'a', 'b', { kind: 'relu' }],
      ['binary', 'a b', 'y', { kind: 'add' }],
    ],
    { w },
  ),
  'conv unary binary',
);
passTest(
  'an output stays',
  'fuseActivations',
  graphOf(
    [
      ['conv', 'x w', 'a', causal],
      ['unary', 'a', 'y', { kind: 'relu' }],
    ],
    { w },
    undefined,
    ['a', 'y'],
  ),
  'conv unary',
);
passTest(
  'a kernel over all frequencies',
  'flattenFrequency',
  graphOf(
    [['conv', 'x w b', 'y', { strides: [2, 1], pads: [1, 0, 0, 0], activation: 'relu' }]],
    { w: tensor('w', 3, 5, 4, 7), b: tensor('b', 7) },
    ['batch', 'time', 5, 4],
  ),
  'reshape conv reshape',
);
passTest(
  'one that is narrower stays',
  'flattenFrequency',
  graphOf([['conv', 'x w', 'y']], { w: tensor('w', 3, 4, 4, 7) }, ['batch', 'time', 5, 4]),
  'conv',
);
passTest(
  'reshapes in a row',
  'simplify',
  graphOf(
    [
      ['reshape', 'x', 'a', { shape: [0, 0, 2, 3] }],
      ['reshape', 'a', 'b', { shape: [0, 0, 6] }],
      ['unary', 'b', 'y', { kind: 'relu' }],
    ],
    {},
  ),
  'reshape unary',
);
passTest(
  'transpositions that undo each other',
  'simplify',
  graphOf(
    [
      ['transpose', 'x', 'a', { permutation: [0, 2, 1] }],
      ['transpose', 'a', 'b', { permutation: [0, 2, 1] }],
      ['unary', 'b', 'y', { kind: 'relu' }],
    ],
    {},
  ),
  'transpose unary',
);
passTest(
  'an identity',
  'simplify',
  graphOf(
    [
      ['unary', 'x', 'a', { kind: 'identity' }],
      ['slice', 'a', 'b', { axes: [1], starts: [0], ends: [0x7fffffff] }],
      ['unary', 'b', 'y', { kind: 'relu' }],
    ],
    {},
  ),
  'unary',
);
passTest(
  'a slice that turns round stays',
  'simplify',
  graphOf([['slice', 'x', 'y', { axes: [1], starts: [-1], ends: [-1000000], steps: [-1] }]], {}),
  'slice',
);
passTest(
  'past a pad to the input',
  'hoistTransposes',
  graphOf(
    [
      ['pad', 'x', 'a', { pads: [0, 0, 1, 2, 3, 4] }],
      ['slice', 'a', 'b', { axes: [-1], starts: [1], ends: [9] }],
      ['transpose', 'b', 'y', { permutation: [0, 2, 1] }],
    ],
    {},
  ),
  'pad transpose slice',
);

const half = { shape: [1], data: Float32Array.of(0.5) };
const unit = { shape: [1], data: Float32Array.of(1) };
const root = { shape: [1], data: Float32Array.of(Math.SQRT2) };
const layer: Row[] = [
  ['reduce', 'x', 'm', { kind: 'mean', axes: [2] }],
  ['binary', 'x m', 'd', { kind: 'subtract' }],
  ['binary', 'd d', 's', { kind: 'multiply' }],
  ['reduce', 's', 'v', { kind: 'mean', axes: [2] }],
  ['binary', 'v e', 'w', { kind: 'add' }],
  ['unary', 'w', 'r', { kind: 'sqrt' }],
];
passTest(
  'a layer norm in pieces',
  'recognise',
  graphOf([...layer, ['binary', 'd r', 'y', { kind: 'divide' }]], { e: tensor('e', 1) }),
  'normalise',
);
passTest(
  'one that divides the other way stays',
  'recognise',
  graphOf([...layer, ['binary', 'r d', 'y', { kind: 'divide' }]], { e: tensor('e', 1) }),
  'reduce binary binary reduce binary unary binary',
);
passTest(
  'a gelu in pieces',
  'recognise',
  graphOf(
    [
      ['binary', 'x root', 'a', { kind: 'divide' }],
      ['unary', 'a', 'b', { kind: 'erf' }],
      ['binary', 'b one', 'c', { kind: 'add' }],
      ['binary', 'x c', 'd', { kind: 'multiply' }],
      ['binary', 'd half', 'y', { kind: 'multiply' }],
    ],
    { half, one: unit, root },
  ),
  'unary',
);
passTest(
  'a gelu in another order',
  'recognise',
  graphOf(
    [
      ['binary', 'x root', 'a', { kind: 'divide' }],
      ['unary', 'a', 'b', { kind: 'erf' }],
      ['binary', 'b one', 'c', { kind: 'add' }],
      ['binary', 'x half', 'd', { kind: 'multiply' }],
      ['binary', 'd c', 'y', { kind: 'multiply' }],
    ],
    { half, one: unit, root },
  ),
  'unary',
);
passTest(
  'half a gelu stays',
  'recognise',
  graphOf(
    [
      ['binary', 'x root', 'a', { kind: 'divide' }],
      ['unary', 'a', 'b', { kind: 'erf' }],
      ['binary', 'b one', 'c', { kind: 'add' }],
      ['binary', 'x c', 'y', { kind: 'multiply' }],
    ],
    { one: unit, root },
  ),
  'binary unary binary binary',
);
passTest(
  'scale and bias of a normalisation',
  'foldScales',
  graphOf(
    [
      ['normalise', 'x', 'a', { axes: [2] }],
      ['binary', 'a s', 'b', { kind: 'multiply' }],
      ['binary', 't b', 'y', { kind: 'add' }],
    ],
    { s: tensor('s', 6), t: tensor('t', 6) },
  ),
  'normalise',
);
passTest(
  'a bias before the scale stays',
  'foldScales',
  graphOf(
    [
      ['normalise', 'x', 'a', { axes: [2] }],
      ['binary', 'a s', 'b', { kind: 'add' }],
      ['binary', 't b', 'y', { kind: 'multiply' }],
    ],
    { s: tensor('s', 6), t: tensor('t', 6) },
  ),
  'normalise binary',
);
passTest(
  'channels x frequency in front of a layer',
  'foldTransposes',
  graphOf(
    [
      ['transpose', 'x', 'a', { permutation: [0, 1, 3, 2] }],
      ['reshape', 'a', 'b', { shape: [0, 0, 12] }],
      ['dense', 'b m', 'y'],
    ],
    { m: tensor('m', 12, 5) },
    ['batch', 'time', 3, 4],
  ),
  'reshape dense',
);
passTest(
  'time that is moved stays',
  'foldTransposes',
  graphOf(
    [
      ['transpose', 'x', 'a', { permutation: [0, 2, 1, 3] }],
      ['reshape', 'a', 'b', { shape: [0, 0, 12] }],
      ['dense', 'b m', 'y'],
    ],
    { m: tensor('m', 12, 5) },
    [2, 3, 3, 4],
  ),
  'transpose reshape dense',
);

test('removeDeadCode: what no output needs', () => {
  const after = passes.removeDeadCode(
    graphOf(
      [
        ['unary', 'x', 'a', { kind: 'exp' }],
        ['binary', 'x c', 'y', { kind: 'add' }],
      ],
      { c: tensor('c', 6), d: tensor('d', 6) },
    ),
  );
  assert.equal(
    after.nodes.map(({ op }) => op),
    ['binary'],
  );
  assert.equal([...after.constants.keys()], ['c']);
});

test('optimise: all of it together, and a second time changes nothing', async () => {
  const graph = graphOf(
    [
      ['transpose', 'x', 'a', { permutation: [0, 2, 1] }],
      ['transpose', 'a', 'b', { permutation: [0, 2, 1] }],
      ['pad', 'b', 'c', { pads: [0, 0, 2, 0, 0, 0] }],
      ['conv', 'c w', 'd'],
      ['binary', 'd s', 'e', { kind: 'multiply' }],
      ['binary', 'e x', 'f', { kind: 'add' }],
      ['unary', 'f', 'g', { kind: 'relu' }],
      ['dense', 'g m', 'h'],
      ['binary', 'h t', 'y', { kind: 'add' }],
    ],
    { w, s: tensor('s', 6), m: tensor('m', 6, 3), t: tensor('t', 3) },
  );
  const after = optimise(graph);
  assert.is(after.nodes.map(({ op }) => op).join(' '), 'conv dense');
  assert.equal(optimise(after), after);
  assert.is(after.nodes.length, 2);
  await assertSame(graph, after);
});

test.run();
