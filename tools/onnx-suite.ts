/**
 * Holds the converter against the standard's test data: a folder of cases, each a folder with model.onnx and
 * test_data_set_N of inputs and outputs. Prints, for each op, how many come out right, are refused, come out wrong or
 * crash.
 *
 *   node --import tsx tools/onnx-suite.ts --suite DIR [--device cpu] [--only TEXT] [--list]
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Backend } from '../src/backends/backend.ts';
import { ReferenceBackend } from '../src/backends/reference/index.ts';
import { deviation } from '../src/convert/verify.ts';
import { ConversionError, UndertoneError } from '../src/errors.ts';
import type { Graph } from '../src/graph/graph.ts';
import { optimise } from '../src/graph/passes/index.ts';
import { importOnnx } from '../src/onnx/index.ts';
import { handlers } from '../src/onnx/ops/index.ts';
import { isFloat, isInteger, type OnnxModel, type OnnxTensor, readOnnx, readTensor } from '../src/onnx/reader.ts';
import { type DataType, dataTypeName, modelProto, tensorProto } from '../src/onnx/schema.ts';
import { type DeviceName, openDevice } from '../src/runtime/devices.ts';

/** The standard's own tests allow 1e-3 relative; sums in float32 of many elements need some of it. */
const tolerance = 2e-4;

type Verdict = 'right' | 'refused' | 'wrong' | 'crashed';

interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
}

interface DataSet {
  readonly inputs: readonly OnnxTensor[];
  readonly outputs: readonly OnnxTensor[];
}

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    device: { type: 'string', default: 'reference' },
    only: { type: 'string' },
    list: { type: 'boolean' },
  },
});
if (!values.suite) throw new Error('--suite DIR is missing: a folder of the test data of ONNX');

const backend: Backend =
  values.device === 'reference' ? new ReferenceBackend() : (await openDevice(values.device as DeviceName)).backend;
const byOp = new Map<string, Record<Verdict, number>>();
const total: Record<Verdict, number> = { right: 0, refused: 0, wrong: 0, crashed: 0 };
let outside = 0;
for (const folder of caseFolders(values.suite)) {
  if (values.only && !folder.includes(values.only)) continue;
  const bytes = readFileSync(join(folder, 'model.onnx'));
  const op = opOf(bytes, folder);
  if (op === undefined) {
    outside++;
    continue;
  }
  const { verdict, reason } = await judge(folder, bytes);
  const counts = byOp.get(op) ?? { right: 0, refused: 0, wrong: 0, crashed: 0 };
  counts[verdict]++;
  total[verdict]++;
  byOp.set(op, counts);
  if (values.list && verdict !== 'right') console.log(`${verdict}\t${folder}\t${reason.split('\n')[0]}`);
  else if (verdict === 'wrong' || verdict === 'crashed') console.log(`${verdict}\t${folder}\t${reason}`);
}
const row = (name: string, { right, refused, wrong, crashed }: Record<Verdict, number>): string =>
  `| ${name} | ${right} | ${refused} | ${wrong} | ${crashed} |`;
console.log('| op | right | refused | wrong | crashed |\n|---|---|---|---|---|');
for (const [op, counts] of [...byOp].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(row(op, counts));
console.log(row('all', total));
console.log(`${outside} cases of other ops`);
backend.dispose();

/** All folders with a model and data, below this one. */
function caseFolders(folder: string): string[] {
  const names = readdirSync(folder).sort();
  if (names.includes('model.onnx')) return [folder];
  return names
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory())
    .flatMap(caseFolders);
}

/**
 * The op that a case is about, its first; undefined if one is not supported, or if it is about texts, lists or options.
 */
function opOf(bytes: Uint8Array, folder: string): string | undefined {
  let model: OnnxModel;
  try {
    model = readOnnx(bytes, folder);
  } catch {
    return undefined;
  }
  const types = modelProto.decode(bytes).graph!.output.map(({ type }) => dataTypeName(type?.tensorType?.elementType));
  if (types.some((type) => !isFloat(type as DataType) && !isInteger(type as DataType))) return undefined;
  if (model.inputs.some(({ type }) => !isFloat(type) && !isInteger(type))) return undefined;
  const ops = [...new Set(model.nodes.map(({ opType = '' }) => opType))];
  return ops.every((op) => handlers.has(op)) ? (ops[0] ?? undefined) : undefined;
}

async function judge(folder: string, bytes: Uint8Array): Promise<Outcome> {
  let refusal: Outcome | undefined;
  try {
    const model = readOnnx(bytes, folder);
    for (const set of dataSets(folder)) {
      // Inputs that a node needs to know are given their values: whole numbers, then all but the first, as weights are.
      const isRun = [
        (tensor: OnnxTensor) => isFloat(tensor.type),
        (tensor: OnnxTensor, i: number) =>
          isFloat(tensor.type) && i === set.inputs.findIndex(({ type }) => isFloat(type)),
        () => true,
        (_: OnnxTensor, i: number) => i === 0,
      ];
      const inputs = model.inputs.map(({ type }, i) => inDeclaredType(set.inputs[i], type)!);
      let outcome: Outcome | undefined;
      for (const choice of isRun) {
        const result = await attempt(model, bytes, folder, { ...set, inputs }, choice);
        if (result.verdict !== 'refused') {
          outcome = result;
          break;
        }
        refusal ??= result;
      }
      if (!outcome) return refusal!;
      if (outcome.verdict !== 'right') return outcome;
    }
    return { verdict: 'right', reason: '' };
  } catch (error) {
    if (error instanceof UndertoneError) return { verdict: 'refused', reason: error.message };
    return { verdict: 'crashed', reason: (error as Error).stack ?? String(error) };
  }
}

async function attempt(
  model: OnnxModel,
  bytes: Uint8Array,
  folder: string,
  { inputs, outputs }: DataSet,
  isRun: (tensor: OnnxTensor, i: number) => boolean,
): Promise<Outcome> {
  const run = model.inputs
    .map(({ name }, i) => ({ name, tensor: inputs[i] }))
    .filter(({ tensor }, i) => tensor && isRun(tensor, i));
  const fixed = Object.fromEntries(
    model.inputs.flatMap(({ name }, i) => (inputs[i] && !isRun(inputs[i], i) ? [[name, inputs[i]]] : [])),
  );
  if (run.length === 0) return { verdict: 'refused', reason: 'no input is left' };
  let graph: Graph;
  try {
    graph = optimise(importOnnx(bytes, folder, { inputs: fixed }));
    const bindings = Object.fromEntries(
      graph.inputs.flatMap(({ name, shape }) =>
        shape.flatMap((extent, axis) =>
          typeof extent === 'string' ? [[extent, run.find((one) => one.name === name)!.tensor.shape[axis]]] : [],
        ),
      ),
    );
    const program = await backend.prepare(graph, bindings);
    const results = await program.run(
      graph.inputs.map(({ name }) => Float32Array.from(run.find((one) => one.name === name)!.tensor.values)),
    );
    for (const [i, name] of graph.outputs.entries()) {
      const expected = outputs[i];
      if (!expected) continue;
      const shape = program.plan.shapes.get(name)!;
      if (shape.join() !== expected.shape.join())
        return { verdict: 'wrong', reason: `output ${i} is [${shape.join()}], not [${expected.shape.join()}]` };
      const apart = deviation(results[i], Float32Array.from(expected.values));
      if (!(apart <= tolerance)) return { verdict: 'wrong', reason: `output ${i} departs by ${apart}` };
    }
    program.dispose();
    return { verdict: 'right', reason: '' };
  } catch (error) {
    if (error instanceof UndertoneError)
      return {
        verdict: 'refused',
        reason: `${error instanceof ConversionError ? '' : `${error.name}: `}${error.message}`,
      };
    throw error;
  }
}

function dataSets(folder: string): DataSet[] {
  const read = (path: string, kind: string): OnnxTensor[] =>
    readdirSync(path)
      .filter((name) => name.startsWith(`${kind}_`) && name.endsWith('.pb'))
      .sort((a, b) => Number(a.match(/\d+/)) - Number(b.match(/\d+/)))
      .map((name) => readTensor(tensorProto.decode(readFileSync(join(path, name)))));
  return readdirSync(folder)
    .filter((name) => name.startsWith('test_data_set_'))
    .sort()
    .map((name) => join(folder, name))
    .map((path) => ({ inputs: read(path, 'input'), outputs: read(path, 'output') }));
}

/** Some releases store bfloat16 as the whole numbers that its bits make. */
function inDeclaredType(tensor: OnnxTensor | undefined, type: DataType): OnnxTensor | undefined {
  if (tensor?.type !== 'uint16' || type !== 'bfloat16') return tensor;
  const bits = Uint32Array.from(tensor.values, (value) => value << 16);
  return { ...tensor, type, values: new Float32Array(bits.buffer) };
}
