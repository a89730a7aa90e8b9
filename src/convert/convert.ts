/** From an ONNX file to a model file, proved before anything is written. */
import type { Backend } from '../backends/backend.ts';
import { ConversionError, UndertoneError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import { optimise } from '../graph/passes/index.ts';
import type { Model } from '../models/model.ts';
import { hexadecimal, readModel, writeModel } from '../models/model-file.ts';
import type { Encoding } from '../models/weights.ts';
import { importOnnx } from '../onnx/index.ts';
import type { ExternalFiles } from '../onnx/reader.ts';
import { platform } from '../platform/index.ts';
import { fileName } from '../platform/paths.ts';
import { filesBeside, readOnnxFile } from './files.ts';
import { type ConversionMetadata, contractBreaches, inferMetadata } from './metadata.ts';
import { openOriginal, type Verification, verify } from './verify.ts';

/** Floats that a run at a moderate size may need; beyond it the file is a trap, not a network for audio. */
const activationLimit = 1 << 28;

export interface ConvertOptions {
  /** Without it only what can be told from the network is stored. */
  readonly metadata?: ConversionMetadata;
  /** Default true. */
  readonly verify?: boolean;
  /** Backends to compare besides the reference computations. */
  readonly backends?: readonly Backend[];
  readonly weights?: Encoding;
}

export interface Conversion {
  readonly model: Model;
  readonly bytes: Uint8Array;
  readonly verification: Verification | undefined;
  /** What a user should know although it is no error. */
  readonly warnings: readonly string[];
}

/** Reads, lowers and folds. Throws ConversionError that names the file, and the node if one is to blame. */
export async function readGraph(path: string): Promise<{ graph: Graph; bytes: Uint8Array }> {
  const bytes = await readOnnxFile(path);
  return { graph: lower(bytes, path, filesBeside(path)), bytes };
}

/** The graph of an ONNX file in memory, as it will be stored. */
export function lower(bytes: Uint8Array, source: string, external?: ExternalFiles): Graph {
  try {
    const graph = optimise(importOnnx(bytes, source, { external }));
    const [plan] = probe(graph);
    let needed = 0;
    for (const shape of plan.shapes.values()) needed += shape.reduce((m, n) => m * n, 1);
    if (!(needed <= activationLimit))
      throw new ConversionError(source, `a run would need ${needed} floats, more than ${activationLimit}`);
    return graph;
  } catch (error) {
    if (error instanceof ConversionError) throw error;
    if (error instanceof UndertoneError || error instanceof RangeError)
      throw new ConversionError(source, error.message, undefined, { cause: error });
    throw error;
  }
}

/** Converts an ONNX file; nothing is written. */
export async function convert(path: string, options: ConvertOptions = {}): Promise<Conversion> {
  const { graph, bytes } = await readGraph(path);
  const metadata = options.metadata ?? inferMetadata(graph, path);
  const warnings = contractBreaches(graph, metadata);
  if (!options.metadata) warnings.push('there is no meta file: labels, rate and feature geometry are guesses');
  const encoding = options.weights ?? 'float32';
  const verification =
    options.verify === false
      ? undefined
      : await verify(graph, await openOriginal(path), path, {
          unit: metadata.framesPerStep,
          backends: options.backends,
        });
  const conversion = {
    source: fileName(path),
    sha256: hexadecimal(platform.sha256(bytes)),
    weights: encoding,
    verified: verification !== undefined,
    ...(verification
      ? { against: verification.against, cases: verification.cases, deviations: summary(verification) }
      : {}),
  };
  const model: Model = { ...metadata, conversion: JSON.stringify(conversion), graph };
  const written = writeModel(model, { weights: encoding });
  // What can't be read again must not be written.
  return { model: readModel(written, path), bytes: written, verification, warnings };
}

function summary({ deviations }: Verification): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(deviations).map(([backend, outputs]) => [
      backend,
      Object.fromEntries(Object.entries(outputs).map(([name, { largest }]) => [name, Number(largest.toPrecision(2))])),
    ]),
  );
}
