/**
 * Creates a backend, runs a program and disposes, again and again with forced garbage collection, as its own process:
 * usage: node --expose-gc --import tsx webgpu-rounds.ts ROUNDS. Ends by itself, with the line `done`.
 */
import type { Graph } from '../../src/graph/graph.ts';
import { webgpuForTests } from './webgpu.ts';

const graph: Graph = {
  inputs: [{ name: 'x', shape: ['batch', 8], type: 'float32' }],
  nodes: [{ name: 'double', op: 'binary', inputs: ['x', 'x'], outputs: ['y'], attributes: { kind: 'add' } }],
  constants: new Map(),
  outputs: ['y'],
};
const collect = (globalThis as { gc?: () => void }).gc!;

async function round(index: number): Promise<void> {
  const backend = (await webgpuForTests())!;
  const program = await backend.prepare(graph, { batch: 1 + (index % 3) });
  const x = new Float32Array(8 * (1 + (index % 3))).fill(index);
  const [y] = await program.run([x]);
  if (y.some((value) => value !== 2 * index)) throw new Error(`round ${index}: ${y}`);
  if (index % 4 === 0) collect();
  if (index % 2) program.dispose();
  // Every third round leaves a run under way, every fifth forgets to dispose.
  const left = index % 3 === 0 ? program.run([x]).catch(() => undefined) : undefined;
  if (index % 5) backend.dispose();
  await left;
}

for (let index = 0; index < Number(process.argv[2]); index++) {
  await round(index);
  collect();
}
console.log('done');
