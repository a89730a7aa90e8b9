/** `undertone analyze`: a batch of files, each to its result. */
import { Batch } from './batch.ts';
import { UsageError } from './errors.ts';
import { type FormatName, formats } from './formats.ts';
import { expandInputs } from './inputs.ts';
import { type CommonOptions, withEngine } from './options.ts';

export interface AnalyzeOptions extends CommonOptions {
  readonly period: number;
  readonly summary?: boolean;
  readonly transitions?: boolean;
  readonly format: FormatName;
  readonly out?: string;
  readonly resume?: boolean;
  readonly partial?: boolean;
  readonly jobs: number;
  readonly quiet?: boolean;
}

export async function analyze(args: readonly string[], options: AnalyzeOptions): Promise<number> {
  if (options.period % 64 !== 0) throw new UsageError(`--period ${options.period}: it must be a multiple of 64`);
  if (options.resume && options.out === undefined)
    throw new UsageError('--resume goes on in a folder: name it with --out');
  const files = await expandInputs(args);
  const { format } = await formats[options.format].load();
  if (files.length > 1 && !format.joins && options.out === undefined) {
    throw new UsageError(`--format ${options.format} makes a file of its own for each input: name a folder with --out`);
  }
  return withEngine(options, (engine) => new Batch(engine, files, format, options).run());
}
