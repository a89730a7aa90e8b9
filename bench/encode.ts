/**
 * What a run costs before the GPU has anything to do: uploading, encoding and submitting, on Dawn's null backend, which
 * goes through all calls and computes nothing. And what it takes: dispatches, and GPU objects made while running.
 */
import { openWebGPU } from '../src/backends/webgpu/index.ts';
import { composeModels } from '../src/graph/compose.ts';
import type { Context } from './support/context.ts';
import type { Row } from './support/row.ts';
import { quantile } from './support/timing.ts';

/** A chunk of one second, in whole steps. */
const samples = 16 * 1024;
const runs = 1000;

export async function encodeRows(context: Context): Promise<Row[]> {
  const backend = await openWebGPU({ adapterBackend: 'null', allowSoftware: true });
  try {
    const models = [await context.model('gender'), await context.model('speech')];
    const rows: Row[] = [];
    for (const model of models) {
      const { dispatches } = await backend.prepare(composeModels([model]), { batch: 1, samples });
      rows.push({ name: `dispatches-${model.name}`, value: dispatches, unit: 'dispatches', device: 'webgpu' });
    }
    const program = await backend.prepare(composeModels(models), { batch: 1, samples });
    rows.push({ name: 'dispatches-both', value: program.dispatches, unit: 'dispatches', device: 'webgpu' });

    const pcm = [await context.voice(samples / 16000)];
    const times: number[] = [];
    for (let round = 0; round < context.pace.rounds; round++) {
      const seconds: number[] = [];
      for (let i = 0; i < runs / 4; i++) {
        // Everything up to the submission and the request to map happens before run() returns its promise.
        const start = performance.now();
        const run = program.run(pcm);
        seconds.push((performance.now() - start) / 1000);
        await run;
      }
      times.push(quantile(seconds, 0.5));
    }
    // The best round: others at work on the machine only ever add to the cost.
    rows.push({ name: 'encode-us', value: 1e6 * Math.min(...times), unit: 'us', device: 'null' });

    const made = countCreated(backend.device);
    for (let i = 0; i < runs; i++) await program.run(pcm);
    rows.push({ name: 'gpu-objects-per-1000-runs', value: made(), unit: 'objects', device: 'null' });
    return rows;
  } finally {
    backend.dispose();
  }
}

/** Counts from now on what is created on a device, command encoders aside: WebGPU has no run without one. */
function countCreated(device: GPUDevice): () => number {
  let count = 0;
  const methods = device as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of ['createBuffer', 'createBindGroup', 'createBindGroupLayout', 'createPipelineLayout', 'createShaderModule', 'createComputePipeline', 'createComputePipelineAsync', 'createQuerySet', 'createTexture']) {
    const create = methods[name].bind(device);
    methods[name] = (...given) => {
      count++;
      return create(...given);
    };
  }
  return () => count;
}
