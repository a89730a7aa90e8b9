import { ArgumentError, DecodeError, describe } from '../errors.ts';
import { type FilePlace, type OpenFile, platform } from '../platform/index.ts';
import { isArrayBuffer } from './samples.ts';

/**
 * What a file is read from: its path, its file: URL, its bytes, a Blob or File, a Response, or a stream of its bytes
 * (of the Web or of Node).
 */
export type FileSource = FilePlace | Uint8Array | ArrayBuffer | Blob | Response | ByteStream;

export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** An error of the caller's own stream, which is passed on as it is. */
export class SourceError extends Error {}

const allowed =
  'a path, a file: URL, bytes (Uint8Array, ArrayBuffer), a Blob, a Response, or a stream of bytes; samples go ' +
  'to processAudioBytes';

/** Bytes of a source, front to back in blocks, with a look ahead; at any place where the source can seek. */
export class ByteReader {
  /** How errors call the source. */
  readonly name: string;
  /** Bytes in all; undefined for a pipe. */
  readonly size: number | undefined;
  readonly #source: Uint8Array | OpenFile;
  /** Bytes read ahead that no block has given yet. */
  #ahead: Uint8Array = new Uint8Array(0);
  #position = 0;
  #furthest = 0;

  private constructor(name: string, source: Uint8Array | OpenFile) {
    this.name = name;
    this.#source = source;
    this.size = source instanceof Uint8Array ? source.length : source.size;
  }

  /** Bytes in memory are copied before this waits for anything. */
  static async open(source: FileSource): Promise<ByteReader> {
    const bytes = bytesOf(source);
    if (bytes) return new ByteReader('data', bytes);
    if (typeof source === 'string' || isUrl(source)) return ByteReader.#openFile(place(source));
    if (isResponse(source)) {
      const name = source.url || 'data';
      if (!source.ok) throw new DecodeError(name, `the server answered ${source.status} ${source.statusText}`.trim());
      if (source.bodyUsed) throw new DecodeError(name, 'its body was read before');
      return new ByteReader(name, source.body ? new StreamedBytes(source.body) : new Uint8Array(0));
    }
    if (isBlob(source)) return new ByteReader((source as { name?: string }).name || 'data', blobFile(source));
    if (isStream(source)) return new ByteReader('data', new StreamedBytes(source));
    throw new ArgumentError('source', describe(source), allowed);
  }

  static async #openFile(place: FilePlace): Promise<ByteReader> {
    const name = namePlace(place);
    const file = await platform.openFile(place).catch((error: Error) => {
      throw new DecodeError(name, error.message, { cause: error });
    });
    return new ByteReader(name, file);
  }

  get canSeek(): boolean {
    return this.size !== undefined;
  }

  /** Bytes that were given or dropped. */
  get position(): number {
    return this.#position - this.#ahead.length;
  }

  /** How far into the source the bytes reach that were given. */
  get furthest(): number {
    return Math.max(this.position, this.#furthest);
  }

  /** The next bytes without taking them; fewer where the source ends. */
  async peek(length: number): Promise<Uint8Array> {
    if (this.#ahead.length < length) {
      const parts = [this.#ahead];
      let have = this.#ahead.length;
      while (have < length) {
        const more = await this.#next(Math.max(length - have, smallestRead));
        if (more.length === 0) break;
        parts.push(more);
        have += more.length;
      }
      this.#ahead = concat(parts, have);
    }
    return this.#ahead.subarray(0, length);
  }

  /** Takes bytes and forgets them. */
  async drop(length: number): Promise<void> {
    let left = length - this.#ahead.length;
    this.#ahead = this.#ahead.subarray(Math.min(length, this.#ahead.length));
    if (left <= 0) return;
    if (this.canSeek) {
      this.#position = Math.min(this.#position + left, this.size!);
      return;
    }
    while (left > 0) {
      const { length: dropped } = await this.#next(Math.min(left, 1 << 16));
      if (dropped === 0) return;
      left -= dropped;
    }
  }

  /** The rest, front to back. Each block is fresh memory or a view of the source's bytes, and stays valid. */
  async *blocks(size: number): AsyncGenerator<Uint8Array> {
    while (true) {
      const ahead = this.#ahead;
      this.#ahead = ahead.subarray(Math.min(size, ahead.length));
      const block = ahead.length > 0 ? ahead.subarray(0, size) : await this.#next(size);
      if (block.length === 0) return;
      yield block;
    }
  }

  /** Bytes at a place, fewer at the end. Only where canSeek; it does not move what blocks and peek give. */
  async readAt(position: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#readAt(position, length);
    this.#furthest = Math.max(this.#furthest, position + bytes.length);
    return bytes;
  }

  async #readAt(position: number, length: number): Promise<Uint8Array> {
    if (this.#source instanceof Uint8Array) return this.#source.subarray(position, position + length);
    const left = this.size === undefined ? length : this.size - position;
    return this.#read(this.#source, Math.max(0, Math.min(length, left)), position);
  }

  async close(): Promise<void> {
    if (!(this.#source instanceof Uint8Array)) await this.#source.close();
  }

  async #next(length: number): Promise<Uint8Array> {
    const block =
      this.#source instanceof Uint8Array || this.canSeek
        ? await this.#readAt(this.#position, length)
        : await this.#read(this.#source, length, undefined);
    this.#position += block.length;
    return block;
  }

  async #read(file: OpenFile, length: number, position: number | undefined): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    return buffer.subarray(0, await file.read(buffer, position));
  }
}

const smallestRead = 4096;

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A copy of bytes in memory, of whatever realm; undefined for another source. */
function bytesOf(source: unknown): Uint8Array | undefined {
  if (isArrayBuffer(source)) return copied(() => new Uint8Array(source));
  if (!ArrayBuffer.isView(source)) return undefined;
  const kind = (source as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
  const { buffer, byteOffset, byteLength } = source;
  return kind === 'Uint8Array' ? copied(() => new Uint8Array(buffer, byteOffset, byteLength)) : undefined;
}

function copied(view: () => Uint8Array): Uint8Array {
  try {
    return view().slice();
  } catch {
    throw new ArgumentError('source', 'a buffer that is detached', 'bytes that are still there, not transferred away');
  }
}

/** A path, or the URL that it is. @throws ArgumentError for one that is not of a file */
function place(source: string | URL): FilePlace {
  if (typeof source === 'string' && !/^(https?|blob|file):\/\//i.test(source)) return source;
  const text = String(source);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'file:')
    throw new ArgumentError(
      'source',
      `the URL ${source}`,
      'a file: URL, or what fetch gives for this one (a Response)',
    );
  return url;
}

function namePlace(place: FilePlace): string {
  try {
    return platform.nameOf(place);
  } catch {
    throw new ArgumentError('source', `the URL ${String(place)}`, 'a path, or a file: URL of this machine');
  }
}

function isUrl(source: unknown): source is URL {
  return source instanceof URL || Object.prototype.toString.call(source) === '[object URL]';
}

const has = <K extends string>(source: unknown, ...names: K[]): source is Record<K, unknown> =>
  typeof source === 'object' && source !== null && names.every((name) => name in source);

function isResponse(source: unknown): source is Response {
  return has(source, 'ok', 'status', 'bodyUsed', 'body');
}

function isBlob(source: unknown): source is Blob {
  return has(source, 'size', 'slice', 'arrayBuffer') && typeof source.slice === 'function';
}

function isStream(source: unknown): source is ByteStream {
  return has(source) && (Symbol.asyncIterator in source || 'getReader' in source);
}

function blobFile(blob: Blob): OpenFile {
  return {
    size: blob.size,
    async read(target, position = 0) {
      const part = new Uint8Array(await blob.slice(position, position + target.length).arrayBuffer());
      target.set(part);
      return part.length;
    },
    close: async () => {},
  };
}

/** A stream of chunks of bytes, read as a pipe. */
class StreamedBytes implements OpenFile {
  readonly size = undefined;
  readonly #chunks: AsyncIterator<unknown>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: ByteStream) {
    this.#chunks = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : readerChunks(stream);
  }

  async read(target: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next().catch((error: unknown) => {
        throw new SourceError('the stream failed', { cause: error });
      });
      if (next.done) return 0;
      this.#rest = chunkBytes(next.value);
    }
    const part = this.#rest.subarray(0, target.length);
    target.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  /** Not waited for: a source that hangs must not hold up the one who leaves it. */
  async close(): Promise<void> {
    void Promise.resolve(this.#chunks.return?.()).catch(() => {});
  }
}

function chunkBytes(chunk: unknown): Uint8Array {
  if (isArrayBuffer(chunk)) return new Uint8Array(chunk);
  if (
    ArrayBuffer.isView(chunk) &&
    (chunk as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag] === 'Uint8Array'
  )
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const error = new ArgumentError(
    'source',
    `a stream with a chunk that is ${describe(chunk)}`,
    'a stream of bytes (Uint8Array)',
  );
  throw new SourceError('the stream gave no bytes', { cause: error });
}

/** Web streams of browsers that can't be iterated yet. */
async function* readerChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
