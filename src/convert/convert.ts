/** From an ONNX file to a model file, proved before anything is written. */
import type { Backend } from '../backends/backend.ts';
import type { Graph } from '../graph/graph.ts';
import { contractBreaches } from '../models/contract.ts';
import type { Model, StoredNetwork } from '../models/model.ts';
import { hexadecimal, readModelFile, writeModel } from '../models/model-file.ts';
import type { Encoding } from '../models/weights.ts';
import { fixedInputs, type Imported, type ImportOptions } from '../onnx/index.ts';
import { lowered } from '../onnx/lowered.ts';
import { isFloat } from '../onnx/reader.ts';
import { platform } from '../platform/index.ts';
import { fileName } from '../platform/paths.ts';
import { bothLabels, columnAndOpposite, hasOneColumn, isSigmoid, withOpposite } from './columns.ts';
import { filesBeside, readOnnxFile } from './files.ts';
import { type ConversionMetadata, nameOf } from './metadata.ts';
import { openOriginal } from './original.ts';
import { type Verification, verify } from './verify.ts';

export interface ConvertOptions extends ImportOptions {
  /** Without it the file holds a plain network: nothing tells how its input comes of audio. */
  readonly metadata?: ConversionMetadata | undefined;
  /** Default true. */
  readonly verify?: boolean;
  /** Backends to compare besides the reference computations. */
  readonly backends?: readonly Backend[] | undefined;
  readonly weights?: Encoding;
  /** Sizes of input that were compared, and how many there may be. */
  readonly onProgress?: ((done: number, sizes: number) => void) | undefined;
}

export interface Conversion {
  readonly network: StoredNetwork;
  /** The same as a model that an engine can listen with, if it is one. */
  readonly model: Model | undefined;
  readonly bytes: Uint8Array;
  readonly verification: Verification | undefined;
  /** Why it is no model of audio; empty if it is one. */
  readonly breaches: readonly string[];
  /** What was settled on the way. */
  readonly notes: readonly string[];
}

interface Read extends Pick<Imported, 'graph' | 'notes' | 'model'> {
  readonly bytes: Uint8Array;
}

/** Reads, lowers and folds. Throws ConversionError that names the file, and the node if one is to blame. */
export async function readGraph(path: string, options: ImportOptions = {}): Promise<Read> {
  const bytes = await readOnnxFile(path);
  return { ...lowered(bytes, path, { external: filesBeside(path), ...options }), bytes };
}

/** Converts an ONNX file; nothing is written. */
export async function convert(path: string, options: ConvertOptions = {}): Promise<Conversion> {
  const { metadata, weights: encoding = 'float32', dims, inputs, backends, onProgress } = options;
  const { graph: original, bytes, notes, model: onnx } = await readGraph(path, { dims, inputs });
  const isColumn = metadata !== undefined && metadata.labels.length <= 2 && hasOneColumn(original);
  const graph = isColumn ? withOpposite(original) : original;
  const labels = isColumn ? bothLabels(metadata.labels) : metadata?.labels;
  const settled = metadata && {
    ...metadata,
    labels: labels!,
    ...(!isColumn && isSigmoid(graph) ? { independent: true as const } : {}),
  };
  const breaches = settled ? contractBreaches(graph, settled) : ['no meta file tells how its input comes of audio'];
  const proof = {
    unit: metadata?.framesPerStep ?? 1,
    backends,
    whole: new Set(onnx.inputs.filter(({ type }) => !isFloat(type)).map(({ name }) => name)),
    expect: (name: string, values: Float32Array) =>
      isColumn && name === graph.outputs[0] ? columnAndOpposite(values) : values,
    onProgress,
  };
  const runtime = options.verify === false ? undefined : await openOriginal(path, path, fixedInputs(onnx, inputs));
  const verification = runtime && (await verify(graph, runtime, path, proof));
  const facts = {
    source: fileName(path),
    sha256: hexadecimal(platform.sha256(bytes)),
    weights: encoding,
    verified: verification !== undefined,
    ...(verification
      ? { against: verification.against, cases: verification.cases, deviations: summary(verification) }
      : {}),
  };
  const store = (more: object): Uint8Array => {
    const conversion = JSON.stringify({ ...facts, ...more });
    const stored =
      breaches.length === 0 && settled ? { ...settled, conversion, graph } : plain(path, settled, conversion, graph);
    return writeModel(stored, { weights: encoding });
  };
  let written = store({});
  // What is written is what is proved: weights of fewer bits depart, and by how much is told.
  if (runtime && encoding !== 'float32') {
    const { graph: stored } = readModelFile(written, path).network;
    const departures = await verify(stored, runtime, path, { ...proof, strict: false });
    written = store({ stored: summary(departures) });
  }
  // What can't be read again must not be written.
  const { network, model } = readModelFile(written, path);
  return { network, model, bytes: written, verification, breaches, notes };
}

function plain(
  path: string,
  metadata: ConversionMetadata | undefined,
  conversion: string,
  graph: Graph,
): StoredNetwork {
  return {
    name: metadata?.name ?? nameOf(path),
    version: metadata?.version ?? 1,
    labels: metadata?.labels ?? [],
    training: metadata?.training ?? '{}',
    conversion,
    graph,
  };
}

function summary({ deviations }: Verification): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(deviations).map(([backend, outputs]) => [
      backend,
      Object.fromEntries(Object.entries(outputs).map(([name, { largest }]) => [name, Number(largest.toPrecision(2))])),
    ]),
  );
}
