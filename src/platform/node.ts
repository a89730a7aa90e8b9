import { createHash } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { open, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { openGpu, whyNoGpu, whyNoGpuDriver } from './node-gpu.ts';
import type { FilePlace, OpenFile, Platform, Thread, ThreadListener, ThreadTask } from './platform.ts';

/** Node 20 knows relaxed SIMD, which later versions have from the start, behind this flag. */
const relaxedSimd = 'experimental-wasm-relaxed-simd';

const openReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read (permission denied)',
};

export const platform: Platform = {
  cores: availableParallelism,
  startThread,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  warn: (message, name) => process.emitWarning(message, name),
  diagnostics: channel,

  nameOf: (place) => (place instanceof URL ? fileURLToPath(place) : place),
  readFile,
  openFile,
  async listFolder(path) {
    return (await readdir(path)).sort().map((name) => ({ name, path: join(path, name) }));
  },
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),

  withRelaxedSimd(work) {
    setFlagsFromString(`--${relaxedSimd}`);
    try {
      return work();
    } finally {
      setFlagsFromString(`--no-${relaxedSimd}`);
    }
  },
  // 2 GiB: addresses stay positive as int32.
  mostPages: 32768,

  openGpu,
  whyNoGpu,
  whyNoGpuDriver,
};

async function openFile(place: FilePlace): Promise<OpenFile> {
  const file = await open(place).catch((error: NodeJS.ErrnoException) => {
    throw new Error(openReasons[error.code ?? ''] ?? error.message, { cause: error });
  });
  const stat = await file.stat();
  if (stat.isDirectory()) {
    await file.close();
    throw new Error('it is a folder, not a file');
  }
  return {
    size: stat.isFile() ? stat.size : undefined,
    async read(target, position) {
      return (await file.read(target, 0, target.length, position ?? null)).bytesRead;
    },
    close: () => file.close(),
  };
}

function startThread({ source, data }: ThreadTask, { onTold, onEnd }: ThreadListener): Thread {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     (${source})(workerData, () => parentPort.postMessage(0));`,
    { eval: true, execArgv: [], workerData: data },
  );
  let cause: unknown;
  worker.on('message', onTold);
  worker.on('error', (error) => (cause = error));
  worker.on('exit', () => onEnd(cause));
  return {
    hold: (holds) => (holds ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate();
    },
  };
}
