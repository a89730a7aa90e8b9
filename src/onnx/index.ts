/** From the bytes of an ONNX file to a graph. */
import type { Graph } from '../graph/graph.ts';
import { Lowering } from './lowering.ts';
import { readOnnx } from './reader.ts';

/** Reads and lowers an ONNX file; nothing is folded or fused yet. `source` is its path. Throws ConversionError. */
export function importOnnx(bytes: Uint8Array, source: string): Graph {
  return new Lowering(readOnnx(bytes, source)).run();
}
