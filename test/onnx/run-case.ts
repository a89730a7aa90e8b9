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
import { buildOnnx } from './build.ts';
import type { OnnxCase } from './case.ts';

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
  } = onnxCase;
  const bytes = buildOnnx(onnxCase);
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const plain = importOnnx(bytes, 'case.onnx');
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
      return { name, shape, data: Float32Array.from({ length: sizeOf(shape) }, draw) };
    });
    const expected = await session.run(
      Object.fromEntries(inputs.map(({ name, shape, data }) => [name, new ort.Tensor('float32', data, shape)])),
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
        assertClose(outputs[i], tensor.data as Float32Array, parity, what);
      });
    }
  }
  if (nodesLeft !== undefined)
    assert.is(folded.nodes.length, nodesLeft, `${title}: nodes left: ${folded.nodes.map(({ op }) => op).join(', ')}`);
  return folded;
}
