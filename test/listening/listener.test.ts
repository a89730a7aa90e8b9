/** The engine's listener on small models: which steps are the first of a stream, and which gates listen. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { select } from '../../src/listening/selection.ts';
import type { Model } from '../../src/models/model.ts';
import { tinyModel } from '../models/tiny-model.ts';
import { listenersOn } from '../support/listener.ts';
import { noise } from '../support/webgpu-network.ts';

/** The tiny model with a stride, so that it gives one row a step. */
function labelled(name: string, labels: readonly string[], warmupWeights: readonly number[], gate = ''): Model {
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
    gate,
    graph: { ...graph, nodes: [strided, ...nodes], constants: new Map([...graph.constants, ['kernel', kernel]]) },
  };
}

const speech = labelled('speech', ['other', 'speech'], [0.125, 0.25, 0.5]);
const gender = labelled('gender', ['male', 'female'], [], 'speech');
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

test('the steps of a stream are counted over all calls', () =>
  listening(async (newListener) => {
    const listener = newListener();
    const counted: number[][] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 5],
      [5, 6],
    ])
      counted.push((await listener.hear(step(from, to))).map(({ index }) => index));
    assert.equal(counted, [[0], [1], [2, 3, 4], [5]]);
    listener.reset();
    assert.equal(
      (await listener.hear(step(0, 4))).map(({ index }) => index),
      [0, 1, 2, 3],
    );
  }));

test('each listener counts its own steps, and a chunk begins at the first', () =>
  listening(async (newListener) => {
    const [one, other] = [newListener(), newListener()];
    await one.hear(step(0, 4));
    const indices = (steps: readonly { index: number }[]): number[] => steps.map(({ index }) => index);
    assert.equal(indices(await other.hear(step(0, 2))), [0, 1]);
    assert.equal(indices(await one.hearChunk(step(0, 2))), [0, 1]);
    assert.equal(indices(await one.hear(step(4, 5))), [4]);
    assert.equal(indices(await other.hear(step(2, 4))), [2, 3]);
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

test('the gate that a model names listens, asked for or not, and no other', async () => {
  const fine = labelled('speech-rt', ['other', 'speech'], []);
  const fineGender = labelled('gender', ['male', 'female'], [], 'speech-rt');
  const open = { ...speech, id: 'speech' };
  const available = new Map([speech, fine, fineGender].map((model) => [model.name, { ...model, id: model.name }]));
  const idsFor = (...names: string[]): readonly string[] =>
    select(
      names.map((name) => available.get(name) ?? open),
      available,
    ).ids;
  assert.equal(idsFor('gender'), ['gender', 'speech-rt']);
  assert.equal(idsFor('gender', 'speech'), ['gender', 'speech', 'speech-rt']);
  assert.equal(idsFor('speech'), ['speech']);
  // An older gate that was asked for by name is the one that gates.
  const older = { ...fine, id: 'speech-rt@1' };
  assert.equal(select([older, { ...fineGender, id: 'gender' }], available).gates, [older]);
});

test('after a reset a stream is heard as a new one', () =>
  listening(async (newListener) => {
    const listener = newListener();
    const first = listener.decide(await listener.hear(step(0, 3)));
    await listener.hear(step(3, 8));
    listener.reset();
    assert.equal(listener.decide(await listener.hear(step(0, 3))), first);
  }));

test('a listener goes on where another one was', () =>
  listening(async (newListener) => {
    const whole = newListener();
    const expected = await whole.hear(pcm);
    const [first, second] = [newListener(), newListener()];
    const steps = await first.hear(step(0, 2));
    second.restore(first.state());
    steps.push(...(await second.hear(step(2, 8))));
    assert.equal(
      steps.map(({ index }) => index),
      expected.map(({ index }) => index),
    );
    assert.equal(second.decide(steps), whole.decide(expected));
  }));

test.run();
