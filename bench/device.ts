/** What the GPU holds for the product, and what a lost device costs: it is destroyed on purpose, and the answer must be the same. */
import { composeModels } from '../src/graph/compose.ts';
import { type Context, mustAgree } from './support/context.ts';
import { isSoftwareGpu, openAnyGpu } from './support/gpu.ts';
import type { Row } from './support/row.ts';

const samples = 16 * 1024;
const batches = [1, 64, 512];

export async function deviceRows(context: Context): Promise<Row[]> {
  const backend = await openAnyGpu();
  if (!backend) return [];
  try {
    const models = await Promise.all((['gender', 'speech'] as const).map((name) => context.model(name)));
    const graph = composeModels(models);
    const rows: Row[] = [];
    for (const batch of context.quick ? [1] : batches) {
      const program = await backend.prepare(graph, { batch, samples });
      const { arenaBytes } = program.describe();
      rows.push({ name: `gpu-memory-batch-${batch}`, value: arenaBytes / 2 ** 20, unit: 'MiB', device: 'webgpu' });
      program.dispose();
    }
    const program = await backend.prepare(graph, { batch: 1, samples });
    const pcm = [await context.voice(samples / 16000)];
    const before = (await program.run(pcm)).map((output) => output.slice());
    backend.device.destroy();
    const started = performance.now();
    const after = await program.run(pcm);
    const milliseconds = performance.now() - started;
    after.forEach((output, i) => mustAgree('the answer after a lost device', output, before[i]));
    if (!isSoftwareGpu(backend.adapter))
      rows.push({ name: 'lost-device-ms', value: milliseconds, unit: 'ms to the next answer', device: 'webgpu' });
    return rows;
  } finally {
    backend.dispose();
  }
}
