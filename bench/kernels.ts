/**
 * Each WebGPU kernel alone, at the shapes the models have with 1,024 chunks of a second, against its floor: the bytes it
 * must move at the GPU's bandwidth, or its multiply-adds at the GPU's float32 rate, whichever takes longer. Parity with the
 * reference comes first. Software GPUs are held to parity and never timed. Where a kernel has variants that are off by default
 * (float16 weights), each is timed beside it.
 *
 * Times are those of the pass on the GPU where the adapter has timestamps. The time of a kernel is the slope between a program that has it once and one that has it many times, so that what a
 * run costs besides (upload, submission, reading back) falls out.
 */

import { ReferenceBackend } from '../src/backends/reference/index.ts';
import type { WebGPUBackend, WebGPUOptions, WebGPUProgram } from '../src/backends/webgpu/index.ts';
import type { Attributes, Graph } from '../src/graph/graph.ts';
import { planGraph } from '../src/graph/plan.ts';
import { type Shape, sizeOf, type Tensor, type TensorData } from '../src/graph/tensor.ts';
import { matrixInputs, rounded } from '../test/support/halves.ts';
import { seeded } from '../test/support/random.ts';
import { type Context, mustAgree } from './support/context.ts';
import { isSoftwareGpu, openAnyGpu } from './support/gpu.ts';
import type { Row } from './support/row.ts';
import { median } from './support/timing.ts';

interface Case {
  readonly name: string;
  readonly op: string;
  /** Shape of one batch item. */
  readonly item: Shape;
  readonly batch: number;
  readonly weights: readonly Shape[];
  readonly attributes: Attributes;
}

const chunks = 1024;
const relu = { activation: 'relu' };
const cases: readonly Case[] = [
  { name: 'logmel', op: 'logmel', item: [16 * 1024], batch: chunks, weights: [], attributes: {} },
  {
    name: 'conv-first',
    op: 'conv',
    item: [64, 64, 1],
    batch: chunks,
    weights: [[5, 5, 1, 16], [16]],
    attributes: { ...relu, strides: [2, 2], pads: [3, 0, 2, 2] },
  },
  {
    name: 'conv-front',
    op: 'conv',
    item: [32, 32, 16],
    batch: chunks,
    weights: [[3, 3, 16, 32], [32]],
    attributes: { ...relu, strides: [2, 2], pads: [1, 0, 1, 1] },
  },
  {
    name: 'conv-dilated',
    op: 'conv',
    item: [16, 96],
    batch: chunks,
    weights: [[3, 96, 96], [96]],
    attributes: { ...relu, dilations: [4], pads: [8, 0] },
  },
  {
    name: 'conv-depthwise',
    op: 'conv',
    item: [64, 96],
    batch: chunks,
    weights: [[5, 1, 96], [96]],
    attributes: { ...relu, groups: 96, pads: [4, 0] },
  },
  { name: 'dense', op: 'dense', item: [16, 384], batch: chunks, weights: [[384, 96], [96]], attributes: relu },
  { name: 'dense-few-rows', op: 'dense', item: [16, 384], batch: 1, weights: [[384, 96], [96]], attributes: relu },
  { name: 'dense-head', op: 'dense', item: [16, 96], batch: chunks, weights: [[96, 3], [3]], attributes: {} },
  {
    name: 'gru',
    op: 'gru',
    item: [16, 96],
    batch: chunks,
    weights: [[96, 288], [96, 288], [288], [288]],
    attributes: {},
  },
  { name: 'pool', op: 'pool', item: [64, 96], batch: chunks, weights: [], attributes: { kind: 'max', kernel: [4] } },
  { name: 'softmax', op: 'softmax', item: [64, 64], batch: chunks, weights: [], attributes: {} },
  { name: 'add', op: 'binary', item: [64, 96], batch: chunks, weights: [[96]], attributes: { kind: 'add' } },
];

interface Variant {
  readonly suffix: string;
  readonly options: WebGPUOptions;
  /** Whether it concerns the op. */
  takes(op: string): boolean;
}

const plain: Variant = { suffix: '', options: {}, takes: () => true };
const offByDefault: readonly Variant[] = [
  { suffix: '-f16', options: { weightPrecision: 'f16', halvesFrom: 1 }, takes: (op) => op in matrixInputs },
];

/** Bytes and float32 operations a second, from the makers' data sheets; tensor cores are not used. */
const peaks: readonly { readonly name: RegExp; readonly bytes: number; readonly flops: number }[] = [
  { name: /H200/, bytes: 4.8e12, flops: 67e12 },
  { name: /H100/, bytes: 3.35e12, flops: 67e12 },
  { name: /A100/, bytes: 1.555e12, flops: 19.5e12 },
  { name: /L40S/, bytes: 0.864e12, flops: 91.6e12 },
  { name: /\bL4\b/, bytes: 0.3e12, flops: 30.3e12 },
  { name: /\bT4\b/, bytes: 0.32e12, flops: 8.1e12 },
];

const repeats = 32;

export async function kernelRows(context: Context): Promise<Row[]> {
  const rows = await variantRows(plain, context);
  // On a software GPU the tests hold them to parity.
  if (rows.length > 0) for (const variant of offByDefault) rows.push(...(await variantRows(variant, context)));
  const far = rows.filter(({ name }) => name.endsWith('-over-floor')).sort((a, b) => b.value - a.value);
  if (far.length > 0)
    console.log(
      `farthest from their floor: ${far
        .slice(0, 3)
        .map(({ name }) => name)
        .join(', ')}`,
    );
  return rows;
}

async function variantRows(variant: Variant, context: Context): Promise<Row[]> {
  const backend = await openAnyGpu({ timestamps: true, ...variant.options });
  if (!backend) return [];
  try {
    const timed = !isSoftwareGpu(backend.adapter);
    const rows: Row[] = [];
    for (const each of cases.filter(({ op }) => variant.takes(op))) {
      await checkParity(backend, each, variant);
      if (timed) rows.push(...(await timeCase(backend, each, variant, context.quick ? 3 : 15)));
    }
    return rows;
  } finally {
    backend.dispose();
  }
}

/** A graph with the op `count` times, all on the same input. */
function graphOf({ name, op, item, weights, attributes }: Case, batch: number, count: number): Graph {
  const random = seeded(name);
  const constants = new Map<string, Tensor>(
    weights.map((shape, i) => {
      const scale = 1 / Math.sqrt(shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4);
      return [`w${i}`, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * scale) }];
    }),
  );
  return {
    inputs: [{ name: 'x', shape: [batch, ...item], type: op === 'logmel' ? 'int16' : 'float32' }],
    nodes: Array.from({ length: count }, (_, i) => ({
      name: `${name}${i}`,
      op,
      inputs: ['x', ...constants.keys()],
      outputs: [`y${i}`],
      attributes,
    })),
    constants,
    outputs: [`y${count - 1}`],
  };
}

function inputOf({ name, op, item }: Case, batch: number): TensorData {
  const random = seeded(`input of ${name}`);
  const length = batch * sizeOf(item);
  return op === 'logmel'
    ? Int16Array.from({ length }, () => 3000 * random.normal())
    : Float32Array.from({ length }, () => random.normal());
}

async function checkParity(backend: WebGPUBackend, each: Case, { suffix, options }: Variant): Promise<void> {
  const graph = graphOf(each, 2, 1);
  const input = [inputOf(each, 2)];
  const [expected] = (
    await new ReferenceBackend().prepare(options.weightPrecision === 'f16' ? rounded(graph) : graph, {})
  ).run(input);
  const program = await backend.prepare(graph, {});
  mustAgree(`kernel ${each.name}${suffix}`, (await program.run(input))[0], expected);
  program.dispose();
}

async function timeCase(
  backend: WebGPUBackend,
  each: Case,
  { suffix, options }: Variant,
  rounds: number,
): Promise<Row[]> {
  const input = [inputOf(each, each.batch)];
  const once = await backend.prepare(graphOf(each, each.batch, 1), {});
  const often = await backend.prepare(graphOf(each, each.batch, 1 + repeats), {});
  const seconds: number[] = [];
  for (let round = 0; round < rounds + 2; round++) {
    const [short, long] = [await timeOf(once, input), await timeOf(often, input)];
    if (round >= 2) seconds.push((long - short) / repeats);
  }
  const time = median(seconds);
  const { bytes, flops } = workOf(each, options.weightPrecision === 'f16' ? 2 : 4);
  const { file, entry } = often.describe().steps.at(-1)!.kernel;
  once.dispose();
  often.dispose();

  const device = `webgpu (${backend.adapter})`;
  const name = `kernel-${each.name}${suffix}`;
  const rows: Row[] = [{ name: `${name}-us`, value: 1e6 * time, unit: `us, ${file} ${entry}`, device }];
  const peak = peaks.find((known) => known.name.test(backend.adapter));
  if (peak)
    rows.push({
      name: `${name}-over-floor`,
      value: time / Math.max(bytes / peak.bytes, flops / peak.flops),
      unit: 'times its floor',
      device,
    });
  return [
    ...rows,
    { name: `${name}-gbytes`, value: bytes / time / 1e9, unit: 'GB/s', device },
    { name: `${name}-gflops`, value: flops / time / 1e9, unit: 'GFLOP/s', device },
  ];
}

/** Seconds of one run: of the pass on the GPU where it can tell, else from call to result. */
async function timeOf(program: WebGPUProgram, input: readonly TensorData[]): Promise<number> {
  const start = performance.now();
  await program.run(input);
  return program.passSeconds ?? (performance.now() - start) / 1000;
}

/** What one run of the op must at least read, write and compute. */
function workOf(each: Case, weightBytes: number): { bytes: number; flops: number } {
  const plan = planGraph(graphOf(each, each.batch, 1), {});
  const read = each.batch * sizeOf(each.item) * (each.op === 'logmel' ? 2 : 4);
  const weights = each.weights.reduce((sum, shape) => sum + (shape.length > 1 ? weightBytes : 4) * sizeOf(shape), 0);
  return { bytes: read + weights + 4 * sizeOf(plan.shapes.get('y0')!), flops: 2 * plan.multiplyAdds };
}
