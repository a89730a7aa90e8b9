/**
 * Recordings through Redis: so many files of 17 s, with one worker and with two, one thread each.
 * usage: node --import tsx bench/jobs.ts [--files 300]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openQueue } from '../src/jobs/redis.ts';
import { end, ended, Redis, run } from '../test/support/redis.ts';
import { call, settingsWith, wait } from '../test/support/service.ts';

const { values } = parseArgs({ options: { files: { type: 'string', default: '300' } } });
const files = Number(values.files);
const secondsEach = 17.34;

for (const count of [1, 2]) {
  const redis = await new Redis().start();
  const folder = join(redis.folder, 'recordings');
  mkdirSync(folder);
  for (let i = 0; i < files; i++) writeFileSync(join(folder, `${i}.flac`), call);
  const queue = openQueue({ ...settingsWith(), redis: redis.url });
  await queue.waitUntilReady();
  await ended(run('undertone-server', 'enqueue', folder, '--redis', redis.url));
  const own = ['--redis', redis.url, '--results', join(redis.folder, 'results'), '--files', folder];
  const workers = Array.from({ length: count }, () =>
    run('undertone-worker', ...own, '--threads', '1', '--concurrency', '2'),
  );
  // From the first result on, so that starts are left out.
  while ((await queue.getCompletedCount()) === 0) await wait(5);
  const before = await queue.getCompletedCount();
  const start = performance.now();
  while ((await queue.getCompletedCount()) < files) await wait(20);
  const seconds = (performance.now() - start) / 1000;
  const failed = await queue.getFailedCount();
  for (const worker of workers) await end(worker, 'SIGTERM');
  await queue.close();
  await redis.stop();
  const perMinute = ((files - before) / seconds) * 60;
  console.log(
    JSON.stringify({
      workers: count,
      files,
      failed,
      files_per_minute: Math.round(perMinute),
      times_real_time: Math.round((perMinute * secondsEach) / 60),
      machine: { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg().map((load) => Number(load.toFixed(1))) },
    }),
  );
}
