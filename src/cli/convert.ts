/** `undertone convert`: an ONNX network in, a model file and a report out. */
import { readFile } from 'node:fs/promises';
import type { Backend } from '../backends/backend.ts';
import { ReferenceBackend } from '../backends/reference/index.ts';
import { convert, readGraph } from '../convert/convert.ts';
import { evaluateGraphs } from '../convert/evaluation.ts';
import { writeAtomically } from '../convert/files.ts';
import { parseMetadata } from '../convert/metadata.ts';
import { quantizationCost } from '../convert/quantize.ts';
import { ArgumentError, DeviceUnavailableError } from '../errors.ts';
import { probe } from '../graph/passes/edit.ts';
import type { Model } from '../models/model.ts';
import { openDevice } from '../runtime/devices.ts';
import { exitCodes } from './errors.ts';
import type { quantizations } from './values.ts';

export interface ConvertOptions {
  readonly meta?: string;
  readonly verify: boolean;
  readonly quantize?: (typeof quantizations)[number];
  readonly evaluate?: string;
  readonly audio?: string;
}

const encodingOf = { f16: 'float16', int8: 'int8' } as const;

export async function convertCommand(input: string, output: string, options: ConvertOptions): Promise<number> {
  const weights = options.quantize === undefined ? 'float32' : encodingOf[options.quantize];
  const metadata = options.meta === undefined ? undefined : parseMetadata(await readJson(options.meta));
  const backends = options.verify || options.evaluate !== undefined ? await availableBackends() : [];
  try {
    const { model, bytes, verification, warnings } = await convert(input, {
      metadata,
      verify: options.verify,
      weights,
      backends,
    });
    for (const warning of warnings) warn(input, warning);
    const [plan] = probe(model.graph);
    process.stdout.write(
      `${input}: ${model.graph.nodes.length} nodes, ${plan.streamable ? 'can be streamed' : 'can NOT be streamed'}\n`,
    );
    for (const [backend, outputs] of Object.entries(verification?.deviations ?? {})) {
      for (const [name, { largest, at }] of Object.entries(outputs)) {
        process.stdout.write(
          `  ${name}: within ${largest.toExponential(1)} of ${verification!.against} on the ${backend} backend (${verification!.cases} cases; ${at})\n`,
        );
      }
    }
    if (!verification) warn(input, 'not compared with the original (--no-verify)');
    if (weights !== 'float32') process.stdout.write(await quantizationCost(input, model));
    if (options.evaluate !== undefined)
      process.stdout.write(await evaluationText(input, model, options.evaluate, options.audio, backends));
    await writeAtomically(output, bytes);
    process.stdout.write(`${output}: ${model.name}, version ${model.version}, ${bytes.length} bytes\n`);
    return exitCodes.done;
  } finally {
    for (const backend of backends) backend.dispose();
  }
}

function warn(file: string, warning: string): void {
  process.stderr.write(`warning: ${file}: ${warning}\n`);
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

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArgumentError('--meta', `${path}: ${(error as Error).message}`, 'a JSON file');
  }
}
