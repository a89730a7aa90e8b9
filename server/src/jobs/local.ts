/** Jobs in this process: for one machine, and gone with it. */
import { publicError } from '../http/errors.ts';
import type { Settings } from '../settings.ts';
import { type FoundJob, type Job, type JobCounts, type JobStatus, type Jobs, type Workshop, work } from './jobs.ts';
import { storeNames } from './store.ts';

interface Entry {
  readonly id: string;
  readonly job: Job;
  status: JobStatus;
}

export class LocalJobs implements Jobs {
  readonly #shop: Workshop;
  readonly #settings: Pick<Settings, 'concurrency' | 'tries' | 'retrySeconds' | 'keepHours'>;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: Entry[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #closed = false;

  constructor(shop: Workshop, settings: Pick<Settings, 'concurrency' | 'tries' | 'retrySeconds' | 'keepHours'>) {
    this.#shop = shop;
    this.#settings = settings;
  }

  async add(id: string, job: Job): Promise<void> {
    if (this.#entries.has(id)) return;
    this.#forgetOld();
    const entry: Entry = { id, job, status: { id, state: 'new', created_at: new Date().toISOString(), tries: 0 } };
    this.#entries.set(id, entry);
    this.#waiting.push(entry);
    this.#start();
  }

  async find(id: string): Promise<FoundJob | undefined> {
    return this.#entries.get(id);
  }

  async remove(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry?.status.state === 'started') return false;
    const place = entry ? this.#waiting.indexOf(entry) : -1;
    if (place >= 0) this.#waiting.splice(place, 1);
    this.#entries.delete(id);
    return true;
  }

  async counts(): Promise<JobCounts> {
    const counts = { new: 0, started: 0, done: 0, error: 0 };
    for (const { status } of this.#entries.values()) counts[status.state]++;
    return counts;
  }

  async ready(): Promise<boolean> {
    return !this.#closed;
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    const stop = () => this.#ending.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await Promise.all(this.#underWay);
    signal.removeEventListener('abort', stop);
  }

  #start(): void {
    while (!this.#closed && this.#underWay.size < this.#settings.concurrency) {
      const entry = this.#waiting.shift();
      if (!entry) return;
      const run = this.#run(entry).finally(() => {
        this.#underWay.delete(run);
        this.#start();
      });
      this.#underWay.add(run);
    }
  }

  async #run(entry: Entry): Promise<void> {
    const { tries, retrySeconds } = this.#settings;
    for (let attempt = 1; ; attempt++) {
      entry.status = { ...entry.status, state: 'started', tries: attempt };
      try {
        await work(this.#shop, entry.id, entry.job, this.#ending.signal);
        return this.#end(entry, 'done');
      } catch (error) {
        if (this.#ending.signal.aborted) return this.#end(entry, 'error', error);
        if (attempt >= tries) return this.#end(entry, 'error', error);
      }
      await pause(retrySeconds * 1000 * 2 ** (attempt - 1), this.#ending.signal);
    }
  }

  async #end(entry: Entry, state: 'done' | 'error', cause?: unknown): Promise<void> {
    const { code, message } = publicError(cause);
    const error = state === 'error' ? { error: { code, message } } : {};
    entry.status = { ...entry.status, state, finished_at: new Date().toISOString(), ...error };
    this.#shop.metrics.jobsEnded.inc({ outcome: state });
    await this.#shop.store.remove(storeNames.jobAudio(entry.id)).catch(() => {});
  }

  #forgetOld(): void {
    const oldest = Date.now() - this.#settings.keepHours * 3_600_000;
    for (const [id, { status }] of this.#entries) {
      if (status.finished_at && Date.parse(status.finished_at) < oldest) this.#entries.delete(id);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
