/**
 * Recordings through a queue on Redis, by BullMQ: this process puts files in and takes them out; more workers may run on other machines.
 * `undertone-server` has a worker that also writes results once and survives its machine.
 * usage: node --import tsx examples/queue.ts redis://127.0.0.1:6379 FILE...
 */
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Engine } from 'undertone';

const [url = 'redis://127.0.0.1:6379', ...files] = process.argv.slice(2);
const connection = { url, maxRetriesPerRequest: null };
const engine = await Engine.create();

const worker = new Worker<{ file: string }>(
  'recordings',
  async ({ data: { file } }) => {
    const { channels } = await engine.processFile(file, { models: ['Speech'], channel: 0, includeSummary: true });
    return channels[0].summary?.speech;
  },
  { connection, concurrency: 4 },
);
const events = new QueueEvents('recordings', { connection });
const queue = new Queue<{ file: string }>('recordings', { connection });
await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);

for (const file of files) {
  const job = await queue.add('analyse', { file }, { attempts: 3, removeOnComplete: true });
  console.log(file, JSON.stringify(await job.waitUntilFinished(events)));
}
await Promise.all([worker.close(), events.close(), queue.close()]);
await engine.dispose();
