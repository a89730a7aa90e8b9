import { ArgumentError, DecodeError } from '../errors.ts';
import { type FilePlace, type OpenFile, platform } from '../platform/index.ts';
import { describe } from './format.ts';

/** A file's path, its file: URL, or its bytes. */
export type FileSource = FilePlace | Uint8Array;

/** Bytes of a file or of memory, front to back in blocks, with a look ahead; at any place where the source can seek. */
export class ByteReader {
  /** How errors call the source. */
  readonly name: string;
  /** Bytes in all; undefined for a pipe. */
  readonly size: number | undefined;
  readonly #source: Uint8Array | OpenFile;
  /** Bytes read ahead that no block has given yet. */
  #ahead: Uint8Array = new Uint8Array(0);
  #position = 0;

  private constructor(name: string, source: Uint8Array | OpenFile) {
    this.name = name;
    this.#source = source;
    this.size = source instanceof Uint8Array ? source.length : source.size;
  }

  static async open(source: FileSource): Promise<ByteReader> {
    // A plain view: a Buffer's slice would not copy.
    if (source instanceof Uint8Array)
      return new ByteReader('data', new Uint8Array(source.buffer, source.byteOffset, source.length));
    if (typeof source !== 'string' && !(source instanceof URL)) {
      throw new ArgumentError(
        'source',
        describe(source),
        'a path, a file: URL, or the bytes of a file as a Uint8Array',
      );
    }
    const name = platform.nameOf(source);
    const file = await platform.openFile(source).catch((error: Error) => {
      throw new DecodeError(name, error.message, { cause: error });
    });
    return new ByteReader(name, file);
  }

  get canSeek(): boolean {
    return this.size !== undefined;
  }

  /** The next bytes without taking them; fewer where the source ends. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#ahead.length < length) {
      const more = await this.#next(length - this.#ahead.length);
      if (more.length === 0) break;
      const joined = new Uint8Array(this.#ahead.length + more.length);
      joined.set(this.#ahead);
      joined.set(more, this.#ahead.length);
      this.#ahead = joined;
    }
    return this.#ahead.subarray(0, length);
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
        ? await this.readAt(this.#position, length)
        : await this.#read(this.#source, length, undefined);
    this.#position += block.length;
    return block;
  }

  async #read(file: OpenFile, length: number, position: number | undefined): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    return buffer.subarray(0, await file.read(buffer, position));
  }
}
