/** The engine's listener on small models: what weight each step has, and where a stream begins. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWasm } from '../../src/backends/wasm/index.ts';
import type { Model } from '../../src/models/model.ts';
import { tinyModel } from '../models/tiny-model.ts';
import { listenersOn } from '../support/listener.ts';
import { noise } from '../support/webgpu-network.ts';

/** The tiny model with a stride, so that it gives one row a step. */
function labelled(name: string, labels: readonly string[], warmupWeights: readonly number[]): Model {
  const { graph, ...rest } = tinyModel();
  const [conv, ...nodes] = graph.nodes;
  const kernel = { shape: [6, 3, 4], data: Float32Array.from({ length: 72 }, (_, i) => ((i * 5) % 13) / 26 - 0.2) };
  const strided = { ...conv, attributes: { ...conv.attributes, strides: [4] } };
  return {
    ...rest,
    name,
    labels,
    framesPerStep: 4,
    warmupWeights,
    graph: { ...graph, nodes: [strided, ...nodes], constants: new Map([...graph.constants, ['kernel', kernel]]) },
  };
}

const speech = labelled('speech', ['other', 'speech'], [0.125, 0.25, 0.5]);
const gender = labelled('gender', ['male', 'female'], []);
const pcm = noise(8 * 1024);
const step = (from: number, to: number): Int16Array => pcm.slice(from * 1024, to * 1024);

async function listening<T>(
  work: (newListener: ReturnType<typeof listenersOn>['newListener']) => Promise<T>,
): Promise<T> {
  const { newListener, close } = listenersOn(await openWasm(), { speech, gender }, 0);
  try {
    return await work(newListener);
  } finally {
    await close();
  }
}

test('the first steps of a stream weigh what the model file says, counted over all calls', () =>
  listening(async (newListener) => {
    const listener = newListener();
    const weights: number[][] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 5],
      [5, 6],
    ])
      weights.push((await listener.hear(step(from, to))).map(({ weight }) => weight));
    assert.equal(weights, [[0.125], [0.25], [0.5, 1, 1], [1]]);
    listener.reset();
    assert.equal(
      (await listener.hear(step(0, 4))).map(({ weight }) => weight),
      [0.125, 0.25, 0.5, 1],
    );
  }));

test('each listener counts its own steps, and a chunk begins at the first', () =>
  listening(async (newListener) => {
    const [one, other] = [newListener(), newListener()];
    await one.hear(step(0, 4));
    const weightsOf = (steps: readonly { weight: number }[]): number[] => steps.map(({ weight }) => weight);
    assert.equal(weightsOf(await other.hear(step(0, 2))), [0.125, 0.25]);
    assert.equal(weightsOf(await one.hearChunk(step(0, 2))), [0.125, 0.25]);
    assert.equal(weightsOf(await one.hear(step(4, 5))), [1]);
    assert.equal(weightsOf(await other.hear(step(2, 4))), [0.5, 1]);
  }));

test('a stream in pieces decides as it does whole, for voice models too', () =>
  listening(async (newListener) => {
    const whole = newListener();
    const expected = whole.decide(await whole.hear(pcm));
    for (const cuts of [[1, 2, 3, 4, 5, 6, 7], [2, 3], [5]]) {
      const listener = newListener();
      const steps = [];
      for (const [i, to] of [...cuts, 8].entries()) steps.push(...(await listener.hear(step(cuts[i - 1] ?? 0, to))));
      assert.equal(listener.decide(steps), expected, `cut at ${cuts}`);
    }
  }));

test('after a reset a stream is heard as a new one', () =>
  listening(async (newListener) => {
    const listener = newListener();
    const first = listener.decide(await listener.hear(step(0, 3)));
    await listener.hear(step(3, 8));
    listener.reset();
    assert.equal(listener.decide(await listener.hear(step(0, 3))), first);
  }));

test.run();
