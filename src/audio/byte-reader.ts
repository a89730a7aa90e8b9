import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ArgumentError, DecodeError } from '../errors.ts';
import { describe } from './format.ts';

/** A file's path, its file: URL, or its bytes. */
export type FileSource = string | URL | Uint8Array;

/** How a source is called in errors. */
export function nameOf(source: FileSource): string {
  if (typeof source === 'string') return source;
  return source instanceof URL ? fileURLToPath(source) : 'data';
}

/** Bytes of a file or of memory, front to back in blocks, with a look ahead; at any place where the source can seek. */
export class ByteReader {
  /** Bytes in all; undefined for a pipe. */
  readonly size: number | undefined;
  readonly #bytes: Uint8Array | undefined;
  readonly #file: FileHandle | undefined;
  /** Bytes read ahead that no block has given yet. */
  #ahead: Uint8Array = new Uint8Array(0);
  #position = 0;
  readonly name: string;

  private constructor(name: string, source: { bytes: Uint8Array } | { file: FileHandle; size: number | undefined }) {
    this.name = name;
    this.#bytes = 'bytes' in source ? source.bytes : undefined;
    this.#file = 'file' in source ? source.file : undefined;
    this.size = 'bytes' in source ? source.bytes.length : source.size;
  }

  static async open(source: FileSource): Promise<ByteReader> {
    // A plain view: a Buffer's slice would not copy.
    if (source instanceof Uint8Array)
      return new ByteReader('data', { bytes: new Uint8Array(source.buffer, source.byteOffset, source.length) });
    if (typeof source !== 'string' && !(source instanceof URL)) {
      throw new ArgumentError(
        'source',
        describe(source),
        'a path, a file: URL, or the bytes of a file as a Uint8Array',
      );
    }
    const name = nameOf(source);
    try {
      const file = await open(name);
      const stat = await file.stat();
      if (!stat.isDirectory()) return new ByteReader(name, { file, size: stat.isFile() ? stat.size : undefined });
      await file.close();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reasons: Record<string, string> = {
        ENOENT: 'there is no such file',
        EACCES: 'it may not be read (permission denied)',
      };
      throw new DecodeError(name, reasons[code ?? ''] ?? message, { cause: error });
    }
    throw new DecodeError(name, 'it is a folder, not a file');
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
    if (this.#bytes) return this.#bytes.subarray(position, position + length);
    const buffer = new Uint8Array(Math.max(0, Math.min(length, this.size! - position)));
    const { bytesRead } = await this.#file!.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #next(length: number): Promise<Uint8Array> {
    const block = this.canSeek ? await this.readAt(this.#position, length) : await this.#fromPipe(length);
    this.#position += block.length;
    return block;
  }

  async #fromPipe(length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await this.#file!.read(buffer, 0, length, null);
    return buffer.subarray(0, bytesRead);
  }
}
