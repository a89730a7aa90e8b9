/** What shape rules refuse, where several ops share one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GraphError, ShapeError } from '../../src/errors.ts';
import type { Attributes } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/graph/tensor.ts';
import { opNamed } from '../../src/ops/index.ts';

function refused(
  op: string,
  shapes: readonly Shape[],
  attributes: Attributes,
  kind: new (...given: never[]) => Error,
  pattern: RegExp,
): void {
  const node = { name: 'node', op, inputs: [], outputs: ['y'], attributes };
  try {
    opNamed(node).infer(node, shapes);
  } catch (error) {
    assert.instance(error, kind);
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`${op} took ${JSON.stringify(shapes)} with ${JSON.stringify(attributes)}`);
}

test('ops that slide a window: axes of x, and attributes with a number for each', () => {
  const kernels: Readonly<Record<string, readonly Shape[]>> = {
    conv: [[3, 4, 6]],
    convTranspose: [[3, 4, 6]],
    pool: [],
  };
  for (const [op, weights] of Object.entries(kernels)) {
    const own: Attributes = op === 'pool' ? { kind: 'max', kernel: [3] } : {};
    const inferred = opNamed({ name: 'node', op, inputs: [], outputs: [], attributes: own }).infer(
      { name: 'node', op, inputs: [], outputs: ['y'], attributes: own },
      [[2, 9, 4], ...weights],
    );
    assert.is(inferred[0].length, 3, op);
    refused(op, [[2, 9], ...weights], own, ShapeError, /x must be \[batch, time, channels\] or/);
    refused(op, [[2, 9, 4, 4, 4], ...weights], own, ShapeError, /x must be \[batch, time, channels\] or/);
    refused(op, [[2, 9, 4], ...weights], { ...own, strides: [1, 1] }, ShapeError, /"strides" must have 1 elements/);
    refused(op, [[2, 9, 4], ...weights], { ...own, pads: [1] }, ShapeError, /"pads" must have 2 elements/);
    refused(op, [[2, 9, 4], ...weights], { ...own, pads: 'same' }, GraphError, /"pads" must be a list of numbers/);
  }
  refused('pool', [[2, 9, 4]], { kind: 'max' }, GraphError, /"kernel" must be a list of numbers, got nothing/);
});

test('recurrent ops: weights, biases and first states that do not fit', () => {
  const good: Readonly<Record<string, readonly Shape[]>> = {
    gru: [[2, 9, 5], [5, 18], [6, 18], [18], [18], [2, 6]],
    lstm: [[2, 9, 5], [5, 24], [6, 24], [24], [2, 6], [2, 6]],
  };
  for (const [op, shapes] of Object.entries(good)) {
    const node = { name: 'node', op, inputs: [], outputs: ['y'], attributes: {} };
    assert.equal(opNamed(node).infer(node, shapes), [[2, 9, 6]]);
    const instead = (index: number, shape: Shape): Shape[] => shapes.map((known, i) => (i === index ? shape : known));
    refused(op, instead(0, [9, 5]), {}, ShapeError, /x must be \[batch, time, features\]/);
    refused(op, instead(1, [4, shapes[1][1]]), {}, ShapeError, /as many features as W has rows/);
    refused(op, instead(2, [6, 17]), {}, ShapeError, /R must be \[hidden, \d hidden\]/);
    refused(op, instead(3, [6]), {}, ShapeError, /input 3, a bias, must have \d x 6 elements/);
    refused(op, shapes.slice(0, 3), {}, ShapeError, /input 3, a bias/);
    refused(op, instead(5, [3, 6]), {}, ShapeError, /a first state must be \[2, 6\]/);
    refused(op, shapes, { direction: 'sideways' }, GraphError, /"direction" must be one of forward, reverse/);
  }
  refused('gru', [...good.gru.slice(0, 4), [17]], {}, ShapeError, /input 4, a bias, must have 3 x 6 elements/);
});

test.run();
