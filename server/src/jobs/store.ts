/**
 * Where the audio of jobs and their results lie. A thing is there whole or not at all: it is written under another name
 * and renamed, or handed to a program that does as much (an object store's put).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Names are made here alone, from ids of hex digits. */
export const storeNames = {
  /** Results of enqueued files stay; two digits first, so that no folder holds millions. */
  result: (id: string) => `results/${id.slice(0, 2)}/${id}.json`,
  /** Results of jobs of the API are kept for a time. */
  jobResult: (id: string) => `jobs/${id}.json`,
  jobAudio: (id: string) => `jobs/${id}.audio`,
};

export interface Store {
  put(name: string, content: Readable): Promise<void>;
  has(name: string): Promise<boolean>;
  /** The content, or undefined where there is none of this name. */
  get(name: string): Promise<Buffer | undefined>;
  /** Copies to a file. @throws Error where there is none of this name */
  fetch(name: string, path: string): Promise<void>;
  /** Nothing happens where there is none of this name. */
  remove(name: string): Promise<void>;
  /** Removes what jobs left that is older than this. */
  sweep(olderThanMs: number): Promise<void>;
}

export function openStore(where: string): Store {
  const program = /^command:(.+)$/.exec(where)?.[1];
  return program ? new CommandStore(program) : new FolderStore(where);
}

export function putText(store: Store, name: string, text: string): Promise<void> {
  return store.put(name, Readable.from([text]));
}

export class FolderStore implements Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(name: string, content: Readable): Promise<void> {
    const path = join(this.#folder, name);
    // In a place of its own: what a killed process left is no result, and is swept away.
    const temporary = join(this.#folder, 'parts', randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    await mkdir(dirname(path), { recursive: true });
    try {
      await pipeline(content, createWriteStream(temporary, { flags: 'wx', mode: 0o640 }));
      await flush(temporary);
      await rename(temporary, path);
      await flush(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async has(name: string): Promise<boolean> {
    return stat(join(this.#folder, name)).then(
      () => true,
      (error: NodeJS.ErrnoException) => absent(error),
    );
  }

  async get(name: string): Promise<Buffer | undefined> {
    if (!(await this.has(name))) return undefined;
    const parts: Buffer[] = [];
    for await (const part of createReadStream(join(this.#folder, name))) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }

  async fetch(name: string, path: string): Promise<void> {
    await pipeline(createReadStream(join(this.#folder, name)), createWriteStream(path, { mode: 0o600 }));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }

  async sweep(olderThanMs: number): Promise<void> {
    for (const folder of [join(this.#folder, 'jobs'), join(this.#folder, 'parts')]) {
      const entries = await opendir(folder).catch((error: NodeJS.ErrnoException) => absent(error) || undefined);
      if (!entries) continue;
      for await (const entry of entries) {
        const path = join(folder, entry.name);
        const found = await stat(path).catch(() => undefined);
        if (found?.isFile() && Date.now() - found.mtimeMs > olderThanMs) await rm(path, { force: true });
      }
    }
  }
}

/** False for a file that is not there; any other error is thrown. */
function absent(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false;
  throw error;
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Says that there is nothing of this name. */
const noSuchName = 44;

/**
 * A program in front of an object store: `PROGRAM put NAME` reads standard input, `PROGRAM get NAME` writes standard
 * output, `PROGRAM has NAME`, `PROGRAM remove NAME`. It ends with 0, with 44 where there is nothing of that name, else
 * with an error on standard error. It keeps and forgets old things by its own rules.
 */
export class CommandStore implements Store {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  async put(name: string, content: Readable): Promise<void> {
    await this.#run('put', name, content);
  }

  async has(name: string): Promise<boolean> {
    return (await this.#run('has', name)) === 0;
  }

  async get(name: string): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    const code = await this.#run('get', name, undefined, (output) =>
      (async () => {
        for await (const part of output) parts.push(part as Buffer);
      })(),
    );
    return code === 0 ? Buffer.concat(parts) : undefined;
  }

  async fetch(name: string, path: string): Promise<void> {
    const code = await this.#run('get', name, undefined, (output) =>
      pipeline(output, createWriteStream(path, { mode: 0o600 })),
    );
    if (code !== 0) throw new Error(`the store has no ${name}`);
  }

  async remove(name: string): Promise<void> {
    await this.#run('remove', name);
  }

  async sweep(): Promise<void> {}

  /** 0 or 44. @throws Error for any other end, with what the program said */
  async #run(
    verb: string,
    name: string,
    input?: Readable,
    read?: (output: Readable) => Promise<void>,
  ): Promise<number> {
    const child = spawn(this.#program, [verb, name], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 2000) said += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const written = input ? feed(input, child) : (child.stdin.end(), undefined);
    const [code, writing] = await Promise.all([
      ended,
      settle(written),
      read ? read(child.stdout) : (child.stdout.resume(), undefined),
    ]);
    if (writing) throw writing;
    if (code !== 0 && code !== noSuchName)
      throw new Error(`${verb}: the store's program ended with ${code}: ${said.trim()}`);
    return code;
  }
}

/** What breaks off must not look like an end to the program: it is stopped first. */
async function feed(input: Readable, child: ChildProcessWithoutNullStreams): Promise<void> {
  const { stdin } = child;
  // A program that stops reading early says why by its exit code, so the broken pipe is not the news.
  const broken = new Promise<void>((resolve) => stdin.once('error', () => resolve()));
  try {
    for await (const part of input) {
      if (stdin.destroyed) return;
      if (!stdin.write(part)) await Promise.race([once(stdin, 'drain'), broken]);
    }
  } catch (error) {
    child.kill('SIGKILL');
    stdin.destroy();
    throw error;
  }
  stdin.end();
}

async function settle(promise: Promise<void> | undefined): Promise<Error | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
