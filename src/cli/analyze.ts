/** `undertone analyze`: a batch of files, each to its results. */
import { type AnalyzeOptions, Batch } from './batch.ts';
import { UsageError } from './errors.ts';
import { formats } from './formats.ts';
import { expandInputs, leftOutText } from './inputs.ts';
import { withEngine } from './options.ts';

export async function analyze(args: readonly string[], options: AnalyzeOptions): Promise<number> {
  if (options.period % 64 !== 0) throw new UsageError(`--period ${options.period}: it must be a multiple of 64`);
  const { start = 0, end = Infinity } = options;
  if (end <= start) throw new UsageError(`--end ${end} must be later than --start ${start}`);
  if (options.resume && options.out === undefined)
    throw new UsageError('--resume goes on in a folder: name it with --out');
  const names = [...new Set(options.format)];
  if (names.length > 1 && options.out === undefined)
    throw new UsageError(`--format ${names.join()}: several formats need files of their own: name a folder with --out`);
  const { files, leftOut } = await expandInputs(args);
  const loaded = await Promise.all(names.map(async (name) => (await formats[name].load()).format));
  if (files.length > 1 && !loaded[0].joins && options.out === undefined) {
    throw new UsageError(`--format ${names[0]} makes a file of its own for each input: name a folder with --out`);
  }
  if (leftOut.size > 0 && !options.quiet) process.stderr.write(`left out: ${leftOutText(leftOut)}\n`);
  return withEngine(options, (engine) => new Batch(engine, files, loaded, options).run());
}
