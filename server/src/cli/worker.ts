/** `undertone-worker`. */
import { Command } from 'commander';
import { addSettings, settled } from '../settings.ts';
import { version } from '../version.ts';

const program = new Command('undertone-worker')
  .description('Analyses jobs from Redis; run as many as you like, on as many machines.')
  .version(version())
  .showHelpAfterError('(--help shows all options)');
addSettings(program, 'worker').action(async (options: Record<string, unknown>) => {
  const settings = settled(options);
  const [{ startWorker }, { endOnSignal }] = await Promise.all([import('../worker.ts'), import('../process.ts')]);
  const worker = await startWorker(settings);
  endOnSignal(settings.graceSeconds, (signal) => worker.close(signal));
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`undertone-worker: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
