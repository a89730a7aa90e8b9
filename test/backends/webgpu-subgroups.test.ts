/** The GRU whose sums are joined in subgroups, beside the plain one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import type { WebGPUBackend, WebGPUOptions } from '../../src/backends/webgpu/index.ts';
import { inSubgroups } from '../../src/backends/webgpu/kernels/gru.ts';
import { type OpCase, opCases } from '../ops/cases.ts';
import { assertClose, assertMatchesReference, assertStreams } from '../support/parity.ts';
import { webgpuForTests } from '../support/webgpu.ts';
import { networkOf, noise } from '../support/webgpu-network.ts';

const cases = opCases.filter(({ graph }) => graph.nodes[0].op === 'gru');
const [plain, backend] = [await webgpuForTests(), await webgpuForTests({ subgroups: true })];
const hasSubgroups = backend?.device.features.has('subgroups') === true;
if (backend && !hasSubgroups) console.log(`Subgroup tests are left out: ${backend.adapter} has none.`);
const subgroupTest = hasSubgroups ? test : test.skip;

/** The constants of the GRU's kernel in subgroups, or undefined where it is computed by the plain one. */
async function joinedIn(
  own: WebGPUBackend,
  { graph }: Pick<OpCase, 'graph'>,
): Promise<Readonly<Record<string, number>> | undefined> {
  const program = await own.prepare(graph, {});
  const { file, constants } = program.describe().steps.at(-1)!.kernel;
  program.dispose();
  return file === 'gru-subgroups.wgsl' ? constants : undefined;
}

let joined = 0;
for (const each of cases) {
  subgroupTest(`subgroups: ${each.title}`, async () => {
    if (await joinedIn(backend!, each)) joined++;
    assert.is(await joinedIn(plain!, each), undefined, 'used though nobody asked for it');
    await assertMatchesReference(backend!, each);
    await assertStreams(backend!, each);
  });
}

subgroupTest('enough of the cases are joined in subgroups', () => {
  // Those of 8 and of 64 units are on any device; others are too small for whole subgroups, or too wide for the registers.
  assert.ok(joined >= 3, `${joined} of ${cases.length}`);
});

subgroupTest('parts that are fewer than a subgroup has room for, and weights as float16', async () => {
  const eight = cases.find(({ title }) => title === 'gru: hidden 8')!;
  const variants: readonly [WebGPUOptions, (constants: Readonly<Record<string, number>>) => boolean][] = [
    [{ limits: { maxComputeInvocationsPerWorkgroup: 16 } }, ({ PARTS }) => PARTS === 2],
    [{ weightPrecision: 'f16', halvesFrom: 1 }, ({ HALVES }) => HALVES === 1],
  ];
  for (const [options, expected] of variants) {
    const own = (await webgpuForTests({ subgroups: true, ...options }))!;
    const constants = await joinedIn(own, eight);
    // Two parts of eight units fill no subgroup of more than sixteen.
    if (constants) assert.ok(expected(constants), JSON.stringify(constants));
    if (!options.weightPrecision) await assertMatchesReference(own, eight);
    else await assertCloseToPlain(own, eight);
    own.dispose();
  }
});

async function assertCloseToPlain(own: WebGPUBackend, { graph, inputs, title }: OpCase): Promise<void> {
  const half = (await webgpuForTests({ weightPrecision: 'f16', halvesFrom: 1 }))!;
  const outputs: Float32Array[] = [];
  for (const each of [half, own])
    outputs.push((await (await each.prepare(graph, {})).run(inputs.map(({ data }) => data)))[0]);
  assertClose(outputs[1], outputs[0], parity, title);
  half.dispose();
}

subgroupTest('two networks side by side, and the same bits run after run', async () => {
  const graph = networkOf([3, 2], { width: 8, hidden: 16 });
  const bindings = { batch: 3, samples: 2 * 1024 };
  const pcm = noise(3 * 2 * 1024);
  const expected = (await new ReferenceBackend().prepare(graph, bindings)).run([pcm]);
  const program = await backend!.prepare(graph, bindings);
  assert.ok(
    program.describe().steps.some(({ kernel, jobs }) => kernel.file === 'gru-subgroups.wgsl' && jobs.length === 2),
  );
  const got = (await program.run([pcm])).map((output) => output.slice());
  expected.forEach((output, i) => assertClose(got[i], output, parity, `network ${i}`));
  const again = await program.run([pcm]);
  got.forEach((output, i) => assert.equal(again[i], output));
});

test('parts of a unit fit into the smallest subgroup, and whole subgroups of the largest size fill the workgroup', () => {
  const large = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 32768 };
  assert.equal(inSubgroups(96, large, { smallest: 32, largest: 32 }), { parts: 8, span: 12 });
  assert.equal(inSubgroups(96, large, { smallest: 32, largest: 64 }), { parts: 8, span: 12 });
  assert.equal(inSubgroups(64, large, { smallest: 4, largest: 4 }), { parts: 4, span: 16 });
  // Too many rows for the registers; a workgroup that ends within a subgroup.
  assert.is(inSubgroups(96, large, { smallest: 4, largest: 4 }), undefined);
  assert.is(inSubgroups(17, large, { smallest: 32, largest: 32 }), undefined);
});

test.after(() => {
  backend?.dispose();
  plain?.dispose();
});
test.run();
