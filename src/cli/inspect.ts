/** `undertone inspect`: what a model file holds, how two differ, and where one departs from its ONNX file. */
import { readFile } from 'node:fs/promises';
import { parity } from '../backends/tolerances.ts';
import { compareWithOnnx } from '../convert/compare.ts';
import { readGraph } from '../convert/convert.ts';
import { describeFile, describeNetwork, table } from '../convert/describe.ts';
import { diffFiles } from '../convert/diff.ts';
import { type ModelFile, readModelFile } from '../models/model-file.ts';
import { exitCodes, UsageError } from './errors.ts';

export interface InspectOptions {
  readonly diff?: boolean;
  readonly compare?: string;
}

/** Gives the exit code: `failed` where two files differ. */
export async function inspectCommand(paths: readonly string[], options: InspectOptions): Promise<number> {
  const { diff = false, compare: original } = options;
  if (paths.length !== (diff ? 2 : 1))
    throw new UsageError(diff ? '--diff takes two model files' : 'one file at a time; two with --diff');
  const [path] = paths as [string];
  if (!diff && original === undefined && path.toLowerCase().endsWith('.onnx')) {
    const { graph, bytes } = await readGraph(path);
    process.stdout.write(describeNetwork(graph, path, bytes.length));
    return exitCodes.done;
  }
  const [first, second] = (await Promise.all(paths.map(open))) as [OpenFile, OpenFile?];
  if (second) {
    const text = diffFiles(first.file, second.file);
    process.stdout.write(text || 'no difference\n');
    return text ? exitCodes.failed : exitCodes.done;
  }
  if (original !== undefined) return compare(first.file, original);
  process.stdout.write(describeFile(first.file, first.size));
  return exitCodes.done;
}

interface OpenFile {
  readonly file: ModelFile;
  readonly size: number;
}

async function open(path: string): Promise<OpenFile> {
  const bytes = await readFile(path);
  return { file: readModelFile(bytes, path), size: bytes.length };
}

async function compare({ network }: ModelFile, path: string): Promise<number> {
  const { values, first } = await compareWithOnnx(network, path);
  process.stdout.write(
    table([
      ['node', 'op', 'value in the ONNX file', 'departs by'],
      ...values.map(({ node, op, original, deviation }) => [node, op, original, deviation.toExponential(1)]),
    ]),
  );
  if (first) {
    process.stderr.write(
      `node "${first.node}" (${first.op}) is the first that departs: its value "${first.original}" differs by ` +
        `${first.deviation.toExponential(1)}, more than ${parity}\n`,
    );
    return exitCodes.failed;
  }
  process.stdout.write(`all ${values.length} values that can be compared agree within ${parity}\n`);
  return exitCodes.done;
}
