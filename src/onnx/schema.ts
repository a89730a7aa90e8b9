/**
 * The part of the ONNX file format that is read, as tables of fields. Numbers from onnx.proto3 of the ONNX standard.
 */
import {
  type Decoded,
  type MessageType,
  many,
  manyMessages,
  messageType,
  one,
  oneMessage,
} from '../models/protobuf.ts';

const entryType = messageType({ key: one(1, 'string'), value: one(2, 'string') });

export const tensorProto = messageType({
  dims: many(1, 'int64'),
  dataType: one(2, 'int32'),
  floatData: many(4, 'float'),
  int32Data: many(5, 'int32'),
  int64Data: many(7, 'int64'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: many(10, 'double'),
  externalData: manyMessages(13, () => entryType),
  dataLocation: one(14, 'int32'),
});

const attributeProto = messageType({
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: oneMessage(5, () => tensorProto),
  // The type is stated by hand, because a graph holds nodes, and nodes hold attributes.
  g: oneMessage(6, (): MessageType<GraphProto> => graphProto),
  floats: many(7, 'float'),
  ints: many(8, 'int64'),
  strings: many(9, 'bytes'),
  type: one(20, 'int32'),
});

const nodeProto = messageType({
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: manyMessages(5, () => attributeProto),
  domain: one(7, 'string'),
});

const dimensionProto = messageType({ value: one(1, 'int64'), symbol: one(2, 'string') });
const shapeProto = messageType({ dim: manyMessages(1, () => dimensionProto) });
const tensorTypeProto = messageType({ elementType: one(1, 'int32'), shape: oneMessage(2, () => shapeProto) });
const typeProto = messageType({ tensorType: oneMessage(1, () => tensorTypeProto) });

const valueProto = messageType({ name: one(1, 'string'), type: oneMessage(2, () => typeProto) });

/** Stated by hand: it stands in attributes of its own nodes. */
export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string | undefined;
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueProto[];
  readonly output: readonly ValueProto[];
  readonly sparseInitializer: readonly Uint8Array[];
}

const graphProto: MessageType<GraphProto> = messageType({
  node: manyMessages(1, () => nodeProto),
  name: one(2, 'string'),
  initializer: manyMessages(5, () => tensorProto),
  input: manyMessages(11, () => valueProto),
  output: manyMessages(12, () => valueProto),
  sparseInitializer: many(15, 'bytes'),
});

const operatorSetProto = messageType({ domain: one(1, 'string'), version: one(2, 'int64') });

export const modelProto = messageType({
  irVersion: one(1, 'int64'),
  producer: one(2, 'string'),
  graph: oneMessage(7, () => graphProto),
  operatorSets: manyMessages(8, () => operatorSetProto),
});

export type TensorProto = Decoded<typeof tensorProto>;
export type AttributeProto = Decoded<typeof attributeProto>;
export type NodeProto = Decoded<typeof nodeProto>;
export type ValueProto = Decoded<typeof valueProto>;

/** TensorProto.DataType. */
const dataTypes = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
] as const;
export type DataType = (typeof dataTypes)[number];

export function dataTypeName(type: number | undefined): DataType | `type ${number}` {
  return dataTypes[type ?? 0] ?? `type ${type!}`;
}

/** AttributeProto.AttributeType. */
export const attributeTypes = [
  'undefined',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparse tensor',
  'sparse tensors',
  'type',
  'types',
] as const;
