/** What it costs to store weights in fewer bits. */
import { ReferenceBackend } from '../backends/reference/index.ts';
import type { Bindings } from '../graph/graph.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { Model } from '../models/model.ts';
import { readGraph } from './convert.ts';
import { comparedSizes, deviation } from './verify.ts';

/** Compares the stored network with the one in float32 on random features; a sentence for the report. */
export async function quantizationCost(path: string, model: Model): Promise<string> {
  const { graph } = await readGraph(path);
  const reference = new ReferenceBackend();
  const extent = (bindings: Bindings): number => Object.values(bindings).reduce((m, n) => m * n, 1);
  const bindings = comparedSizes(graph, model.framesPerStep).reduce((a, b) => (extent(b) > extent(a) ? b : a));
  const [exact, stored] = await Promise.all([
    reference.prepare(graph, bindings),
    reference.prepare(model.graph, bindings),
  ]);
  let state = 7;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const inputs = graph.inputs.map(({ name }) =>
    Float32Array.from({ length: sizeOf(exact.plan.shapes.get(name)!) }, () => 20 * random()),
  );
  const [expected, got] = [exact.run(inputs)[0], stored.run(inputs)[0]];
  const classes = exact.plan.shapes.get(graph.outputs[0])!.at(-1)!;
  let agreeing = 0;
  const rows = expected.length / classes;
  for (let row = 0; row < rows; row++) if (winner(expected, row, classes) === winner(got, row, classes)) agreeing++;
  return `  quantized: output "${graph.outputs[0]}" departs by up to ${deviation(got, expected).toExponential(1)}, the winning class is the same in ${agreeing} of ${rows} random steps\n`;
}

function winner(values: Float32Array, row: number, classes: number): number {
  let best = 0;
  for (let i = 1; i < classes; i++) if (values[row * classes + i] > values[row * classes + best]) best = i;
  return best;
}
