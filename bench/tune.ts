/**
 * What one would turn on this GPU: how many chunks go into a run and how many runs are under way, float16 weights, workgroup
 * sizes, tiles, the division of a GRU. Each
 * setting is the whole way from PCM to JSON for 4,096 chunks of a second; the product's own setting comes first.
 */
import type { WebGPUOptions } from '../src/backends/webgpu/index.ts';
import { DeviceLimitError, ShaderError } from '../src/errors.ts';
import { type Listeners, listenersOn } from '../test/support/listener.ts';
import { type Context, mustAnswerAlike } from './support/context.ts';
import { isSoftwareGpu, openAnyGpu } from './support/gpu.ts';
import type { Row } from './support/row.ts';
import { median } from './support/timing.ts';

const settings: readonly { readonly name: string; readonly options: WebGPUOptions }[] = [
  { name: 'as-it-is', options: {} },
  ...[256, 1024, 2048, 4096].map((largest) => ({ name: `batch-${largest}`, options: { batching: { largest } } })),
  ...[1, 3, 4].map((underWay) => ({ name: `under-way-${underWay}`, options: { batching: { underWay } } })),
  { name: 'batch-1024-under-way-4', options: { batching: { largest: 1024, underWay: 4 } } },
  { name: 'f16', options: { weightPrecision: 'f16' } },
  ...(
    [
      ['productLanes', [32, 128, 256]],
      ['enoughTiles', [16, 132, 264]],
      ['tileRows', [16, 64]],
      ['gruInvocations', [384, 1024]],
      ['gruParts', [2, 4]],
    ] as const
  ).flatMap(([number, values]) =>
    values.map((value) => ({ name: `${number}-${value}`, options: { tuning: { [number]: value } } })),
  ),
];

export async function tuneRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  let usual: number | undefined;
  let expected: string | undefined;
  for (const { name, options } of context.quick ? settings.filter((_, i) => i % 9 === 0) : settings) {
    const backend = await openAnyGpu(options);
    if (!backend) return [];
    const listeners = listenersOn(
      backend,
      { gender: await context.model('gender'), speech: await context.model('speech') },
      0,
    );
    try {
      const timed = !isSoftwareGpu(backend.adapter);
      const chunks = await chunksOf(context, timed ? 4096 : 8);
      const answers = await all(listeners, chunks.slice(0, 8)).catch((error) => {
        if (!(error instanceof ShaderError || error instanceof DeviceLimitError)) throw error;
        console.log(`setting ${name} is more than this GPU allows: ${error.message}`);
      });
      if (!answers) continue;
      expected ??= answers[3];
      mustAnswerAlike(`setting ${name}`, answers[3], expected);
      if (!timed) continue;
      const seconds: number[] = [];
      for (let round = 0; round < (context.quick ? 2 : 4); round++) {
        const start = performance.now();
        await all(listeners, chunks);
        if (round > 0) seconds.push((performance.now() - start) / 1000);
      }
      const factor = chunks.length / median(seconds);
      usual ??= factor;
      const device = `webgpu (${backend.adapter})`;
      rows.push(
        { name: `tune-${name}-realtime-factor`, value: factor, unit: 'times real time', device },
        { name: `tune-${name}-to-usual`, value: factor / usual, unit: 'times', device },
      );
    } finally {
      await listeners.close();
    }
  }
  return rows;
}

async function chunksOf(context: Context, count: number): Promise<Int16Array[]> {
  const distinct = await context.voices(64);
  return Array.from({ length: count }, (_, i) => distinct[i % distinct.length]);
}

function all({ newListener }: Listeners, chunks: readonly Int16Array[]): Promise<string[]> {
  return Promise.all(
    chunks.map(async (chunk) => {
      const listener = newListener();
      return JSON.stringify(listener.decide(await listener.hearChunk(chunk)));
    }),
  );
}
