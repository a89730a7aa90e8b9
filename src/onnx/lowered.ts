/** An ONNX file as the graph that is stored or run: read, lowered, folded, and small enough to be a network. */
import { ArgumentError, ConversionError, UndertoneError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import { optimise } from '../graph/passes/index.ts';
import { isModelFile } from '../models/model-file.ts';
import { type Imported, type ImportOptions, lowerOnnx } from './index.ts';
import type { ExternalFiles } from './reader.ts';

/** Floats that a run at a moderate size may need; beyond it the file is a trap, not a network for audio. */
const activationLimit = 1 << 28;

/** The graph of an ONNX file in memory, as it will be stored. */
export function lower(bytes: Uint8Array, source: string, external?: ExternalFiles): Graph {
  return lowered(bytes, source, { external }).graph;
}

/** Like `lower`, with what else is known of the file. */
export function lowered(
  bytes: Uint8Array,
  source: string,
  options: ImportOptions = {},
): Pick<Imported, 'graph' | 'notes' | 'model'> {
  if (isModelFile(bytes)) throw new ConversionError(source, 'this is a model file already');
  try {
    const { graph: plain, notes, model } = lowerOnnx(bytes, source, options);
    const graph = optimise(plain);
    const [plan] = probe(graph);
    let needed = 0;
    for (const shape of plan.shapes.values()) needed += shape.reduce((m, n) => m * n, 1);
    if (!(needed <= activationLimit))
      throw new ConversionError(source, `a run would need ${needed} floats, more than ${activationLimit}`);
    return { graph, notes, model };
  } catch (error) {
    if (error instanceof ConversionError || error instanceof ArgumentError) throw error;
    if (error instanceof UndertoneError || error instanceof RangeError)
      throw new ConversionError(source, error.message, undefined, { cause: error });
    throw error;
  }
}
