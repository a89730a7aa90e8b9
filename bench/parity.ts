/**
 * Correctness before anything is timed: every case of the op table on each GPU and CPU backend against the reference, whole
 * and cut along time, and both models against the CPU on seconds of voice and noise.
 */
import type { ReferenceBackend } from '../src/backends/reference/index.ts';
import { openWasm } from '../src/backends/wasm/index.ts';
import { opCases } from '../test/ops/cases.ts';
import type { OpCase } from '../test/ops/op-case.ts';
import { assertMatchesReference, assertStreams } from '../test/support/parity.ts';
import { seeded } from '../test/support/random.ts';
import { type Context, mustAnswerAlike } from './support/context.ts';
import { openAnyGpu } from './support/gpu.ts';
import type { Row } from './support/row.ts';

/** On a software GPU each case takes its time; every so many are tried there in a quick run. */
const quickStride = 20;

export async function parityRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  const backends = [await openAnyGpu(), await openWasm()].filter((backend) => backend !== undefined);
  const failed: string[] = [];
  for (const backend of backends) {
    const cases = opCases.filter((_, i) => !context.quick || i % quickStride === 0);
    let right = 0;
    for (const each of cases) {
      const fault = await faultOf(each, backend);
      if (fault === undefined) right++;
      else failed.push(`${backend.name}: ${fault}`);
    }
    rows.push({ name: 'parity-op-cases', value: right, unit: `of ${cases.length} cases`, device: backend.adapter });
    backend.dispose();
  }
  rows.push(...(await modelRows(context)));
  if (failed.length > 0) throw new Error(`${failed.length} op cases are wrong:\n${failed.join('\n')}`);
  return rows;
}

async function faultOf(
  each: OpCase,
  backend: InstanceType<typeof ReferenceBackend> | Parameters<typeof assertStreams>[0],
): Promise<string | undefined> {
  try {
    await assertMatchesReference(backend, each);
    await assertStreams(backend, each);
    return undefined;
  } catch (error) {
    return `${each.title}: ${(error as Error).message}`;
  }
}

/** Labels equal and probabilities within what a user may see, for voice, noise and silence of several lengths. */
async function modelRows(context: Context): Promise<Row[]> {
  const devices = await context.devices();
  const judge = devices.find(({ name }) => name === 'cpu');
  if (!judge) throw new Error('device cpu is missing, which all others are held against');
  const { normal } = seeded('parity');
  const noise = Int16Array.from({ length: 48000 }, () => 2000 * normal());
  const voice = await context.voice(10);
  const chunks = [voice.subarray(0, 1024), voice.subarray(0, 16000), voice, noise, new Int16Array(16000)];
  const answer = ({ engine }: (typeof devices)[number], data: Int16Array) =>
    engine.processAudioChunk({
      data,
      models: engine.getAvailableModels(),
      includeRawValues: true,
      volumeThreshold: 0,
    });
  for (const device of devices) {
    for (const [i, chunk] of chunks.entries())
      mustAnswerAlike(
        `chunk ${i} on ${device.name}`,
        JSON.stringify(await answer(device, chunk)),
        JSON.stringify(await answer(judge, chunk)),
      );
  }
  return devices.map(({ name }) => ({ name: 'parity-chunks', value: chunks.length, unit: 'chunks', device: name }));
}
