/** `undertone convert`: an ONNX network in, a model file and a report out. */
import { readFile } from 'node:fs/promises';
import type { Backend } from '../backends/backend.ts';
import { ReferenceBackend } from '../backends/reference/index.ts';
import { type Conversion, convert, readGraph } from '../convert/convert.ts';
import { evaluateGraphs } from '../convert/evaluation.ts';
import { writeAtomically } from '../convert/files.ts';
import { parseMetadata } from '../convert/metadata.ts';
import { ArgumentError, DeviceUnavailableError } from '../errors.ts';
import { probe } from '../graph/passes/edit.ts';
import { contract } from '../models/contract.ts';
import type { Model } from '../models/model.ts';
import type { ImportOptions } from '../onnx/index.ts';
import { openDevice } from '../runtime/devices.ts';
import { exitCodes, UsageError } from './errors.ts';
import type { quantizations } from './values.ts';

export interface ConvertOptions {
  readonly meta?: string;
  readonly network?: boolean;
  readonly verify: boolean;
  readonly quantize?: (typeof quantizations)[number];
  readonly evaluate?: string;
  readonly audio?: string;
  readonly dim?: Readonly<Record<string, string>>;
  readonly input?: Readonly<Record<string, string>>;
}

const encodingOf = { f16: 'float16', int8: 'int8' } as const;

/**
 * Gives the exit code: `plain` where a network was written that no engine can listen with, unless that was asked for.
 */
export async function convertCommand(input: string, output: string, options: ConvertOptions): Promise<number> {
  if (options.meta !== undefined && options.network) throw new UsageError('--network and --meta contradict each other');
  const weights = options.quantize === undefined ? 'float32' : encodingOf[options.quantize];
  const metadata = options.meta === undefined ? undefined : parseMetadata(await readJson(options.meta));
  const backends = options.verify || options.evaluate !== undefined ? await availableBackends() : [];
  try {
    const conversion = await convert(input, {
      metadata,
      verify: options.verify,
      weights,
      backends,
      ...settled(options),
      onProgress: progress(input),
    });
    const { network, model, bytes, breaches, notes } = conversion;
    for (const note of notes) process.stdout.write(`${input}: ${note}\n`);
    process.stdout.write(proofText(input, conversion));
    if (!conversion.verification) warn(input, 'not compared with the original (--no-verify)');
    if (options.evaluate !== undefined) {
      if (!model) throw new UsageError(`--evaluate needs a model of audio; ${input} is none: ${breaches.join('; ')}`);
      process.stdout.write(await evaluationText(input, model, options.evaluate, options.audio, backends));
    }
    await writeAtomically(output, bytes);
    process.stdout.write(`${output}: ${network.name}, version ${network.version}, ${bytes.length} bytes\n`);
    if (model) return exitCodes.done;
    if (options.network) return exitCodes.done;
    warn(input, `written as a plain network for undertone/network, no model of audio: ${breaches.join('; ')}`);
    if (metadata) warn(input, `the rule: ${contract}`);
    return exitCodes.plain;
  } finally {
    for (const backend of backends) backend.dispose();
  }
}

/** What was found when the network was held against the original. */
function proofText(input: string, { network, verification }: Conversion): string {
  const [plan] = probe(network.graph);
  const lines = [
    `${input}: ${network.graph.nodes.length} nodes, ${plan.streamable ? 'can be streamed' : 'can NOT be streamed'}`,
  ];
  for (const [backend, outputs] of Object.entries(verification?.deviations ?? {})) {
    for (const [name, { largest, at }] of Object.entries(outputs))
      lines.push(
        `  ${name}: within ${largest.toExponential(1)} of ${verification!.against} on the ${backend} backend ` +
          `(${verification!.cases} cases; ${at})`,
      );
  }
  const { stored } = JSON.parse(network.conversion) as { stored?: Record<string, Record<string, number>> };
  for (const [backend, outputs] of Object.entries(stored ?? {}))
    for (const [name, largest] of Object.entries(outputs))
      lines.push(`  as stored: ${name} departs from it by up to ${largest.toExponential(1)} on the ${backend} backend`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Options NAME=VALUE as the converter takes them. */
function settled({ dim = {}, input = {} }: ConvertOptions): ImportOptions {
  const whole = (text: string): boolean => /^\d+$/.test(text);
  const numbers = (name: string, text: string): number[] =>
    text.split(',').map((part) => {
      const value = Number(part);
      if (part.trim() === '' || !Number.isFinite(value))
        throw new ArgumentError(`--input ${name}`, JSON.stringify(text), 'a number, or several with commas between');
      return value;
    });
  return {
    dims: Object.fromEntries(Object.entries(dim).map(([name, text]) => [name, whole(text) ? Number(text) : text])),
    inputs: Object.fromEntries(Object.entries(input).map(([name, text]) => [name, numbers(name, text)])),
  };
}

/** A line on a terminal that says how far the comparison is. */
function progress(input: string): ((done: number, sizes: number) => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  return (done, sizes) =>
    process.stderr.write(`\r${input}: compared at ${done} of ${sizes} sizes${done === sizes ? '\n' : ''}`);
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
  return (
    `  evaluated: balanced accuracy ${balanced[0].toFixed(4)} in float32, ${balanced[1].toFixed(4)} as stored; ` +
    `${changed[1]} of ${clips} clips changed their label\n`
  );
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
