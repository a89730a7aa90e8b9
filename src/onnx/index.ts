/** From the bytes of an ONNX file to a graph. */
import { ArgumentError, ConversionError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type FixedInput, fixInputs } from './inputs.ts';
import { Lowering } from './lowering.ts';
import { handlers } from './ops/index.ts';
import { type ExternalFiles, type OnnxModel, type OnnxTensor, readOnnx } from './reader.ts';
import { Axes, type Extent, SameExtent } from './symbols.ts';

export interface ImportOptions {
  /** Open axes by name: an extent each is fixed to, or the axis that it equals. */
  readonly dims?: Readonly<Record<string, Extent>> | undefined;
  /** Inputs that are given once and for all, such as a sample rate. */
  readonly inputs?: Readonly<Record<string, FixedInput>> | undefined;
  /** Reads files that hold tensors of this one. */
  readonly external?: ExternalFiles | undefined;
}

export interface Imported {
  readonly graph: Graph;
  readonly lowering: Lowering;
  /** The file, with inputs that were given turned into constants. */
  readonly model: OnnxModel;
  /** What was settled while it was read, in words. */
  readonly notes: readonly string[];
}

/**
 * Reads and lowers an ONNX file; nothing is folded or fused yet. `source` is what errors call it. Throws
 * ConversionError.
 */
export function importOnnx(bytes: Uint8Array, source: string, options: ImportOptions = {}): Graph {
  return lowerOnnx(bytes, source, options).graph;
}

/** Like `importOnnx`, with what else is known of the file. */
export function lowerOnnx(
  bytes: Uint8Array,
  source: string,
  { dims, inputs = {}, external }: ImportOptions = {},
): Imported {
  const model = fixInputs(readOnnx(bytes, source, external), inputs);
  const axes = new Axes(dims);
  for (;;) {
    const lowering = new Lowering(model, handlers, axes);
    try {
      const graph = lowering.run();
      if (axes.unused.length > 0) {
        const open = new Set(
          lowering.inputs.flatMap(({ shape }) => shape.filter((extent) => typeof extent === 'string')),
        );
        throw new ArgumentError(
          'dims',
          axes.unused.join(', '),
          `open axes of the inputs: ${[...open].join(', ') || 'it has none'}`,
        );
      }
      return { graph, lowering, model, notes: axes.notes };
    } catch (error) {
      if (!(error instanceof SameExtent)) throw error;
      if (!axes.settle(error, `node "${lowering.current?.name}" (${lowering.current?.op}) needs it`))
        throw new ConversionError(source, error.message, lowering.current, { cause: error });
    }
  }
}

/** The tensors of those inputs that were given once and for all. */
export function fixedInputs(
  { tensors }: OnnxModel,
  given: Readonly<Record<string, unknown>> = {},
): Record<string, OnnxTensor> {
  return Object.fromEntries(Object.keys(given).map((name) => [name, tensors.get(name)!]));
}
