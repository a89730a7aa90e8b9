import ort from 'onnxruntime-node';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { optimise } from '../../src/graph/passes/index.ts';
import { sizeOf } from '../../src/graph/tensor.ts';
import { importOnnx } from '../../src/onnx/index.ts';
import { assertClose } from '../support/parity.ts';
import { seeded } from '../support/random.ts';
import { buildOnnx, types } from './build.ts';
import type { OnnxCase } from './case.ts';

/** What onnxruntime is given for an input of this element type. */
function tensorOf(type: number | undefined, data: ArrayLike<number>, shape: readonly number[]): ort.Tensor {
  if (type === types.int64) return new ort.Tensor('int64', BigInt64Array.from(Array.from(data), BigInt), shape);
  if (type === types.bool)
    return new ort.Tensor(
      'bool',
      Uint8Array.from(data, (value) => Number(value !== 0)),
      shape,
    );
  return new ort.Tensor('float32', Float32Array.from(data), shape);
}

/** Lowers a case and compares it with onnxruntime, before and after all passes, at all of its sizes. */
export async function runCase(onnxCase: OnnxCase): Promise<Graph> {
  const {
    title,
    sizes = [
      { batch: 1, time: 12 },
      { batch: 3, time: 20 },
    ],
    scale = 1,
    positive = false,
    nodesLeft,
    settled,
    types: elements = {},
  } = onnxCase;
  const bytes = buildOnnx(onnxCase);
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const plain = importOnnx(bytes, 'case.onnx', settled);
  const folded = optimise(plain);
  const reference = new ReferenceBackend();
  for (const bindings of sizes) {
    const programs = {
      plain: await reference.prepare(plain, bindings),
      folded: await reference.prepare(folded, bindings),
    };
    const random = seeded(title);
    const draw = (): number => (positive ? Math.abs(random.normal()) : random.normal()) * scale;
    const inputs = plain.inputs.map(({ name }) => {
      const shape = programs.plain.plan.shapes.get(name)!;
      const whole = elements[name] !== undefined;
      return {
        name,
        shape,
        data: Float32Array.from({ length: sizeOf(shape) }, () => (whole ? Math.round(3 * draw()) : draw())),
      };
    });
    const expected = await session.run(
      Object.fromEntries([
        ...inputs.map(({ name, shape, data }) => [name, tensorOf(elements[name], data, shape)] as const),
        ...Object.entries(settled?.inputs ?? {}).map(
          ([name, value]) =>
            [name, tensorOf(elements[name], [value].flat() as number[], onnxCase.inputs[name] as number[])] as const,
        ),
      ]),
    );
    for (const [form, program] of Object.entries(programs)) {
      const outputs = program.run(inputs.map(({ data }) => data));
      plain.outputs.forEach((_, i) => {
        const what = `${title}, ${form}, ${JSON.stringify(bindings)}, output "${session.outputNames[i]}"`;
        const tensor = expected[session.outputNames[i]];
        assert.equal(
          [...program.plan.shapes.get((form === 'plain' ? plain : folded).outputs[i])!],
          [...tensor.dims],
          `${what}: shape`,
        );
        assertClose(outputs[i], Float32Array.from(tensor.data as Float32Array, Number), parity, what);
      });
    }
  }
  if (nodesLeft !== undefined)
    assert.is(folded.nodes.length, nodesLeft, `${title}: nodes left: ${folded.nodes.map(({ op }) => op).join(', ')}`);
  return folded;
}
