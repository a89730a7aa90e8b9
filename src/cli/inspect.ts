/** `undertone inspect`: what a model file holds, how two differ, and where one departs from its ONNX file. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parity } from '../backends/tolerances.ts';
import { compareWithOnnx } from '../convert/compare.ts';
import { readGraph } from '../convert/convert.ts';
import { describeFile, describeNetwork, table } from '../convert/describe.ts';
import { diffFiles } from '../convert/diff.ts';
import { type ModelFile, readModelFile } from '../models/model-file.ts';
import { report, type Streams } from './convert.ts';

export const inspectUsage = `usage: undertone inspect FILE.model | FILE.onnx
       undertone inspect --diff A.model B.model
       undertone inspect FILE.model --compare IN.onnx

Shows a model file: metadata, checksum, parameters, multiply-adds, memory, and every node with its shapes; or an ONNX
network as the graph that conversion would make of it.

  --diff           tell two model files apart: metadata, nodes, and how far each tensor moved
  --compare FILE   run the model and an ONNX file on the same input and name the first node that departs
`;

/** Runs the command; gives the exit code: 0 done (and nothing differs), 1 refused or different, 2 wrong usage. */
export async function inspectCommand(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { diff: { type: 'boolean' }, compare: { type: 'string' }, help: { type: 'boolean' } },
    });
    if (values.help) return (streams.out(inspectUsage), 0);
    if (positionals.length !== (values.diff ? 2 : 1)) return (streams.err(inspectUsage), 2);
    const [path] = positionals as [string];
    if (!values.diff && values.compare === undefined && path.toLowerCase().endsWith('.onnx')) {
      const { graph, bytes } = await readGraph(path);
      streams.out(describeNetwork(graph, path, bytes.length));
      return 0;
    }
    const files = await Promise.all(positionals.map(open));
    if (values.diff) {
      const text = diffFiles(files[0].file, files[1].file);
      streams.out(text || 'no difference\n');
      return text ? 1 : 0;
    }
    if (values.compare !== undefined) return await compare(files[0].file, values.compare, streams);
    streams.out(describeFile(files[0].file, files[0].size));
    return 0;
  } catch (error) {
    return report(error, streams, inspectUsage);
  }
}

async function open(path: string): Promise<{ file: ModelFile; size: number }> {
  const bytes = await readFile(path);
  return { file: readModelFile(bytes, path), size: bytes.length };
}

async function compare({ model }: ModelFile, path: string, streams: Streams): Promise<number> {
  const { values, first } = await compareWithOnnx(model, path);
  streams.out(
    table([
      ['node', 'op', 'value in the ONNX file', 'departs by'],
      ...values.map(({ node, op, original, deviation }) => [node, op, original, deviation.toExponential(1)]),
    ]),
  );
  if (first) {
    streams.err(
      `node "${first.node}" (${first.op}) is the first that departs: its value "${first.original}" differs by ${first.deviation.toExponential(1)}, more than ${parity}\n`,
    );
    return 1;
  }
  streams.out(`all ${values.length} values that can be compared agree within ${parity}\n`);
  return 0;
}
