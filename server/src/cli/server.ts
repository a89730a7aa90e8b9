/** `undertone-server`, and `undertone-server enqueue FOLDER`. */
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { EnqueueProgress } from '../jobs/enqueue.ts';
import { addSettings, settled } from '../settings.ts';
import { version } from '../version.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);

async function serve(options: Record<string, unknown>): Promise<void> {
  const settings = settled(options);
  const [{ startServer }, { endOnSignal }] = await Promise.all([import('../server.ts'), import('../process.ts')]);
  const server = await startServer(settings);
  endOnSignal(settings.graceSeconds, (signal) => server.close(signal));
  const { backend, adapter } = server.engine.device;
  say(`undertone-server on ${server.url} (${backend}: ${adapter})`);
  if (server.madeKey) say(`key: ${server.madeKey}\ntry it: ${server.url}/#key=${server.madeKey}`);
}

interface EnqueueOptions {
  readonly models: readonly string[];
  readonly outputPeriod?: number;
  readonly summary?: boolean;
  readonly transitions?: boolean;
  readonly raw?: boolean;
  readonly list?: string;
  readonly wait?: boolean;
}

async function enqueue(folder: string, options: EnqueueOptions & Record<string, unknown>): Promise<void> {
  const settings = settled(options);
  if (!settings.redis) throw new Error('--redis: name the Redis that jobs go to');
  const { models, outputPeriod, summary, transitions, raw, list } = options;
  const asked = {
    models,
    ...(outputPeriod !== undefined && { output_period: outputPeriod }),
    ...(summary && { include_summary: true }),
    ...(transitions && { include_transitions: true }),
    ...(raw && { include_raw_values: true }),
  };
  const [{ enqueueFolder }, { openQueue }] = await Promise.all([
    import('../jobs/enqueue.ts'),
    import('../jobs/redis.ts'),
  ]);
  const queue = openQueue({ ...settings, redis: settings.redis });
  await queue.waitUntilReady();
  const line = progressLine();
  const { found, queued, known } = await enqueueFolder(queue, resolve(folder), {
    asked,
    maxJobs: settings.maxJobs,
    onProgress: ({ found, queued, known }: EnqueueProgress) =>
      line.show(`${found} files found, ${queued} queued, ${known} known already`),
    ...(list !== undefined && { onFile: (id, path) => appendFileSync(list, `${id}\t${path}\n`) }),
  });
  line.end(`${found} files found, ${queued} queued, ${known} known already`);
  if (options.wait) {
    for (let left = 1; left > 0; ) {
      const { waiting = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = await queue.getJobCounts();
      left = waiting + active + delayed;
      line.show(`${completed} done, ${failed} failed, ${active} under way, ${waiting + delayed} waiting`);
      if (left > 0) await new Promise((done) => setTimeout(done, 500));
      else line.end(`${completed} done, ${failed} failed`);
    }
  }
  await queue.close();
}

/** One line that is written anew on a terminal; elsewhere only its end. */
function progressLine() {
  const terminal = process.stderr.isTTY === true;
  return {
    show: (text: string) => void (terminal && process.stderr.write(`\r\x1b[K${text}`)),
    end: (text: string) => void process.stderr.write(`${terminal ? '\r\x1b[K' : ''}${text}\n`),
  };
}

function period(value: string): number {
  const ms = Number(value);
  if (!Number.isInteger(ms) || ms < 64 || ms % 64 !== 0) throw new InvalidArgumentError('It must be a multiple of 64.');
  return ms;
}

const program = new Command('undertone-server')
  // Both have --redis and others: what stands behind `enqueue` is its own.
  .enablePositionalOptions()
  .description('What is heard in audio, as a service: HTTP, WebSocket, telephone calls, jobs.')
  .version(version())
  .showHelpAfterError('(--help shows all options)');
addSettings(program, 'server').action(serve);
const enqueueCommand = new Command('enqueue')
  .description('Puts the recordings of a folder into the queue for workers; the same command again adds what is new.')
  .argument('<folder>', 'the folder that workers know as --files')
  .option('--models <names>', 'with commas between them', (value: string) => value.split(','), ['Speech', 'Gender'])
  .option('--output-period <ms>', 'a multiple of 64', period)
  .option('--summary', 'add the share of each result')
  .option('--transitions', 'add the runs of equal results')
  .option('--raw', 'add the probability of each label')
  .option('--list <file>', 'append a line for each file: id of the result, tab, path')
  .option('--wait', 'show progress until all jobs of the queue have ended');
program.addCommand(addSettings(enqueueCommand, 'enqueue').action(enqueue));

try {
  await program.parseAsync();
} catch (error) {
  say(`undertone-server: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
