/** Runs op cases on a backend and holds them against the reference, whole and cut along time. */
import * as assert from 'uvu/assert';
import type { Backend, Program } from '../../src/backends/backend.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import { ShapeError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { planGraph } from '../../src/graph/plan.ts';
import type { Tensor, TensorData } from '../../src/graph/tensor.ts';
import { logMelGeometry } from '../../src/ops/logmel.ts';
import type { OpCase } from '../ops/op-case.ts';

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

/** `exact` is the graph that the reference runs, where a backend is meant to compute with other numbers. */
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

/**
 * Runs the case in pieces of time with the state carried over, and tells whether there was anything to cut. The first
 * two pieces are as short as the case allows, so that they hold less than the ops must remember.
 */
export async function assertStreams(
  backend: Backend,
  { title, graph, inputs }: OpCase,
  exact = graph,
): Promise<boolean> {
  const pieces = piecesOf({ title, graph, inputs });
  if (!pieces) return false;
  const whole = await new ReferenceBackend().prepare(exact, {});
  const expected = whole.run(inputs.map((input) => input.data));
  const state = new Float32Array(whole.plan.batch * whole.plan.stateLength);
  const programs = new Map<number, Program>();
  const done = graph.outputs.map(() => 0);
  let from = 0;
  for (const length of pieces) {
    let program = programs.get(length);
    if (!program) programs.set(length, (program = await backend.prepare(withTime(graph, length), {})));
    const { plan } = program;
    assert.is(plan.stateLength, whole.plan.stateLength);
    const data = inputs.map((input) =>
      isCut(input, timeOf(inputs)) ? cutTime(input, from, from + length) : input.data,
    );
    (await program.run(data, state)).forEach((output, i) => {
      const name = graph.outputs[i];
      const to = done[i] + plan.shapes.get(name)![1];
      const part = cutTime({ shape: whole.plan.shapes.get(name)!, data: expected[i] }, done[i], to);
      assertClose(output, part, parity, `${title}, output ${i}, positions ${done[i]} to ${to} in pieces of ${pieces}`);
      done[i] = to;
    });
    from += length;
  }
  for (const [i, name] of graph.outputs.entries()) assert.is(done[i], whole.plan.shapes.get(name)![1], title);
  for (const program of programs.values()) program.dispose();
  return true;
}

/**
 * Lengths of the pieces in which a case can be run as a stream; undefined where the graph is not streamable, has no
 * time axis, or has no time to cut. Any other case must have pieces.
 */
export function piecesOf({ title, graph, inputs }: OpCase): readonly number[] | undefined {
  const whole = planGraph(graph, {});
  const time = timeOf(inputs);
  const hasTime = graph.nodes[0].op === 'logmel' || inputs.every(({ shape }) => shape.length >= 3);
  if (!whole.streamable || !hasTime || time === 1) return undefined;
  const fits = (pieces: readonly number[]): boolean => pieces.every((length) => length > 0 && runsAt(graph, length));
  for (let shortest = 1; shortest < time; shortest++) {
    const pieces = [
      [shortest, shortest, time - 2 * shortest],
      [shortest, time - shortest],
    ].find(fits);
    if (pieces) return pieces;
  }
  const unit = graph.nodes[0].op === 'logmel' ? logMelGeometry(graph.nodes[0]).hop : 1;
  if (time <= unit) return undefined;
  throw new Error(`${title}: it is streamable, yet none of its ${time} positions of time can be cut`);
}

const timeOf = (inputs: readonly Tensor[]): number => Math.max(...inputs.map(({ shape }) => shape[1]));

/** An input that is repeated along time stays as it is. */
const isCut = ({ shape }: Pick<Tensor, 'shape'>, time: number): boolean => shape[1] === time;

function runsAt(graph: Graph, time: number): boolean {
  try {
    return planGraph(withTime(graph, time), {}).streamable;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}

/** The graph for another length of time. */
function withTime(graph: Graph, time: number): Graph {
  const shapes = graph.inputs.map(({ shape }) => shape as readonly number[]);
  const longest = Math.max(...shapes.map((shape) => shape[1]));
  return {
    ...graph,
    inputs: graph.inputs.map((input, i) =>
      isCut({ shape: shapes[i] }, longest)
        ? { ...input, shape: [input.shape[0], time, ...input.shape.slice(2)] }
        : input,
    ),
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
