/** Jobs in Redis, as an ordinary BullMQ queue: any number of front processes, any number of workers, any dashboard. */
import { Queue, type Job as QueuedJob, type RedisOptions, WaitingError, Worker } from 'bullmq';
import { publicError } from '../http/errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Settings } from '../settings.ts';
import {
  type FoundJob,
  type Job,
  type JobCounts,
  type JobState,
  type JobStatus,
  type Jobs,
  type Workshop,
  work,
} from './jobs.ts';
import { type Store, storeNames } from './store.ts';

/**
 * How often a job may lose its worker before it counts as the one that kills workers. BullMQ's default of 1 would give
 * up a job that was twice in the wrong place.
 */
const mostStalls = 3;

export type JobQueue = Queue<Job, void, string, Job, void, string>;

type QueueSettings = Pick<Settings, 'queue' | 'tries' | 'retrySeconds' | 'keepHours'> & { readonly redis: string };

export function connectionTo(url: string): RedisOptions {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new Error('redis: it must be a URL as in redis://127.0.0.1:6379');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { db: Number(pathname.slice(1)) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

export function openQueue({ redis, queue, tries, retrySeconds, keepHours }: QueueSettings): JobQueue {
  const age = Math.ceil(keepHours * 3600);
  const opened = new Queue<Job, void, string, Job, void, string>(queue, {
    // A request must not hang while Redis is away: it is told to come again.
    connection: {
      ...connectionTo(redis),
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      retryStrategy: (times) => Math.min(times * 100, 2000),
    },
    defaultJobOptions: {
      attempts: tries,
      backoff: { type: 'exponential', delay: retrySeconds * 1000 },
      removeOnComplete: { age },
      removeOnFail: { age: age * 7 },
    },
  });
  // Told by ready() and by every call that fails; without a listener the event would end the process.
  opened.on('error', () => {});
  return opened;
}

const states: Readonly<Record<string, JobState>> = {
  waiting: 'new',
  prioritized: 'new',
  paused: 'new',
  'waiting-children': 'new',
  delayed: 'started',
  active: 'started',
  completed: 'done',
  failed: 'error',
};

export class RedisJobs implements Jobs {
  readonly #queue: JobQueue;

  constructor(queue: JobQueue) {
    this.#queue = queue;
  }

  async add(id: string, job: Job): Promise<void> {
    // BullMQ takes an id once; a second add is the same job.
    await this.#queue.add(job.source.kind, job, { jobId: id });
  }

  async find(id: string): Promise<FoundJob | undefined> {
    const found = await this.#queue.getJob(id);
    if (!found) return undefined;
    const state = states[await found.getState()];
    return state ? { job: found.data, status: statusOf(id, found, state) } : undefined;
  }

  async remove(id: string): Promise<boolean> {
    // 0 where a worker holds the job.
    return (await this.#queue.remove(id)) !== 0 || (await this.#queue.getJob(id)) === undefined;
  }

  async counts(): Promise<JobCounts> {
    const counted = await this.#queue.getJobCounts(...(Object.keys(states) as never[]));
    const counts = { new: 0, started: 0, done: 0, error: 0 };
    for (const [name, count] of Object.entries(counted)) counts[states[name] ?? 'new'] += count;
    return counts;
  }

  async ready(): Promise<boolean> {
    try {
      await this.#queue.getJobCounts('active');
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

function statusOf(
  id: string,
  { timestamp, finishedOn, attemptsStarted, failedReason }: QueuedJob,
  state: JobState,
): JobStatus {
  const over = state === 'done' || state === 'error';
  return {
    id,
    state,
    created_at: new Date(timestamp).toISOString(),
    ...(over && finishedOn !== undefined && { finished_at: new Date(finishedOn).toISOString() }),
    tries: attemptsStarted,
    ...(state === 'error' && { error: errorOf(failedReason) }),
  };
}

/** A reason is "code: sentence" where a try ended so; BullMQ's own where a job lost its worker too often. */
function errorOf(reason: string): { code: string; message: string } {
  const [, code, message] = /^([a-z_]+): (.*)$/s.exec(reason) ?? [];
  return code && message ? { code, message } : { code: 'worker_lost', message: reason };
}

export interface WorkerEvents {
  onDone(id: string, seconds: number): void;
  onFailed(id: string | undefined, reason: string, last: boolean): void;
  onStalled(id: string): void;
  onError(error: Error): void;
}

type WorkerSettings = Pick<Settings, 'queue' | 'concurrency' | 'lockSeconds' | 'keepHours'> & {
  readonly redis: string;
};

/** Takes jobs until it is closed. */
export class RedisWorker {
  readonly #worker: Worker<Job, void>;
  readonly #ending = new AbortController();

  constructor(shop: Workshop, settings: WorkerSettings, events: WorkerEvents) {
    const { redis, queue, concurrency, lockSeconds } = settings;
    this.#worker = new Worker<Job, void>(
      queue,
      async (job, token) => {
        try {
          await work(shop, job.id ?? '', job.data, this.#ending.signal);
        } catch (error) {
          if (this.#ending.signal.aborted) {
            // This process ends: the job did not fail, it goes back to the queue.
            await job.moveToWait(token);
            throw new WaitingError();
          }
          const { code, message } = publicError(error);
          throw new Error(`${code}: ${message}`);
        }
      },
      {
        connection: {
          ...connectionTo(redis),
          maxRetriesPerRequest: null,
          retryStrategy: (times) => Math.min(times * 100, 2000),
        },
        concurrency,
        lockDuration: lockSeconds * 1000,
        stalledInterval: lockSeconds * 1000,
        maxStalledCount: mostStalls,
      },
    );
    this.#worker.on('completed', (job) => {
      forget(shop.store, shop.metrics, job, 'done');
      events.onDone(job.id ?? '', ((job.finishedOn ?? 0) - (job.processedOn ?? 0)) / 1000);
    });
    this.#worker.on('failed', (job, error) => {
      const last = !job || job.finishedOn !== undefined;
      if (last && job) forget(shop.store, shop.metrics, job, 'error');
      events.onFailed(job?.id, error.message, last);
    });
    this.#worker.on('stalled', (id) => events.onStalled(id));
    this.#worker.on('error', (error) => events.onError(error));
  }

  get running(): boolean {
    return this.#worker.isRunning();
  }

  /** Waits for the jobs under way; when the signal comes they go back to the queue. */
  async close(signal: AbortSignal): Promise<void> {
    const leave = () => this.#ending.abort(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    await this.#worker.close();
    signal.removeEventListener('abort', leave);
  }
}

function forget(store: Store, metrics: Metrics, { id, data }: QueuedJob<Job>, outcome: 'done' | 'error'): void {
  metrics.jobsEnded.inc({ outcome });
  if (data.source.kind === 'upload' && id) store.remove(storeNames.jobAudio(id)).catch(() => {});
}
