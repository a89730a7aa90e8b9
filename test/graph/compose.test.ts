/** Several models as one graph: each computes what it computes alone, and features are shared only where they are the same. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModels } from '../../src/graph/compose.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { FeatureSettings, Model } from '../../src/models/model.ts';
import { tinyModel } from '../models/tiny-model.ts';
import { noise } from '../support/webgpu-network.ts';

/** The tiny model on other features; with more bands, its kernel reads the first three. */
function tinyOn(name: string, settings: Partial<FeatureSettings>, sampleRate = 16000): Model {
  const model = tinyModel();
  const features = { ...model.features, ...settings };
  const kernel = model.graph.constants.get('kernel')!;
  const [time, , channels] = kernel.shape;
  const data = new Float32Array(time * features.bands * channels);
  for (let i = 0; i < time; i++)
    data.set(kernel.data.subarray(i * 3 * channels, (i + 1) * 3 * channels), i * features.bands * channels);
  const constants = new Map<string, Tensor>([
    ...model.graph.constants,
    ['kernel', { shape: [time, features.bands, channels], data }],
  ]);
  const inputs = [{ ...model.graph.inputs[0], shape: ['batch', 'time', features.bands] }];
  return { ...model, name, sampleRate, features, graph: { ...model.graph, inputs, constants } };
}

const pcm = noise(4 * 1024);
const bindings = { batch: 1, samples: pcm.length };

async function outputsOf(models: readonly Model[]): Promise<Float32Array[]> {
  return (await new ReferenceBackend().prepare(composeModels(models), bindings)).run([pcm]);
}

const others: Readonly<Record<string, Model>> = {
  'more bands': tinyOn('other', { bands: 5 }),
  'a shorter frame': tinyOn('other', { frame: 256 }),
  'another rate': tinyOn('other', {}, 8000),
};
for (const [title, other] of Object.entries(others)) {
  test(`models on ${title} have features of their own`, async () => {
    const tiny = tinyModel();
    const graph = composeModels([tiny, other]);
    assert.is(graph.nodes.filter(({ op }) => op === 'logmel').length, 2);
    const [[alone], [otherAlone]] = [await outputsOf([tiny]), await outputsOf([other])];
    assert.equal(await outputsOf([tiny, other]), [alone, otherAlone]);
    assert.equal(await outputsOf([other, tiny]), [otherAlone, alone]);
    assert.not.equal(alone, otherAlone);
  });
}

test('a hop of its own gives frames of its own', () => {
  const attributes = composeModels([tinyModel(), tinyOn('other', { hop: 128 })])
    .nodes.filter(({ op }) => op === 'logmel')
    .map((node) => node.attributes.hop);
  assert.equal(attributes, [256, 128]);
});

test('models on the same features share them', async () => {
  const [tiny, twin] = [tinyModel(), tinyOn('twin', {})];
  const graph = composeModels([tiny, twin]);
  assert.equal(
    graph.nodes.filter(({ op }) => op === 'logmel').map(({ attributes }) => attributes),
    [{ frame: 512, hop: 256, bands: 3, sampleRate: 16000 }],
  );
  const [first, second] = await outputsOf([tiny, twin]);
  assert.equal(first, second);
});

test('a model with two inputs is refused by name', () => {
  const tiny = tinyModel();
  const inputs = [...tiny.graph.inputs, { name: 'more', shape: ['batch'], type: 'float32' as const }];
  assert.throws(() => composeModels([{ ...tiny, graph: { ...tiny.graph, inputs } }]), /model "tiny".*has 2/);
});

test.run();
