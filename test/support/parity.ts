/** Runs op cases on a backend and holds them against the reference, whole and cut along time. */
import * as assert from 'uvu/assert';
import type { Backend } from '../../src/backends/backend.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Tensor, TensorData } from '../../src/graph/tensor.ts';
import type { OpCase } from '../ops/cases.ts';

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // Not (difference <= largest), so that a NaN is never taken for agreement.
    if (!(difference <= largest))
      largest = Number.isNaN(difference) ? (Object.is(a[i], b[i]) ? largest : Infinity) : difference;
  }
  return largest;
}

/** The largest difference, in units of the larger of 1 and the expected magnitude. */
export function assertClose(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  const magnitude = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  const difference = largestDifference(got, expected) / magnitude;
  assert.ok(difference <= tolerance, `${what}: differs by ${difference}, more than ${tolerance}`);
}

/** `exact` is the graph that the reference runs, where a backend is meant to compute with other numbers than it was given. */
export async function assertMatchesReference(
  backend: Backend,
  { title, graph, inputs }: OpCase,
  exact = graph,
): Promise<void> {
  const data = inputs.map((input) => input.data);
  const reference = await new ReferenceBackend().prepare(exact, {});
  const expected = reference.run(data);
  const program = await backend.prepare(graph, {});
  const got = (await program.run(data)).map((output) => output.slice());
  expected.forEach((output, i) => assertClose(got[i], output, parity, `${title}, output ${i}`));
  // A second run starts from nothing again.
  const again = await program.run(data);
  got.forEach((output, i) => assertClose(again[i], output, 0, `${title}, second run, output ${i}`));
  program.dispose();
}

/** Runs the case in two stretches of time with the state carried over; all inputs must have time on axis 1. */
export async function assertStreams(backend: Backend, { title, graph, inputs }: OpCase, exact = graph): Promise<void> {
  const whole = await new ReferenceBackend().prepare(exact, {});
  if (!whole.plan.streamable) return;
  const expected = whole.run(inputs.map((input) => input.data));
  const time = inputs[0].shape[1];
  const isAudio = graph.nodes[0].op === 'logmel';
  const unit = isAudio ? 1024 : 4;
  if (!isAudio && inputs[0].shape.length < 3) return;
  if (time % unit !== 0 || time === unit || inputs.some((input) => input.shape[1] !== time)) return;
  const state = new Float32Array(whole.plan.batch * whole.plan.stateLength);
  const parts: Float32Array[][] = [];
  for (const [from, to] of [
    [0, unit],
    [unit, time],
  ] as const) {
    const program = await backend.prepare(withTime(graph, to - from), {});
    assert.is(program.plan.stateLength, whole.plan.stateLength);
    parts.push(
      (
        await program.run(
          inputs.map((input) => cutTime(input, from, to)),
          state,
        )
      ).map((output) => output.slice()),
    );
    program.dispose();
  }
  expected.forEach((output, i) => {
    const shape = whole.plan.shapes.get(graph.outputs[i])!;
    const outTime = shape[1];
    const middle = (outTime * unit) / time;
    const tensor = { shape, data: output };
    assertClose(parts[0][i], cutTime(tensor, 0, middle), parity, `${title}, first stretch`);
    assertClose(parts[1][i], cutTime(tensor, middle, outTime), parity, `${title}, second stretch`);
  });
}

function withTime(graph: Graph, time: number): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map((input) => ({ ...input, shape: [input.shape[0], time, ...input.shape.slice(2)] })),
  };
}

/** Positions [from, to) along axis 1. */
export function cutTime({ shape, data }: Tensor, from: number, to: number): TensorData {
  const [batch, time, ...rest] = shape as [number, number, ...number[]];
  const row = rest.reduce((a, b) => a * b, 1);
  const cut =
    data instanceof Int16Array
      ? new Int16Array(batch * (to - from) * row)
      : new Float32Array(batch * (to - from) * row);
  for (let b = 0; b < batch; b++)
    cut.set(data.subarray((b * time + from) * row, (b * time + to) * row), b * (to - from) * row);
  return cut;
}
