/** What a backend with float16 weights is held against. */
import type { Graph } from '../../src/graph/graph.ts';
import { fromHalf, toHalf } from '../../src/graph/half.ts';

/** Which inputs are matrices of weights, by op. */
export const matrixInputs: Readonly<Record<string, readonly number[]>> = {
  conv: [1],
  convTranspose: [1],
  dense: [1],
  gru: [1, 2],
  lstm: [1, 2],
};

/** The graph with its matrices rounded to float16 and all else as it was. */
export function rounded(graph: Graph): Graph {
  const constants = new Map(graph.constants);
  for (const { op, inputs } of graph.nodes) {
    for (const index of matrixInputs[op] ?? []) {
      const { shape, data } = graph.constants.get(inputs[index])!;
      constants.set(inputs[index], { shape, data: Float32Array.from(data, (value) => fromHalf(toHalf(value))) });
    }
  }
  return { ...graph, constants };
}
