/** What a job is, wherever it waits. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, TimeSeriesOutput } from 'undertone';
import { type Asked, analyseRecording } from '../analysis.ts';
import { publicError, ServiceError } from '../http/errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Downloader } from './download.ts';
import { putText, type Store, storeNames } from './store.ts';

export type JobSource =
  /** Audio that the store holds under the job's id. */
  | { readonly kind: 'upload' }
  | { readonly kind: 'url'; readonly url: string }
  /** A file below the workers' `files` folder; separators are slashes. */
  | { readonly kind: 'file'; readonly path: string };

/** Plain JSON: this is what lies in Redis, and what dashboards show. */
export interface Job {
  readonly source: JobSource;
  readonly asked: Asked;
  /** Whose it is; nobody else sees it. Absent for enqueued files. */
  readonly owner?: string;
  /** Tells requests of one Idempotency-Key apart. */
  readonly fingerprint?: string;
}

export type JobState = 'new' | 'started' | 'done' | 'error';

export interface JobStatus {
  readonly id: string;
  readonly state: JobState;
  readonly created_at: string;
  readonly finished_at?: string;
  readonly tries: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface FoundJob {
  readonly job: Job;
  readonly status: JobStatus;
}

export type JobCounts = Readonly<Record<JobState, number>>;

/** Jobs of the API. Both kinds promise: a job is done once its whole result lies in the store. */
export interface Jobs {
  /** Takes the job, or gives back the one of this id that is there. */
  add(id: string, job: Job): Promise<void>;
  find(id: string): Promise<FoundJob | undefined>;
  /** Takes back a job that has not been started and forgets one that has ended; false where it is under way. */
  remove(id: string): Promise<boolean>;
  counts(): Promise<JobCounts>;
  /** Whether jobs can be taken now. */
  ready(): Promise<boolean>;
  /** No new job is started; those under way end, or are stopped when the signal says so. */
  close(signal: AbortSignal): Promise<void>;
}

export function newJobId(): string {
  return randomUUID().replaceAll('-', '');
}

export function resultName(id: string, job: Job): string {
  return job.source.kind === 'file' ? storeNames.result(id) : storeNames.jobResult(id);
}

export interface Workshop {
  readonly engine: Engine;
  readonly store: Store;
  readonly downloader: Downloader;
  readonly metrics: Metrics;
  /** For audio on its way; this process's own. */
  readonly temporary: string;
  /** The path of an enqueued file. @throws ServiceError where it lies outside */
  readonly fileAt: (path: string) => Promise<string>;
  readonly jobSeconds: number;
}

/**
 * One try at a job: its audio from where it lies, the analysis, the result into the store, whole. A job whose result is
 * there already is done: its last worker died between writing it and saying so.
 * @throws ServiceError, in words for the caller; the signal's reason where that ended it
 */
export async function work(shop: Workshop, id: string, job: Job, signal: AbortSignal): Promise<void> {
  const { engine, store, metrics } = shop;
  if (await store.has(resultName(id, job))) return;
  const within = AbortSignal.any([signal, AbortSignal.timeout(shop.jobSeconds * 1000)]);
  const copy = join(shop.temporary, `${id}.${randomUUID()}`);
  try {
    const path = await audioOf(shop, id, job, copy, within);
    const start = performance.now();
    const { output, audioSeconds } = await analyseRecording(engine, path, job.asked, within);
    metrics.analysed('job', audioSeconds, (performance.now() - start) / 1000);
    await putText(store, resultName(id, job), resultText(job, output));
  } catch (error) {
    signal.throwIfAborted();
    throw wording(error);
  } finally {
    await rm(copy, { force: true });
  }
}

async function audioOf(
  shop: Workshop,
  id: string,
  { source }: Job,
  copy: string,
  signal: AbortSignal,
): Promise<string> {
  if (source.kind === 'file') return shop.fileAt(source.path);
  if (source.kind === 'url') await shop.downloader.fetch(source.url, copy, signal);
  else await shop.store.fetch(storeNames.jobAudio(id), copy);
  return copy;
}

/** The result of an enqueued file says which file it is of, since nobody else remembers. */
function resultText({ source }: Job, output: TimeSeriesOutput): string {
  return JSON.stringify(source.kind === 'file' ? { file: source.path, ...output } : output);
}

function wording(error: unknown): ServiceError {
  const known = publicError(error);
  if (known.code !== 'internal') return known;
  // Disk full, store out of reach: whoever runs this must read it; it holds codes, no audio.
  const { code, message } = error as NodeJS.ErrnoException;
  return new ServiceError(
    500,
    'internal',
    code ? `something went wrong inside (${code})` : `something went wrong inside: ${message}`,
  );
}
