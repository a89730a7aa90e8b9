/** What one core carries: a step of one live stream, how many such streams in real time, and what a second thread adds. */
import type { Program } from '../src/backends/backend.ts';
import { ReferenceBackend } from '../src/backends/reference/index.ts';
import { openWasm, type WasmBackend } from '../src/backends/wasm/index.ts';
import { composeModels } from '../src/graph/compose.ts';
import type { Graph } from '../src/graph/graph.ts';
import { type Context, mustAgree } from './support/context.ts';
import type { Row } from './support/row.ts';
import { latencies, median, quantile, race, speedup } from './support/timing.ts';

const samplesPerStep = 1024;
const stepSeconds = 0.064;
const largestBatch = 16;

export async function cpuRows(context: Context): Promise<Row[]> {
  const backend = await openWasm();
  try {
    const graph = composeModels([await context.model('gender'), await context.model('speech')]);
    const pcm = await context.voice(16 * stepSeconds);
    await parityOfSteps(backend, graph, pcm);
    return [
      ...(await stepRows(context, backend, graph, pcm)),
      ...(await allModelsRows(context, backend, pcm)),
      ...(await streamRows(context, backend, graph, pcm)),
      ...(await poolRows(context, graph, pcm)),
    ];
  } finally {
    backend.dispose();
  }
}

/** The first steps, one by one with the state carried, against the reference on the whole. */
async function parityOfSteps(backend: WasmBackend, graph: Graph, pcm: Int16Array): Promise<void> {
  const steps = 4;
  const whole = (await new ReferenceBackend().prepare(graph, { batch: 1, samples: steps * samplesPerStep })).run([
    pcm.subarray(0, steps * samplesPerStep),
  ]);
  const program = await backend.prepare(graph, { batch: 1, samples: samplesPerStep });
  const state = new Float32Array(program.plan.stateLength);
  for (let step = 0; step < steps; step++) {
    program
      .run([stepOf(pcm, step)], state)
      .forEach((output, i) =>
        mustAgree(`step ${step}`, output, whole[i].subarray(step * output.length, (step + 1) * output.length)),
      );
  }
}

function stepOf(pcm: Int16Array, step: number): Int16Array {
  const start = (step * samplesPerStep) % pcm.length;
  return pcm.subarray(start, start + samplesPerStep);
}

async function stepRows(context: Context, backend: WasmBackend, graph: Graph, pcm: Int16Array): Promise<Row[]> {
  const program = await backend.prepare(graph, { batch: 1, samples: samplesPerStep });
  const state = new Float32Array(program.plan.stateLength);
  let step = 0;
  const times = await latencies(() => program.run([stepOf(pcm, step++)], state), {
    calls: context.quick ? 500 : 4000,
    warmup: 500,
  });
  return [{ name: 'step-us', value: 1e6 * median(times), unit: 'us', device: 'cpu' }];
}

/** All three models in one program: processor time of a live step, and of a second of audio, in turns with Speech and Gender. */
async function allModelsRows(context: Context, backend: WasmBackend, pcm: Int16Array): Promise<Row[]> {
  const pair = [await context.model('gender'), await context.model('speech')];
  const sets = { pair, all: [...pair, await context.model('speech-rt')] };
  const rounds = context.quick ? 5 : 21;
  const rows: Row[] = [];
  for (const [name, steps, runs] of [
    ['step', 1, 400],
    ['second', 16, 40],
  ] as const) {
    const programs = await Promise.all(
      Object.entries(sets).map(async ([set, models]) => {
        const program = await backend.prepare(composeModels(models), { batch: 1, samples: steps * samplesPerStep });
        return { set, program, state: new Float32Array(program.plan.stateLength), times: [] as number[] };
      }),
    );
    for (let round = -2; round < rounds; round++)
      for (const { program, state, times } of programs) {
        const start = processorSeconds();
        for (let i = 0; i < runs; i++) void program.run([pcm.subarray(0, steps * samplesPerStep)], state);
        if (round >= 0) times.push((processorSeconds() - start) / runs);
      }
    const [two, three] = programs.map(({ times }) => median(times));
    rows.push({ name: `${name}-all-models-us`, value: 1e6 * three, unit: 'us', device: 'cpu' });
    rows.push({ name: `${name}-all-models-vs-two`, value: three / two, unit: 'times the work', device: 'cpu' });
    for (const { program } of programs) program.dispose();
  }
  return rows;
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

interface LiveStream {
  readonly state: Float32Array;
  due: number;
  step: number;
}

/**
 * Latencies of `seconds` of `count` live streams on one core, their steps falling due evenly spread. The work is done
 * for real; the clock skips the time in which nothing is due, and that in which other processes had the core.
 */
function feed(programs: ReadonlyMap<number, Program>, pcm: Int16Array, count: number, seconds: number): number[] {
  const { stateLength } = programs.get(1)!.plan;
  const streams = Array.from(
    { length: count },
    (_, i): LiveStream => ({ state: new Float32Array(stateLength), due: (stepSeconds * i) / count, step: i }),
  );
  const input = new Int16Array(largestBatch * samplesPerStep);
  const states = new Float32Array(largestBatch * stateLength);
  const waits: number[] = [];
  let [now, next] = [0, 0];
  while (now < seconds) {
    now = Math.max(now, streams[next].due);
    let size = 1;
    // Batches are powers of two; the streams take turns in the order in which they fall due.
    while (size < Math.min(largestBatch, count) && streams[(next + 2 * size - 1) % count].due <= now) size *= 2;
    const batch = Array.from({ length: size }, (_, i) => streams[(next + i) % count]);
    const start = processorSeconds();
    batch.forEach((stream, i) => {
      input.set(stepOf(pcm, stream.step++), i * samplesPerStep);
      states.set(stream.state, i * stateLength);
    });
    void programs.get(size)!.run([input.subarray(0, size * samplesPerStep)], states.subarray(0, size * stateLength));
    batch.forEach((stream, i) => stream.state.set(states.subarray(i * stateLength, (i + 1) * stateLength)));
    now += processorSeconds() - start;
    for (const stream of batch) {
      waits.push(now - stream.due);
      stream.due += stepSeconds;
    }
    next = (next + size) % count;
  }
  return waits;
}

async function streamRows(context: Context, backend: WasmBackend, graph: Graph, pcm: Int16Array): Promise<Row[]> {
  const programs = new Map<number, Program>();
  for (let batch = 1; batch <= largestBatch; batch *= 2)
    programs.set(batch, await backend.prepare(graph, { batch, samples: samplesPerStep }));
  const seconds = context.quick ? 1 : 4;
  feed(programs, pcm, 200, 1);
  // Halving between a count that holds and one that does not, to 5 %.
  let [holds, breaks] = [1, 8192];
  while (breaks > 1.05 * holds) {
    const count = Math.round(Math.sqrt(holds * breaks));
    if (count === holds || count === breaks) break;
    if (quantile(feed(programs, pcm, count, seconds), 0.99) < stepSeconds) holds = count;
    else breaks = count;
  }
  return [{ name: 'streams-per-core', value: holds, unit: 'streams', device: 'cpu' }];
}

async function poolRows(context: Context, graph: Graph, pcm: Int16Array): Promise<Row[]> {
  const bindings = { batch: 1, samples: pcm.length };
  const jobs = context.quick ? 40 : 200;
  const pools = await Promise.all([1, 2].map((threads) => openWasm().then((backend) => backend.openPool(threads))));
  const all = (pool: (typeof pools)[number]) => async (): Promise<void> => {
    await Promise.all(Array.from({ length: jobs }, () => pool.run(graph, bindings, [pcm])));
  };
  const times = await race('pool', { one: all(pools[0]), two: all(pools[1]) }, context.pace);
  for (const pool of pools) await pool.dispose();
  return [{ name: 'two-threads-vs-one', value: speedup(times, 'two', 'one'), unit: 'times', device: 'cpu' }];
}
