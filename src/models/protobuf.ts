/**
 * Protocol buffers from a table of fields instead of generated code: the tables stand next to the code that uses
 * them, and only protobufjs's reader and writer are loaded, which keeps the first answer of a process early.
 */
import protobuf from 'protobufjs/minimal.js';

interface Scalars {
  string: string;
  bytes: Uint8Array;
  bool: boolean;
  uint32: number;
  int32: number;
  /** As a number: beyond 2^53 only the magnitude is right. */
  int64: number;
  float: number;
  double: number;
}
type ScalarName = keyof Scalars;

export interface Field<T = unknown> {
  readonly id: number;
  readonly type: ScalarName | (() => MessageType<never>);
  readonly repeated: boolean;
  readonly value?: T;
}
type Fields = Readonly<Record<string, Field>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** What a decoded message looks like: fields that were not there are undefined, repeated ones are lists. */
export type Message<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };
export type Decoded<M> = M extends MessageType<infer T> ? T : never;

export const one = <S extends ScalarName>(id: number, type: S): Field<Scalars[S] | undefined> => ({
  id,
  type,
  repeated: false,
});
export const many = <S extends ScalarName>(id: number, type: S): Field<readonly Scalars[S][]> => ({
  id,
  type,
  repeated: true,
});
export const oneMessage = <T>(id: number, type: () => MessageType<T>): Field<T | undefined> => ({
  id,
  type: type as () => MessageType<never>,
  repeated: false,
});
export const manyMessages = <T>(id: number, type: () => MessageType<T>): Field<readonly T[]> => ({
  id,
  type: type as () => MessageType<never>,
  repeated: true,
});

/** Messages that one file may hold, nested ones too: a few bytes of input make an object of hundreds of bytes. */
const messageLimit = 500_000;
const depthLimit = 32;

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

type Reader = protobuf.Reader;
type Writer = protobuf.Writer;

const scalars: {
  readonly [S in ScalarName]: {
    wire: number;
    read(reader: Reader): Scalars[S];
    write(writer: Writer, value: Scalars[S]): unknown;
  };
} = {
  string: { wire: delimited, read: (reader) => reader.string(), write: (writer, value) => writer.string(value) },
  // A view into the file, not aligned to anything.
  bytes: { wire: delimited, read: (reader) => reader.bytes(), write: (writer, value) => writer.bytes(value) },
  bool: { wire: varint, read: (reader) => reader.bool(), write: (writer, value) => writer.bool(value) },
  uint32: { wire: varint, read: (reader) => reader.uint32(), write: (writer, value) => writer.uint32(value) },
  int32: { wire: varint, read: (reader) => reader.int32(), write: (writer, value) => writer.int32(value) },
  int64: {
    wire: varint,
    read: (reader) => toNumber(reader.int64() as unknown as number | Wide),
    write: (writer, value) => writer.int64(value),
  },
  float: { wire: fixed32, read: (reader) => reader.float(), write: (writer, value) => writer.float(value) },
  double: { wire: fixed64, read: (reader) => reader.double(), write: (writer, value) => writer.double(value) },
};

// protobufjs gives an object where its optional 64-bit package is there.
interface Wide {
  toNumber(): number;
}
const toNumber = (value: number | Wide): number => (typeof value === 'number' ? value : value.toNumber());

export class MessageType<T> {
  readonly #byId: ReadonlyMap<number, readonly [string, Field]>;
  readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
    this.#byId = new Map(Object.entries(fields).map(([name, field]) => [field.id, [name, field]]));
  }

  /** Throws RangeError or Error where the bytes are no such message; fields that are not in the table are skipped. */
  decode(bytes: Uint8Array): T {
    return this.#read(protobuf.Reader.create(bytes), bytes.length, { messages: 0 }, 0);
  }

  #read(reader: Reader, end: number, budget: { messages: number }, depth: number): T {
    if (++budget.messages > messageLimit) throw new Error(`it holds more than ${messageLimit} parts`);
    if (depth > depthLimit) throw new Error(`its parts are nested deeper than ${depthLimit}`);
    const message: Record<string, unknown> = {};
    for (const [name, { repeated }] of Object.entries(this.fields)) message[name] = repeated ? [] : undefined;
    while (reader.pos < end) {
      const tag = reader.uint32();
      const [name, field] = this.#byId.get(tag >>> 3) ?? [];
      const wire = tag & 7;
      if (!name || !field) {
        if (tag >>> 3 === 0) throw new Error('field number 0');
        reader.skipType(wire);
      } else if (typeof field.type === 'function') {
        if (wire !== delimited) throw new Error(`field "${name}" has wire type ${wire}`);
        const type = field.type() as unknown as MessageType<unknown>;
        const until = reader.uint32() + reader.pos;
        if (until > end) throw new RangeError(`field "${name}" reaches beyond the end`);
        const value = type.#read(reader, until, budget, depth + 1);
        if (field.repeated) (message[name] as unknown[]).push(value);
        else message[name] = value;
      } else {
        this.#readScalar(reader, message, name, field, wire, end);
      }
    }
    if (reader.pos !== end) throw new RangeError('a field reaches beyond the end of its part');
    return message as T;
  }

  #readScalar(
    reader: Reader,
    message: Record<string, unknown>,
    name: string,
    field: Field,
    wire: number,
    end: number,
  ): void {
    const scalar = scalars[field.type as ScalarName];
    if (field.repeated && wire === delimited && scalar.wire !== delimited) {
      const until = reader.uint32() + reader.pos;
      if (until > end) throw new RangeError(`field "${name}" reaches beyond the end`);
      while (reader.pos < until) (message[name] as unknown[]).push(scalar.read(reader));
      if (reader.pos !== until) throw new RangeError(`field "${name}" does not end with an element`);
      return;
    }
    if (wire !== scalar.wire) throw new Error(`field "${name}" has wire type ${wire}`);
    const value = scalar.read(reader);
    if (field.repeated) (message[name] as unknown[]).push(value);
    else message[name] = value;
  }

  encode(message: T): Uint8Array {
    const writer = protobuf.Writer.create();
    this.#write(writer, message);
    const bytes = writer.finish();
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #write(writer: Writer, message: T): void {
    for (const [name, field] of Object.entries(this.fields)) {
      const value = (message as Record<string, unknown>)[name];
      if (value === undefined) continue;
      const values = field.repeated ? (value as unknown[]) : [value];
      if (typeof field.type === 'function') {
        for (const part of values) {
          writer.uint32((field.id << 3) | delimited).fork();
          (field.type() as unknown as MessageType<unknown>).#write(writer, part);
          writer.ldelim();
        }
        continue;
      }
      const { wire, write } = scalars[field.type] as { wire: number; write(writer: Writer, value: unknown): unknown };
      if (field.repeated && wire !== delimited) {
        if (values.length === 0) continue;
        writer.uint32((field.id << 3) | delimited).fork();
        for (const element of values) write(writer, element);
        writer.ldelim();
      } else {
        for (const element of values) write(writer.uint32((field.id << 3) | wire), element);
      }
    }
  }
}

export function messageType<F extends Fields>(fields: F): MessageType<Message<F>> {
  return new MessageType(fields);
}
