/** A model small enough to read, of which the golden files of every format version are made. */
import type { Model } from '../../src/models/model.ts';

const ramp = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => ((i * 7) % 11) / 11 - 0.4);

export const tinyModel = (): Model => ({
  name: 'tiny',
  version: 3,
  labels: ['low', 'high'],
  sampleRate: 16000,
  features: { kind: 'logmel', frame: 512, hop: 256, bands: 3 },
  framesPerStep: 1,
  receptiveField: 3,
  unknownCutoff: 0.25,
  gate: 'speech',
  warmupWeights: [0.25, 0.5],
  training: '{"seed":1}',
  conversion: '{"verified":false}',
  graph: {
    inputs: [{ name: 'logmel', shape: ['batch', 'time', 3], type: 'float32' }],
    nodes: [
      {
        name: 'conv',
        op: 'conv',
        inputs: ['logmel', 'kernel', 'bias'],
        outputs: ['hidden'],
        attributes: { pads: [2, 0], activation: 'relu' },
      },
      { name: 'scores', op: 'dense', inputs: ['hidden', 'matrix', ''], outputs: ['logits'], attributes: {} },
      { name: 'softmax', op: 'softmax', inputs: ['logits'], outputs: ['probabilities'], attributes: { log: 0 } },
    ],
    constants: new Map([
      ['kernel', { shape: [3, 3, 4], data: ramp(36) }],
      ['bias', { shape: [4], data: ramp(4) }],
      ['matrix', { shape: [4, 2], data: ramp(8) }],
    ]),
    outputs: ['probabilities'],
  },
});
