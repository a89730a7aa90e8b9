/** What server and worker share: the engine, the workshop for jobs, an orderly end. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pino } from 'pino';
import { Engine } from 'undertone';
import { ServiceError } from './http/errors.ts';
import { Downloader } from './jobs/download.ts';
import type { Workshop } from './jobs/jobs.ts';
import { openStore, type Store } from './jobs/store.ts';
import { Metrics } from './metrics.ts';
import type { Settings } from './settings.ts';

export interface Base extends Workshop {
  readonly logger: ReturnType<typeof newLogger>;
  /** Frees the engine and the temporary folder. */
  free(): Promise<void>;
}

export function newLogger(level: string) {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Neither bodies nor headers nor URLs: they hold audio, keys and names of files.
    serializers: { req: () => undefined, res: () => undefined },
  });
}

const sweepMs = 600_000;

export async function openBase(settings: Settings): Promise<Base> {
  const temporary = await mkdtemp(join(tmpdir(), 'undertone-'));
  const { device, threads, weights, files } = settings;
  const engine = await Engine.create({ device: device as 'auto', threads, ...(weights !== undefined && { weights }) });
  const metrics = new Metrics();
  metrics.watchEngine(() => engine.stats());
  const store: Store = openStore(settings.results ?? join(temporary, 'store'));
  const logger = newLogger(settings.logLevel);
  const sweeper = setInterval(() => {
    store.sweep(settings.keepHours * 3_600_000).catch((error) => logger.error({ err: error }, 'old results stay'));
  }, sweepMs).unref();
  return {
    engine,
    store,
    temporary,
    metrics,
    downloader: new Downloader(settings),
    jobSeconds: settings.jobSeconds,
    logger,
    fileAt: (path) => fileBelow(files, path),
    async free() {
      clearInterval(sweeper);
      await engine.dispose();
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** A path below the folder, links followed. @throws ServiceError where it leads elsewhere, or there is no folder */
async function fileBelow(folder: string | undefined, path: string): Promise<string> {
  if (folder === undefined)
    throw new ServiceError(500, 'no_folder', 'this worker has no --files folder, in which enqueued files lie');
  const root = await realpath(folder);
  const found = await realpath(join(root, path)).catch(() => undefined);
  if (found === undefined) throw new ServiceError(422, 'no_such_file', 'the file is not there');
  if (!found.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new ServiceError(403, 'outside', 'the file lies outside of the folder');
  return found;
}

/**
 * Runs `end` at SIGTERM or SIGINT. Its signal comes when the grace is over, or at a second SIGTERM or SIGINT; then work
 * is left where it is.
 */
export function endOnSignal(graceSeconds: number, end: (signal: AbortSignal) => Promise<void>): void {
  const over = new AbortController();
  let ending = false;
  const onSignal = () => {
    if (ending) return over.abort(new ServiceError(503, 'shutting_down', 'the process ends'));
    ending = true;
    const timer = setTimeout(onSignal, graceSeconds * 1000);
    end(over.signal).then(
      () => {
        clearTimeout(timer);
        // Nothing is left to do; what a library may still hold open must not keep the process.
        process.exit(0);
      },
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
