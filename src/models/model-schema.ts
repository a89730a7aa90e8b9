/** weights/model.proto as tables of fields; a test holds the two against each other. */
import { type Decoded, many, manyMessages, messageType, one, oneMessage } from './protobuf.ts';

export const modelFileType = messageType({
  magic: one(1, 'string'),
  formatVersion: one(2, 'uint32'),
  checksum: one(3, 'bytes'),
  payload: one(4, 'bytes'),
});

const featuresType = messageType({
  kind: one(1, 'string'),
  frame: one(2, 'uint32'),
  hop: one(3, 'uint32'),
  bands: one(4, 'uint32'),
});

const numbersType = messageType({ values: many(1, 'double') });

const attributeType = messageType({
  name: one(1, 'string'),
  number: one(2, 'double'),
  text: one(3, 'string'),
  list: oneMessage(4, () => numbersType),
});

const nodeType = messageType({
  name: one(1, 'string'),
  op: one(2, 'string'),
  inputs: many(3, 'string'),
  outputs: many(4, 'string'),
  attributes: manyMessages(5, () => attributeType),
});

const dimensionType = messageType({ extent: one(1, 'uint32'), name: one(2, 'string') });

const inputType = messageType({
  name: one(1, 'string'),
  shape: manyMessages(2, () => dimensionType),
  type: one(3, 'uint32'),
});

const tensorType = messageType({
  name: one(1, 'string'),
  shape: many(2, 'uint32'),
  encoding: one(3, 'uint32'),
  data: one(4, 'bytes'),
  scales: one(5, 'bytes'),
});

const graphType = messageType({
  inputs: manyMessages(1, () => inputType),
  nodes: manyMessages(2, () => nodeType),
  outputs: many(3, 'string'),
  tensors: manyMessages(4, () => tensorType),
});

export const modelType = messageType({
  name: one(1, 'string'),
  version: one(2, 'uint32'),
  labels: many(3, 'string'),
  sampleRate: one(4, 'uint32'),
  features: oneMessage(5, () => featuresType),
  framesPerStep: one(6, 'uint32'),
  receptiveField: one(7, 'uint32'),
  unknownCutoff: one(8, 'double'),
  warmupWeights: many(9, 'double'),
  training: one(10, 'string'),
  conversion: one(11, 'string'),
  graph: oneMessage(12, () => graphType),
  gate: one(13, 'string'),
  independent: one(14, 'bool'),
});

export type GraphMessage = Decoded<typeof graphType>;
export type NodeMessage = Decoded<typeof nodeType>;
export type AttributeMessage = Decoded<typeof attributeType>;
export type InputMessage = Decoded<typeof inputType>;
export type TensorMessage = Decoded<typeof tensorType>;
export type ModelMessage = Decoded<typeof modelType>;
