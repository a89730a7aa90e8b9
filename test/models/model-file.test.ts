import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelFileError } from '../../src/errors.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { loadModel, readModel, readModelFile, writeModel } from '../../src/models/model-file.ts';
import { modelFileType, modelType } from '../../src/models/model-schema.ts';
import { tinyModel } from './tiny-model.ts';

const schema = protobuf.parse(readFileSync(new URL('../../weights/model.proto', import.meta.url), 'utf8')).root;
const refused = (bytes: Uint8Array, pattern: RegExp) =>
  assert.throws(
    () => readModel(bytes, 'speech.model'),
    (error: Error) =>
      error instanceof ModelFileError && error.message.startsWith('speech.model: ') && pattern.test(error.message),
  );

/** The file again with a changed payload and the checksum that belongs to it. */
function repacked(change: (model: any) => void): Uint8Array {
  const file = modelFileType.decode(writeModel(tinyModel()));
  const message = schema.lookupType('Model').toObject(schema.lookupType('Model').decode(file.payload!));
  change(message);
  const payload = schema.lookupType('Model').encode(schema.lookupType('Model').fromObject(message)).finish();
  return modelFileType.encode({ ...file, payload, checksum: createHash('sha256').update(payload).digest() });
}

test('what is written is read again', () => {
  const model = tinyModel();
  assert.equal(readModel(writeModel(model)), model);
  assert.equal(readModelFile(writeModel(model)).formatVersion, 2);
  for (const gate of ['', 'speech-rt']) assert.is(readModel(writeModel({ ...model, gate })).gate, gate);
});

test('a file at an odd address is read as well', () => {
  const bytes = writeModel(tinyModel());
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.equal(readModel(shifted.subarray(1)), tinyModel());
});

test('protobufjs reads the same file by weights/model.proto', () => {
  const file: any = schema.lookupType('ModelFile').decode(writeModel(tinyModel()));
  assert.is(file.magic, 'undertone model');
  const model = schema
    .lookupType('Model')
    .toObject(schema.lookupType('Model').decode(file.payload), { enums: String, arrays: true });
  assert.equal(model.labels, ['low', 'high']);
  assert.equal(model.graph.inputs[0].shape, [{ name: 'batch' }, { name: 'time' }, { extent: 3 }]);
  assert.equal(model.graph.nodes[0].attributes.find(({ name }: any) => name === 'pads').list.values, [2, 0]);
  assert.is(model.graph.tensors[0].name, 'kernel');
  assert.equal(readModel(repacked(() => {})), tinyModel());
});

test('the golden file of format version 1 is read', async () => {
  const golden = new URL('../fixtures/models/tiny-v1.model', import.meta.url).pathname;
  assert.equal(await loadModel(golden), tinyModel());
  for (const weights of ['float16', 'int8'] as const) {
    const { network, encodings } = readModelFile(readFileSync(golden.replace('v1', `v1-${weights}`)));
    assert.is(encodings.get('kernel'), weights);
    assert.is(encodings.get('bias'), 'float32');
    const [got, exact] = [network, tinyModel()].map(({ graph }) => graph.constants.get('kernel')! as Tensor);
    const largest = Math.max(...got.data.map((value, i) => Math.abs(value - exact.data[i])));
    assert.ok(largest < (weights === 'int8' ? 0.01 : 0.001), `${weights}: ${largest}`);
  }
});

test('the golden file of format version 2 is read', async () => {
  const golden = new URL('../fixtures/models/tiny-v2.model', import.meta.url).pathname;
  assert.equal(await loadModel(golden), { ...tinyModel(), gate: 'speech-rt' });
});

test('a file of version 1 names no gate: speech is the gate of all others', () => {
  const asVersion1 = (name: string): Uint8Array =>
    modelFileType.encode({
      ...modelFileType.decode(writeModel({ ...tinyModel(), name, gate: '' })),
      formatVersion: 1,
    });
  assert.is(readModel(asVersion1('speech')).gate, '');
  assert.is(readModel(asVersion1('gender')).gate, 'speech');
});

test('matrices and kernels are stored in fewer bits where that was asked for, vectors never', () => {
  for (const weights of ['float32', 'float16', 'int8'] as const) {
    const { encodings, network } = readModelFile(writeModel(tinyModel(), { weights }));
    assert.equal(Object.fromEntries(encodings), { kernel: weights, bias: 'float32', matrix: weights });
    assert.equal(network.graph.constants.get('bias'), tinyModel().graph.constants.get('bias'));
  }
});

test('a plain network is written and read, but is no model of audio', () => {
  const { name, version, training, conversion, graph } = tinyModel();
  const stored = { name, version, labels: [], training, conversion, graph };
  const bytes = writeModel(stored);
  const { network, model } = readModelFile(bytes);
  assert.equal(network, stored);
  assert.is(model, undefined);
  refused(bytes, /it holds the plain network "tiny", which states no audio features: Network of undertone\/network/);
});

test('independent classes are stored as such', () => {
  const model = { ...tinyModel(), independent: true as const };
  assert.equal(readModel(writeModel(model)), model);
});

test('a file cut off anywhere is refused', () => {
  const bytes = writeModel(tinyModel());
  for (let length = 0; length < bytes.length; length += 1 + (length >> 4))
    refused(bytes.subarray(0, length), /cut off/);
});

test('a file that was altered anywhere is refused', () => {
  const bytes = writeModel(tinyModel());
  for (let at = 0; at < bytes.length; at += 7) {
    const altered = bytes.slice();
    altered[at] ^= 1 << (at % 8);
    assert.throws(
      () => readModel(altered, 'x'),
      (error: Error) => error instanceof ModelFileError,
    );
  }
  const altered = bytes.slice();
  altered[bytes.length - 20] ^= 1;
  refused(altered, /altered/);
});

test('something else and a newer format are refused by name', () => {
  refused(new TextEncoder().encode('RIFF....WAVE'), /not a model file/);
  const file = modelFileType.decode(writeModel(tinyModel()));
  refused(
    modelFileType.encode({ ...file, formatVersion: 3 }),
    /format version 3, but this release reads versions up to 2/,
  );
});

test('contents that make no sense are refused, whatever their checksum', () => {
  refused(
    repacked((model) => (model.graph.tensors[0].shape = [4294967295, 4294967295, 4294967295])),
    /tensor "kernel" of shape/,
  );
  refused(
    repacked((model) => (model.graph.tensors[0].shape = new Array(9).fill(1))),
    /9 axes/,
  );
  refused(
    repacked((model) => (model.graph.tensors[0].encoding = 7)),
    /unknown encoding 7/,
  );
  refused(
    repacked((model) => (model.graph.tensors[0].encoding = 2)),
    /tensor "kernel"/,
  );
  refused(
    repacked((model) => (model.graph.nodes[0].op = 'quantum')),
    /there is no op "quantum"/,
  );
  refused(
    repacked((model) => (model.graph.nodes[0].inputs[0] = 'nothing')),
    /made by no earlier node/,
  );
  refused(
    repacked((model) => model.graph.nodes.reverse()),
    /made by no earlier node/,
  );
  refused(
    repacked((model) => (model.graph.inputs = [])),
    /no inputs|by no earlier node/,
  );
  refused(
    repacked((model) => (model.labels = ['one'])),
    /labels/,
  );
  refused(
    repacked((model) => (model.labels = ['one', 'one'])),
    /two or more different ones/,
  );
  refused(
    repacked((model) => model.graph.tensors.push(model.graph.tensors[0])),
    /tensor "kernel" is there twice/,
  );
  refused(
    repacked((model) => Object.assign(model.graph.tensors[0], { encoding: 2, data: new Uint8Array(36) })),
    /tensor "kernel" has 0 bytes of scales/,
  );
  refused(
    repacked((model) =>
      Object.assign(model.graph.tensors[0], { encoding: 2, data: new Uint8Array(36), scales: new Uint8Array(12) }),
    ),
    /tensor "kernel" has 12 bytes of scales/,
  );
  refused(
    repacked((model) => (model.warmupWeights = [0.5, -1])),
    /a warm-up weight is negative/,
  );
  refused(
    repacked((model) => (model.warmupWeights = [NaN])),
    /a warm-up weight is negative or no number/,
  );
  refused(
    repacked((model) => (model.name = '../../etc')),
    /name/,
  );
  refused(
    repacked((model) => (model.sampleRate = 0)),
    /sample rate/,
  );
  refused(
    repacked((model) => (model.unknownCutoff = 2)),
    /cut-off/,
  );
  refused(
    repacked((model) => (model.gate = 'not a name')),
    /its gate is "not a name"/,
  );
  refused(
    repacked((model) => (model.gate = model.name)),
    /which is the model itself/,
  );
  refused(
    repacked((model) => delete model.graph),
    /graph is missing/,
  );
  refused(
    repacked((model) => (model.graph.nodes[0].attributes[0] = { name: 'pads' })),
    /"pads" has 0 values/,
  );
});

test('fields of a later revision are skipped', () => {
  const file = modelFileType.decode(writeModel(tinyModel()));
  const payload = Uint8Array.from([...file.payload!, 0xfa, 0x07, 0x02, 0x68, 0x69]);
  const bytes = modelFileType.encode({ ...file, payload, checksum: createHash('sha256').update(payload).digest() });
  assert.equal(readModel(bytes), tinyModel());
});

test('hostile messages cost bounded memory', () => {
  // A million empty nodes in two bytes each.
  const nodes = new Uint8Array(2_000_000);
  for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x12;
  const graph = Uint8Array.from([0x62, 0x80, 0x89, 0x7a]);
  const payload = new Uint8Array([...graph, ...nodes]);
  const checksum = createHash('sha256').update(payload).digest();
  refused(
    modelFileType.encode({ magic: 'undertone model', formatVersion: 1, checksum, payload }),
    /more than 500000 parts/,
  );
  assert.ok(modelType.fields.graph);
});

test.run();
