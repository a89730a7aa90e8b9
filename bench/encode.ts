/**
 * What a run costs the CPU, on Dawn's null backend, which goes through all calls and computes nothing: uploading, encoding
 * and submitting one run, and all that 1,024 chunks at once take from PCM to JSON. And what a run takes: dispatches, and GPU
 * objects made while running.
 */
import type { Backend } from '../src/backends/backend.ts';
import { openWebGPU } from '../src/backends/webgpu/index.ts';
import { composeModels } from '../src/graph/compose.ts';
import { type Listeners, listenersOn } from '../test/support/listener.ts';
import type { Context } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median, quantile } from './support/timing.ts';

/** A chunk of one second, in whole steps. */
const samples = 16 * 1024;
const runs = 1000;
const manyChunks = 1024;

export async function encodeRows(context: Context): Promise<Row[]> {
  const backend = await openWebGPU({ adapterBackend: 'null', allowSoftware: true });
  try {
    const [gender, speech] = [await context.model('gender'), await context.model('speech')];
    const models = [gender, speech];
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
    rows.push({
      name: `batch-${manyChunks}-host-ms`,
      value: await hostMilliseconds(context, listenersOn(answering(backend), { gender, speech }, 0)),
      unit: 'ms',
      device: 'null',
    });
    return rows;
  } finally {
    backend.dispose();
  }
}

/** The backend with probabilities in place of what stands in memory that nothing has computed. */
function answering(backend: Backend): Backend {
  return {
    name: backend.name,
    adapter: backend.adapter,
    ...(backend.batching && { batching: backend.batching }),
    async prepare(graph, bindings) {
      const program = await backend.prepare(graph, bindings);
      return {
        plan: program.plan,
        run: async (inputs, state) => (await program.run(inputs, state)).map((output) => output.fill(0.5)),
        dispose: () => program.dispose(),
      };
    },
    dispose: () => backend.dispose(),
  };
}

/** What is left of a large batch's time where the GPU takes none. Where its limits are low, it is several batches. */
async function hostMilliseconds(context: Context, { newListener }: Listeners): Promise<number> {
  const distinct = await context.voices(64);
  const answer = async (i: number): Promise<string> => {
    const listener = newListener();
    return JSON.stringify(listener.decide(await listener.hearChunk(distinct[i % distinct.length])));
  };
  const times: number[] = [];
  // The first rounds prepare programs and let the code get warm.
  for (let round = -5; round < context.pace.rounds; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: manyChunks }, (_, i) => answer(i)));
    if (round >= 0) times.push(performance.now() - start);
  }
  return median(times);
}

/** Counts from now on what is created on a device, command encoders aside: WebGPU has no run without one. */
function countCreated(device: GPUDevice): () => number {
  let count = 0;
  const methods = device as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of [
    'createBuffer',
    'createBindGroup',
    'createBindGroupLayout',
    'createPipelineLayout',
    'createShaderModule',
    'createComputePipeline',
    'createComputePipelineAsync',
    'createQuerySet',
    'createTexture',
  ]) {
    const create = methods[name].bind(device);
    methods[name] = (...given) => {
      count++;
      return create(...given);
    };
  }
  return () => count;
}
