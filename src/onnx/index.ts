/** From the bytes of an ONNX file to a graph. */
import type { Graph } from '../graph/graph.ts';
import { Lowering } from './lowering.ts';
import { type ExternalFiles, readOnnx } from './reader.ts';

/** Reads and lowers an ONNX file; nothing is folded or fused yet. `source` is what errors call it. Throws ConversionError. */
export function importOnnx(bytes: Uint8Array, source: string, external?: ExternalFiles): Graph {
  return new Lowering(readOnnx(bytes, source, external)).run();
}
