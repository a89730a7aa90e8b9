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
  encode: async () => (await import('./encode.ts')).encodeRows,
  kernels: async () => (await import('./kernels.ts')).kernelRows,
  features: async () => (await import('./features.ts')).featureRows,
  networks: async () => (await import('./networks.ts')).networkRows,
  'end-to-end': async () => (await import('./end-to-end.ts')).endToEndRows,
  latency: async () => (await import('./latency.ts')).latencyRows,
  throughput: async () => (await import('./throughput.ts')).throughputRows,
  streams: async () => (await import('./streams.ts')).streamRows,
  cpu: async () => (await import('./cpu.ts')).cpuRows,
  'first-result': async () => (await import('./first-result.ts')).firstResultRows,
};

const help = `usage: npm run bench [-- --quick] [--only NAME] [--json OUT] [--weights DIR] [--onnx DIR] [--compiled DIR]

  --quick     parity and a few rounds, under a minute
  --only      one question: ${Object.keys(questions).join(', ')}
  --json OUT  rows {"name", "value", "unit", "device"}, with the machine and the versions
  --weights   folder of model files; --onnx: folder of the ONNX files they were made from
  --compiled  the product compiled by bench/support/compile.ts beforehand, where no compiler is at hand`;

const results = fileURLToPath(new URL('results', import.meta.url));

async function main(): Promise<void> {
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
    return;
  }
  const chosen = Object.entries(questions).filter(([name]) => values.only === undefined || name === values.only);
  if (chosen.length === 0)
    throw new Error(
      `--only: there is no question ${JSON.stringify(values.only)}; there are ${Object.keys(questions).join(', ')}`,
    );

  const context = new Context({
    quick: values.quick ?? false,
    weights: values.weights ?? packaged.weights,
    onnx: values.onnx ?? packaged.onnx,
    compiled: values.compiled,
  });
  const rows: Row[] = [];
  const adapters: Record<string, string> = {};
  try {
    for (const { name, adapter, timed } of await context.devices())
      adapters[name] = timed ? adapter : `${adapter}: held to parity, not timed`;
    for (const [name, load] of chosen) {
      const started = performance.now();
      const own = await (await load())(context);
      rows.push(...own);
      console.log(`${name}, ${((performance.now() - started) / 1000).toFixed(1)} s\n${screenTable(own)}\n`);
    }
  } finally {
    await context.dispose();
  }
  const report: Report = { machine: { ...machine(), ...adapters }, quick: context.quick, rows };
  console.log(
    Object.entries(report.machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n'),
  );
  await writeReport(report, `${results}/last.json`);
  if (values.json !== undefined) await writeReport(report, values.json);
  if (!context.quick) for (const path of await writePlots(rows, results)) console.log(path);
}

main().then(
  // Native threads of the contestants may linger; the benchmark is done.
  () => process.exit(0),
  (error: NodeJS.ErrnoException) => {
    // An option that is not there is told in a line; a stack says nothing more.
    console.error(error.code?.startsWith('ERR_PARSE_ARGS') ? `${error.message}\n${help}` : error.stack);
    process.exit(1);
  },
);
