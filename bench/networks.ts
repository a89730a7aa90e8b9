/** The networks alone, features given: against onnxruntime-node with the same ONNX files, one thread each. */

import type { Program } from '../src/backends/backend.ts';
import { openWasm } from '../src/backends/wasm/index.ts';
import { ByHand, meydaFeatures, ortLabel } from './support/by-hand.ts';
import { type Context, mustAgree } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median, race, speedup } from './support/timing.ts';

const framesPerStep = 4;
const bands = 64;

export async function networkRows(context: Context): Promise<Row[]> {
  const backend = await openWasm();
  const peer = await ByHand.open(context.settings.onnx);
  const rows: Row[] = [];
  try {
    for (const [name, steps] of [
      ['network-1s', 16],
      ['network-step', 1],
    ] as const) {
      const programs = await Promise.all(
        (['speech', 'gender'] as const).map(async (model) =>
          backend.prepare((await context.model(model)).graph, { batch: 1, time: steps * framesPerStep }),
        ),
      );
      const features = meydaFeatures(await context.voice(steps * 0.064)).subarray(0, steps * framesPerStep * bands);
      const own = (states?: Float32Array[]): Float32Array[] =>
        programs.map((program, i) => (program.run([features], states?.[i]) as Float32Array[])[0]);
      const expected = await peer.networks(features);
      own().forEach((probabilities, i) =>
        mustAgree(`${name}, ${i ? 'gender' : 'speech'}`, probabilities, i ? expected.gender : expected.speech),
      );

      // A step belongs to a stream: ours carries its state, which the peer's plain files cannot.
      const states = steps === 1 ? programs.map(({ plan }: Program) => new Float32Array(plan.stateLength)) : undefined;
      const times = await race(
        name,
        { undertone: () => own(states), ort: () => peer.networks(features) },
        context.pace,
      );
      rows.push({ name: `${name}-vs-ort`, value: speedup(times, 'undertone', 'ort'), unit: 'times', device: 'cpu' });
      rows.push({ name: `${name}-us`, value: 1e6 * median(times.undertone), unit: 'us', device: 'cpu' });
      rows.push({ name: `peer-${name}-us`, value: 1e6 * median(times.ort), unit: 'us', device: ortLabel });
    }
  } finally {
    backend.dispose();
  }
  return rows;
}
