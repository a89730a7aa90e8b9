/** `undertone convert`: arguments in, a model file and a report out. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Backend } from '../backends/backend.ts';
import { ReferenceBackend } from '../backends/reference/index.ts';
import { convert, readGraph, writeAtomically } from '../convert/convert.ts';
import { evaluateGraphs } from '../convert/evaluation.ts';
import { parseMetadata } from '../convert/metadata.ts';
import { quantizationCost } from '../convert/quantize.ts';
import { ArgumentError, DeviceUnavailableError, UndertoneError } from '../errors.ts';
import { probe } from '../graph/passes/edit.ts';
import type { Model } from '../models/model.ts';
import type { Encoding } from '../models/weights.ts';
import { openDevice } from '../runtime/devices.ts';

export const convertUsage = `usage: undertone convert IN.onnx OUT.model --meta META.json [--no-verify] [--quantize f16|int8 [--evaluate LIST.tsv]]

Turns an ONNX network into a model file and compares the two on onnxruntime-node before anything is written.

  --meta FILE      JSON with name, version, labels, sampleRate, features, framesPerStep, receptiveField,
                   unknownCutoff, warmupWeights and training
  --no-verify      leave out the comparison; the model file says so
  --quantize TYPE  store kernels and matrices as f16 or int8; they are computed with in float32
  --evaluate FILE  tell what that costs on labelled clips: a tab-separated list with a header row, a column "file"
                   and one with the model's labels
  --audio DIR      where the clips are, if not beside the list
`;

export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

const encodingOf: Readonly<Record<string, Encoding>> = { f16: 'float16', int8: 'int8' };

/** Runs the command; gives the exit code: 0 done, 1 refused, 2 wrong usage. */
export async function convertCommand(argv: readonly string[], streams: Streams): Promise<number> {
  const backends: Backend[] = [];
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        meta: { type: 'string' },
        'no-verify': { type: 'boolean' },
        quantize: { type: 'string' },
        evaluate: { type: 'string' },
        audio: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return (streams.out(convertUsage), 0);
    const [input, output] = positionals;
    if (!input || !output || positionals.length > 2) return (streams.err(convertUsage), 2);
    const weights = values.quantize === undefined ? 'float32' : encodingOf[values.quantize];
    if (!weights) throw new ArgumentError('--quantize', JSON.stringify(values.quantize), 'f16 or int8');
    const metadata = values.meta === undefined ? undefined : parseMetadata(await readJson(values.meta));
    if (!values['no-verify'] || values.evaluate !== undefined) backends.push(...(await availableBackends()));
    const { model, bytes, verification, warnings } = await convert(input, {
      metadata,
      verify: !values['no-verify'],
      weights,
      backends,
    });
    for (const warning of warnings) streams.err(`warning: ${input}: ${warning}\n`);
    const [plan] = probe(model.graph);
    streams.out(
      `${input}: ${model.graph.nodes.length} nodes, ${plan.streamable ? 'can be streamed' : 'can NOT be streamed'}\n`,
    );
    for (const [backend, outputs] of Object.entries(verification?.deviations ?? {})) {
      for (const [name, { largest, at }] of Object.entries(outputs)) {
        streams.out(
          `  ${name}: within ${largest.toExponential(1)} of ${verification!.against} on the ${backend} backend (${verification!.cases} cases; ${at})\n`,
        );
      }
    }
    if (!verification) streams.err(`warning: ${input}: not compared with the original (--no-verify)\n`);
    if (weights !== 'float32') streams.out(await quantizationCost(input, model));
    if (values.evaluate !== undefined)
      streams.out(await evaluationText(input, model, values.evaluate, values.audio, backends));
    await writeAtomically(output, bytes);
    streams.out(`${output}: ${model.name}, version ${model.version}, ${bytes.length} bytes\n`);
    return 0;
  } catch (error) {
    return report(error, streams, convertUsage);
  } finally {
    for (const backend of backends) backend.dispose();
  }
}

async function evaluationText(
  input: string,
  model: Model,
  list: string,
  folder: string | undefined,
  backends: readonly Backend[],
): Promise<string> {
  const backend = backends[0] ?? new ReferenceBackend();
  const { graph } = await readGraph(input);
  const { clips, balanced, changed } = await evaluateGraphs([graph, model.graph], model, list, folder, backend);
  return `  evaluated: balanced accuracy ${balanced[0].toFixed(4)} in float32, ${balanced[1].toFixed(4)} as stored; ${changed[1]} of ${clips} clips changed their label\n`;
}

/** The devices of this machine on which a conversion is proved besides the reference computations. */
async function availableBackends(): Promise<Backend[]> {
  const found = new Map<string, Backend>();
  const wanted = process.env.VK_DRIVER_FILES ? (['cpu', 'webgpu'] as const) : (['cpu', 'auto'] as const);
  for (const name of wanted) {
    try {
      const { backend } = await openDevice(name);
      if (found.has(backend.name)) backend.dispose();
      else found.set(backend.name, backend);
    } catch (error) {
      if (!(error instanceof DeviceUnavailableError)) throw error;
    }
  }
  return [...found.values()];
}

/** Tells an error that was foreseen in one line; others keep their stack. */
export function report(error: unknown, streams: Streams, usage: string): number {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof UndertoneError || code?.startsWith('E') === true) {
    if (code?.startsWith('ERR_PARSE_ARGS')) return (streams.err(`${(error as Error).message}\n\n${usage}`), 2);
    return (streams.err(`error: ${(error as Error).message}\n`), 1);
  }
  throw error;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArgumentError('--meta', `${path}: ${(error as Error).message}`, 'a JSON file');
  }
}
