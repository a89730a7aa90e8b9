/**
 * Benchmarks. Each question is a file; it checks that all contestants give the same answer before it times anything.
 * `npm run bench -- --help` lists the options. Plots and the JSON of the last run are kept in bench/results/.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Context, packaged } from './support/context.ts';
import { machine } from './support/machine.ts';
import { type Report, screenTable, writePlots, writeReport } from './support/output.ts';
import type { Row } from './support/row.ts';

type Question = (context: Context) => Promise<Row[]>;

const questions: Record<string, () => Promise<Question>> = {
  parity: async () => (await import('./parity.ts')).parityRows,
  encode: async () => (await import('./encode.ts')).encodeRows,
  kernels: async () => (await import('./kernels.ts')).kernelRows,
  features: async () => (await import('./features.ts')).featureRows,
  networks: async () => (await import('./networks.ts')).networkRows,
  'end-to-end': async () => (await import('./end-to-end.ts')).endToEndRows,
  latency: async () => (await import('./latency.ts')).latencyRows,
  throughput: async () => (await import('./throughput.ts')).throughputRows,
  streams: async () => (await import('./streams.ts')).streamRows,
  device: async () => (await import('./device.ts')).deviceRows,
  tune: async () => (await import('./tune.ts')).tuneRows,
  cpu: async () => (await import('./cpu.ts')).cpuRows,
  'first-result': async () => (await import('./first-result.ts')).firstResultRows,
};

const help = `usage: npm run bench [-- --quick] [--only NAMES] [--json OUT] [--weights DIR] [--onnx DIR] [--compiled DIR]

  --quick     parity and a few rounds, under a minute
  --only      questions, separated by commas: ${Object.keys(questions).join(', ')}
  --json OUT  rows {"name", "value", "unit", "device"}, with the machine and the versions; written anew as each question ends
  --weights   folder of model files; --onnx: folder of the ONNX files they were made from
  --compiled  the product compiled by bench/support/compile.ts beforehand, where no compiler is at hand

A question that fails is told, and the others go on; the exit code is then 1.`;

const results = fileURLToPath(new URL('results', import.meta.url));

class UsageError extends Error {}

function chosen(only: string | undefined): string[] {
  const names = only === undefined ? Object.keys(questions) : only.split(',');
  const wrong = names.find((name) => !Object.hasOwn(questions, name));
  if (wrong !== undefined) throw new UsageError(`--only: there is no question ${JSON.stringify(wrong)}`);
  return names;
}

/** Gives the names of the questions that failed. */
async function main(): Promise<string[]> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      only: option,
      json: option,
      weights: option,
      onnx: option,
      compiled: option,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(help);
    return [];
  }
  const names = chosen(values.only);
  const context = new Context({
    quick: values.quick ?? false,
    weights: values.weights ?? packaged.weights,
    onnx: values.onnx ?? packaged.onnx,
    compiled: values.compiled,
  });
  const rows: Row[] = [];
  const failures: Record<string, string> = {};
  const adapters: Record<string, string> = {};
  const report = (): Report => ({ machine: { ...machine(), ...adapters }, quick: context.quick, rows, failures });
  try {
    for (const { name, adapter, timed } of await context.devices())
      adapters[name] = timed ? adapter : `${adapter}: held to parity, not timed`;
    for (const name of names) {
      const started = performance.now();
      try {
        const own = await (await questions[name]())(context);
        rows.push(...own);
        console.log(`${name}, ${((performance.now() - started) / 1000).toFixed(1)} s\n${screenTable(own)}\n`);
      } catch (error) {
        failures[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
        console.error(
          `${name} failed after ${((performance.now() - started) / 1000).toFixed(1)} s: ${failures[name]}\n`,
        );
      }
      // What is done stays, whatever comes after it.
      if (values.json !== undefined) await writeReport(report(), values.json);
    }
  } finally {
    await context.dispose().catch((error: Error) => console.error(`while closing: ${error.message}`));
  }
  console.log(
    Object.entries(report().machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n'),
  );
  await writeReport(report(), `${results}/last.json`);
  if (!context.quick) for (const path of await writePlots(rows, results)) console.log(path);
  return Object.keys(failures);
}

main().then(
  (failed) => {
    if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
    // Native threads of the contestants may linger; the benchmark is done.
    process.exit(failed.length > 0 ? 1 : 0);
  },
  (error: NodeJS.ErrnoException) => {
    // An option that is not there is told in a line; a stack says nothing more.
    const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
    console.error(isUsage ? `${error.message}\n${help}` : error.stack);
    process.exit(isUsage ? 2 : 1);
  },
);
