/** A worker: takes jobs from Redis until it is closed. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openQueue, RedisWorker } from './jobs/redis.ts';
import { openBase } from './process.ts';
import type { Settings } from './settings.ts';

export interface RunningWorker {
  /** Where /metrics, /healthz and /readyz are, if they were asked for. */
  readonly url: string | undefined;
  close(signal?: AbortSignal): Promise<void>;
}

export async function startWorker(settings: Settings): Promise<RunningWorker> {
  const { redis } = settings;
  if (!redis) throw new Error('--redis: name the Redis that jobs come from');
  if (!settings.results) throw new Error('--results: name the place that server and workers share');
  const base = await openBase(settings);
  const { logger, metrics } = base;
  const worker = new RedisWorker(
    base,
    { ...settings, redis },
    {
      onDone: (id, seconds) => logger.info({ job: id, seconds }, 'a job is done'),
      onFailed: (id, reason, last) => {
        metrics.errors.inc({ kind: 'job' });
        logger.warn({ job: id, reason, last }, last ? 'a job has failed' : 'a try failed');
      },
      onStalled: (id) => logger.warn({ job: id }, 'a job lost its worker'),
      onError: (error) => logger.error({ err: error }, 'the queue'),
    },
  );
  const queue = openQueue({ ...settings, redis });
  metrics.watchQueue(() => queue.getJobCounts());
  let ending = false;
  const operations = settings.metricsPort > 0 ? createServer() : undefined;
  operations?.on('request', async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') {
      response.setHeader('content-type', metrics.registry.contentType);
      return response.end(await metrics.registry.metrics());
    }
    if (path === '/healthz') return response.end('ok\n');
    if (path === '/readyz') {
      response.statusCode = worker.running && !ending ? 200 : 503;
      return response.end(worker.running && !ending ? 'ok\n' : 'not ready\n');
    }
    response.statusCode = 404;
    return response.end();
  });
  if (operations) await new Promise<void>((resolve) => operations.listen(settings.metricsPort, '0.0.0.0', resolve));
  logger.info({ queue: settings.queue, concurrency: settings.concurrency }, 'waiting for jobs');

  return {
    url: operations ? `http://127.0.0.1:${(operations.address() as AddressInfo).port}` : undefined,
    async close(signal = AbortSignal.abort()) {
      ending = true;
      logger.info('ending');
      await worker.close(signal);
      await queue.close();
      operations?.close();
      await base.free();
      logger.info('ended');
    },
  };
}
