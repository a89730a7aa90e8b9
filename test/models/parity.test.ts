/** The shipped models on every backend against onnxruntime-node on the exported ONNX, and streamed against whole. */

import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backend } from '../../src/backends/backend.ts';
import { openGpuJs } from '../../src/backends/gpujs/index.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { loadModel } from '../../src/models/model-file.ts';
import { assertClose } from '../support/parity.ts';
import { seeded } from '../support/random.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Values as log-mel gives them: bands that rise and fall between silence and loud. */
function features(batch: number, frames: number): Float32Array {
  const random = seeded(`features ${batch}x${frames}`);
  return Float32Array.from({ length: batch * frames * 64 }, (_, i) =>
    Math.max(0, 12 + 4 * Math.sin(i / 640) + 3 * random.normal()),
  );
}

const backends: [string, Backend | undefined][] = [
  ['reference', new ReferenceBackend()],
  ['cpu', await openWasm()],
  ['gpu.js', await openGpuJs({ mode: 'webasm' })],
  ['webgpu', await webgpuForTests()],
];

for (const name of ['speech', 'speech-rt', 'gender']) {
  const model = await loadModel(path(`weights/${name}.model`));
  const session = await InferenceSession.create(path(`bench/onnx/${name}.onnx`), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const expected = async (batch: number, frames: number): Promise<Float32Array> => {
    const { probabilities } = await session.run({
      logmel: new Tensor('float32', features(batch, frames), [batch, frames, 64]),
    });
    return probabilities.data as Float32Array;
  };

  for (const [label, backend] of backends) {
    const title = `${name} on ${label} equals onnxruntime-node, whole and in stretches`;
    if (!backend) {
      test.skip(title);
      continue;
    }
    test(title, async () => {
      const run = async (
        batch: number,
        time: number,
        data: Float32Array,
        state?: Float32Array,
      ): Promise<Float32Array> => {
        const program = await backend.prepare(model.graph, { batch, time });
        const [output] = await program.run([data], state);
        const copy = output.slice();
        program.dispose();
        return copy;
      };
      for (const [batch, frames] of label === 'reference'
        ? ([[1, 8]] as const)
        : ([
            [1, 4],
            [1, 60],
            [3, 24],
          ] as const)) {
        assertClose(
          await run(batch, frames, features(batch, frames)),
          await expected(batch, frames),
          parity,
          `[${batch}, ${frames}]`,
        );
      }
      if (label !== 'reference') {
        // State after the first stretch must be what the reference has, and the second must go on from there.
        const [first, second] = [12, 24];
        const all = features(1, first + second);
        const whole = await expected(1, first + second);
        const reference = await new ReferenceBackend().prepare(model.graph, { batch: 1, time: first });
        const golden = new Float32Array(reference.plan.stateLength);
        reference.run([all.subarray(0, first * 64)], golden);
        const state = new Float32Array(golden.length);
        const labels = model.labels.length;
        assertClose(
          await run(1, first, all.subarray(0, first * 64), state),
          whole.subarray(0, (first / 4) * labels),
          parity,
          'first stretch',
        );
        assertClose(state, golden, parity, 'carried state');
        assertClose(
          await run(1, second, all.subarray(first * 64), state),
          whole.subarray((first / 4) * labels),
          parity,
          'second stretch',
        );
      }
    });
  }

  test(`${name}: the metadata is whole`, () => {
    assert.is(model.name, name);
    assert.is(model.sampleRate, 16000);
    assert.equal(model.features, { kind: 'logmel', frame: 512, hop: 256, bands: 64 });
    assert.ok(model.receptiveField > 0);
    assert.ok(JSON.parse(model.training));
    assert.ok(JSON.parse(model.conversion));
  });
}

test.after(() => {
  for (const [, backend] of backends) backend?.dispose();
});
test.run();
