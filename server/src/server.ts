/** A server: the service on a port, its jobs, and its end. */
import type { AddressInfo } from 'node:net';
import { Keyring } from './http/auth.ts';
import type { Jobs } from './jobs/jobs.ts';
import { type Base, openBase } from './process.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';

export interface Server {
  /** As in http://127.0.0.1:8080 */
  readonly url: string;
  /** The key that was made because none was given. */
  readonly madeKey: string | undefined;
  readonly engine: Base['engine'];
  /** No new work; calls and jobs end by themselves until the signal comes, then calls are moved and jobs stopped. */
  close(signal?: AbortSignal): Promise<void>;
}

export async function startServer(settings: Settings): Promise<Server> {
  const madeKey = settings.keys.length === 0 && !settings.open ? Keyring.newKey() : undefined;
  const keyring = new Keyring({
    keys: madeKey ? [madeKey] : settings.keys,
    secret: settings.secret,
    open: settings.open,
  });
  if (settings.redis && !settings.results)
    throw new Error('--results: with --redis, name the place that server and workers share');
  // The engine opens while the modules load: a start is mostly that.
  const [base, { createApp }] = await Promise.all([openBase(settings), import('./http/app.ts')]);
  const { engine, store, downloader, metrics, temporary, logger } = base;
  const jobs = await openJobs(base, settings);
  metrics.watchQueue(() => jobs.counts());
  const { app, service } = await createApp({
    settings,
    engine,
    keyring,
    metrics,
    jobs,
    store,
    downloader,
    temporary,
    logger,
    version: version(),
  });
  await app.listen({ host: settings.host, port: settings.port });
  const { address, port, family } = app.server.address() as AddressInfo;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    madeKey,
    engine,
    async close(signal = AbortSignal.abort()) {
      service.ending = true;
      logger.info({ calls: service.calls.size }, 'ending');
      await Promise.all([service.calls.drain(signal), jobs.close(signal)]);
      await app.close();
      await base.free();
      logger.info('ended');
    },
  };
}

/** BullMQ is loaded where there is a Redis to speak to. */
async function openJobs(base: Base, settings: Settings): Promise<Jobs> {
  if (settings.redis) {
    const { openQueue, RedisJobs } = await import('./jobs/redis.ts');
    return new RedisJobs(openQueue({ ...settings, redis: settings.redis }));
  }
  const { LocalJobs } = await import('./jobs/local.ts');
  return new LocalJobs(base, settings);
}
