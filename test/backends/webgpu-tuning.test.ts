/** The numbers by which kernels are fitted to a GPU change how work is divided, and never an answer. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { WebGPUOptions } from '../../src/backends/webgpu/index.ts';
import { opCases } from '../ops/cases.ts';
import { assertMatchesReference } from '../support/parity.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const cases = opCases.filter(({ graph }) => ['conv', 'dense', 'gru'].includes(graph.nodes[0].op));
/** One of each kind of shape is enough. */
const chosen = cases.filter((_, i) => i % 5 === 0);

const settings: readonly NonNullable<WebGPUOptions['tuning']>[] = [
  { enoughTiles: 1, tileRows: 16, productLanes: 32, gruParts: 2 },
  { enoughTiles: 1, productLanes: 128, manyRows: 1, gruInvocations: 64 },
];

for (const tuning of settings) {
  const title = JSON.stringify(tuning);
  const backend = await webgpuForTests({ tuning, timestamps: true, batching: { underWay: 4 } });
  const gpuTest = backend ? test : test.skip;

  gpuTest(`tuned ${title}: convolutions, products and GRUs are what they were`, async () => {
    for (const each of chosen) await assertMatchesReference(backend!, each);
  });

  gpuTest(`tuned ${title}: the time of a pass is told where the adapter has timestamps`, async () => {
    const [{ graph, inputs }] = chosen;
    const program = await backend!.prepare(graph, {});
    assert.is(program.passSeconds, undefined);
    await program.run(inputs.map(({ data }) => data));
    if (backend!.device.features.has('timestamp-query')) assert.ok((program.passSeconds ?? -1) >= 0);
    else assert.is(program.passSeconds, undefined);
    backend!.dispose();
  });
}

test.run();
