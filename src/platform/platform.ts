/**
 * What differs between Node and a browser, and nothing else. One module a platform implements it: node.ts, and
 * browser.ts, which bundlers for the browser take in its place (`browser` in package.json).
 */
export interface Platform {
  /** Threads that can compute at once; 1 where threads can't share memory. */
  cores(): number;
  /** Starts a thread. Throws where none can be started. */
  startThread(task: ThreadTask, listener: ThreadListener): Thread;
  /** Settles in the next turn of the event loop, after what is already waiting there. */
  nextTurn(): Promise<void>;
  /** Tells the user of something that is no error. */
  warn(message: string, name: string): void;

  /** A named channel on which those who watch the process may listen; nobody does where the platform has none. */
  diagnostics(name: string): DiagnosticsChannel;

  /** How errors call a file. */
  nameOf(place: FilePlace): string;
  readFile(place: FilePlace): Promise<Uint8Array>;
  /** Throws an Error whose message is a clause that fits behind the file's name. */
  openFile(place: FilePlace): Promise<OpenFile>;
  /** The files of a folder, sorted by name. */
  listFolder(path: string): Promise<readonly { readonly name: string; readonly path: string }[]>;
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;

  /** Calls `work` with relaxed SIMD of WebAssembly switched on, where it is known and has a switch. */
  withRelaxedSimd<T>(work: () => T): T;
  /** Most pages of 64 KiB that a WebAssembly memory may ask for. */
  readonly mostPages: number;

  /** WebGPU's entry point. `flags` are Dawn's, and of no meaning elsewhere. Throws where there is no WebGPU. */
  openGpu(flags: readonly string[]): Promise<GPU>;
  /** Why looking for a GPU is not worth it, a clause; undefined where it is. */
  whyNoGpu(): string | undefined;
  /** Why no driver of a GPU can be found, a clause; undefined where one may be. */
  whyNoGpuDriver(): string | undefined;
}

export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** A path, or a URL that this platform can read. */
export type FilePlace = string | URL;

export interface OpenFile {
  /** Bytes in all; undefined for a pipe. */
  readonly size: number | undefined;
  /**
   * Fills the start of `target` from a place in the file, or from where the last read of a pipe ended; gives the bytes
   * read.
   */
  read(target: Uint8Array, position: number | undefined): Promise<number>;
  close(): Promise<void>;
}

export interface ThreadTask {
  /** A function expression of `data` and `tell`: text, because no platform gives a thread this library's modules. */
  readonly source: string;
  /** Handed over by structured clone; shared memory stays shared. */
  readonly data: unknown;
}

export interface ThreadListener {
  /** The thread called `tell()`. */
  onTold(): void;
  /** The thread has ended; `cause` is what it died of. */
  onEnd(cause: unknown): void;
}

export interface Thread {
  /** Whether the thread keeps the process alive. */
  hold(holds: boolean): void;
  end(): Promise<void>;
}
