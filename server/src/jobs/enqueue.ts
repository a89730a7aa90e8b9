/** A folder's files as jobs: found one after the other, queued in bulk, never more waiting than Redis should hold. */
import { createHash } from 'node:crypto';
import { opendir, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Asked } from '../analysis.ts';
import type { Job } from './jobs.ts';
import type { JobQueue } from './redis.ts';

const extensions = new Set(
  'wav flac mp3 ogg oga opus m4a mp4 aac webm mka mkv aif aiff aifc caf au snd w64 amr gsm'
    .split(' ')
    .map((name) => `.${name}`),
);

export interface EnqueueProgress {
  readonly found: number;
  readonly queued: number;
  /** Were in the queue already. */
  readonly known: number;
}

export interface EnqueueOptions {
  readonly asked: Asked;
  /** Waits while so many jobs wait in Redis. */
  readonly maxJobs: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EnqueueProgress) => void;
  /** The id under which a file's result will lie. */
  readonly onFile?: (id: string, path: string) => void;
}

const bulk = 500;
const pollMs = 1000;

/**
 * The same file with the same options has the same id, so that a run that was broken off goes on where it was, and a
 * file that changed is a new job.
 */
export async function enqueueFolder(
  queue: JobQueue,
  folder: string,
  options: EnqueueOptions,
): Promise<EnqueueProgress> {
  const { asked, maxJobs, signal, onProgress, onFile } = options;
  let [found, queued, known] = [0, 0, 0];
  let batch: { name: string; data: Job; opts: { jobId: string } }[] = [];

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    while ((await queue.getWaitingCount()) + batch.length > Math.max(maxJobs, bulk)) {
      onProgress?.({ found, queued, known });
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      signal?.throwIfAborted();
    }
    const there = await Promise.all(batch.map(({ opts }) => queue.getJobState(opts.jobId)));
    const fresh = batch.filter((_, i) => there[i] === 'unknown');
    if (fresh.length > 0) await queue.addBulk(fresh);
    queued += fresh.length;
    known += batch.length - fresh.length;
    batch = [];
    onProgress?.({ found, queued, known });
  }

  for await (const path of filesOf(folder)) {
    signal?.throwIfAborted();
    const { size, mtimeMs } = await stat(path);
    const name = relative(folder, path).split(sep).join('/');
    const jobId = createHash('sha256')
      .update(JSON.stringify([name, size, mtimeMs, asked]))
      .digest('hex')
      .slice(0, 32);
    batch.push({ name: 'file', data: { source: { kind: 'file', path: name }, asked }, opts: { jobId } });
    found++;
    onFile?.(jobId, name);
    if (batch.length === bulk) await flush();
  }
  await flush();
  return { found, queued, known };
}

/** Files with an extension of audio, folders within folders; links are not followed. */
async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else if (entry.isFile() && extensions.has(extname(entry.name).toLowerCase())) yield path;
  }
}
