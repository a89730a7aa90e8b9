/** The proof of a conversion: the same inputs through onnxruntime and through the new graph. */
import type { Backend } from '../backends/backend.ts';
import { ReferenceBackend } from '../backends/reference/index.ts';
import { approximate, parity } from '../backends/tolerances.ts';
import { ConversionError } from '../errors.ts';
import type { Bindings, Graph } from '../graph/graph.ts';
import { planGraph } from '../graph/plan.ts';
import { sizeOf } from '../graph/tensor.ts';

export interface Deviation {
  /** Largest absolute difference, in units of the larger of 1 and the expected magnitude. */
  readonly largest: number;
  /** Where it was: sizes and kind of input. */
  readonly at: string;
}

export interface Verification {
  /** Name and version of what was compared with. */
  readonly against: string;
  readonly cases: number;
  /** For each backend, and each output by name. */
  readonly deviations: Readonly<Record<string, Readonly<Record<string, Deviation>>>>;
}

/** Runs the original; given inputs, row-major, in the graph's order. */
export interface Original {
  readonly name: string;
  run(
    inputs: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[],
  ): Promise<Readonly<Record<string, Float32Array>>>;
}

interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: Float32Array, shape: readonly number[]) => { readonly data: Float32Array };
  readonly env?: { readonly versions?: Readonly<Record<string, string>> };
}
interface OrtSession {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: Float32Array }>>;
}

/** Loads onnxruntime-node, which is not a dependency: only who converts needs it. */
async function loadRuntime(source: string): Promise<OrtModule> {
  // A name that the compiler does not follow, because the package need not be there.
  const name: string = 'onnxruntime-node';
  try {
    const loaded = await import(name);
    return loaded.default ?? loaded;
  } catch (error) {
    throw new ConversionError(
      source,
      'the conversion is checked against onnxruntime-node, which is not installed; install it (npm install onnxruntime-node@1.30.0) or pass --no-verify',
      undefined,
      { cause: error },
    );
  }
}

/** The ONNX file on onnxruntime. `path` must be a file, because external data lies beside it. */
export const openOriginal = (path: string): Promise<Original> => openSession(path, path);

/** An ONNX file, or the bytes of one, on onnxruntime; `source` is what errors call it. */
export async function openSession(model: Uint8Array | string, source: string): Promise<Original> {
  const ort = await loadRuntime(source);
  let session: OrtSession;
  try {
    session = await ort.InferenceSession.create(model, {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (error) {
    throw new ConversionError(source, `onnxruntime refuses it: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
  return {
    name: `onnxruntime-node ${ort.env?.versions?.node ?? ort.env?.versions?.common ?? ''}`.trim(),
    async run(inputs) {
      const feeds = Object.fromEntries(
        inputs.map(({ data, shape }, i) => [session.inputNames[i], new ort.Tensor('float32', data, shape)]),
      );
      const results = await session.run(feeds);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data]));
    },
  };
}

/** Inputs that have shown faults before: ordinary, silent, constant, large of both signs, and one spike. */
const kinds: Readonly<Record<string, (random: () => number, i: number) => number>> = {
  random: (random) => gaussian(random),
  features: (random) => 20 * random(),
  zeros: () => 0,
  constant: () => 15,
  large: (random) => 30 * gaussian(random),
  spike: (_, i) => (i === 7 ? 100 : 0),
};

/** Where the tolerance is that of parity. The other kinds magnify rounding: a norm of a constant divides noise by epsilon. */
const ordinary: readonly string[] = ['random', 'features', 'zeros'];

const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Numbers from 0 to 1 that are the same at every conversion (a linear congruential generator, Numerical Recipes). */
function generator(): () => number {
  let state = 20240229;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Multiply-adds of all comparisons together: a few seconds of the reference computations. */
const workLimit = 5e8;

/** Sizes at which to compare: batch 1 and 3, several lengths, as far as the graph allows and the work stays bearable. */
export function comparedSizes(graph: Graph, unit: number): Bindings[] {
  const symbols = [
    ...new Set(graph.inputs.flatMap(({ shape }) => shape.filter((extent) => typeof extent === 'string'))),
  ];
  const lengths = symbols.some((symbol) => symbol !== 'batch')
    ? [1, 2, 5, 16, 40, 98, 500].map((n) => n * unit).concat(13, 64, 256, 1024, 16000)
    : [1];
  const sizes: Bindings[] = [];
  let work = 0;
  for (const length of lengths) {
    for (const batch of symbols.includes('batch') ? [1, 3] : [1]) {
      const bindings = Object.fromEntries(symbols.map((symbol) => [symbol, symbol === 'batch' ? batch : length]));
      try {
        const cost = planGraph(graph, bindings).multiplyAdds * Object.keys(kinds).length;
        if (sizes.length > 0 && (work + cost > workLimit || sizes.length >= 10)) continue;
        work += cost;
        sizes.push(bindings);
      } catch {
        // Too short for the graph, or not a multiple of a stride.
      }
    }
  }
  return sizes;
}

/** Largest difference, in units of the larger of 1 and the expected magnitude; infinite where only one is no number. */
export function deviation(got: Float32Array, expected: Float32Array): number {
  if (got.length !== expected.length) return Infinity;
  let [largest, magnitude] = [0, 1];
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], expected[i])) continue;
    const difference = Math.abs(got[i] - expected[i]);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
    if (Number.isFinite(expected[i])) magnitude = Math.max(magnitude, Math.abs(expected[i]));
  }
  return largest / magnitude;
}

export interface VerifyOptions {
  /** Time steps come in multiples of this. */
  readonly unit: number;
  /** Compared besides the reference computations. */
  readonly backends?: readonly Backend[];
}

/** Compares; throws ConversionError where an output departs by more than the tolerance for its kind of input. */
export async function verify(
  graph: Graph,
  original: Original,
  source: string,
  { unit, backends = [] }: VerifyOptions,
): Promise<Verification> {
  const all: readonly Backend[] = [new ReferenceBackend(), ...backends];
  const found: Record<string, Record<string, Deviation>> = Object.fromEntries(all.map(({ name }) => [name, {}]));
  const random = generator();
  let cases = 0;
  for (const bindings of comparedSizes(graph, unit)) {
    const programs = await Promise.all(all.map((backend) => backend.prepare(graph, bindings)));
    for (const [kind, draw] of Object.entries(kinds)) {
      const { shapes } = programs[0].plan;
      const inputs = graph.inputs.map(({ name }) => {
        const shape = shapes.get(name)!;
        return { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => draw(random, i)) };
      });
      const expected = await original.run(inputs);
      const at = `${Object.entries(bindings)
        .map(([name, extent]) => `${name} ${extent}, `)
        .join('')}${kind} input`;
      cases++;
      for (const [i, program] of programs.entries()) {
        const outputs = await program.run(inputs.map(({ data }) => data));
        graph.outputs.forEach((name, o) => {
          const largest = deviation(outputs[o], expected[name] ?? new Float32Array(0));
          const allowed = ordinary.includes(kind) ? parity : approximate;
          if (!(largest <= allowed))
            throw new ConversionError(
              source,
              `output "${name}" departs from ${original.name} by ${largest.toExponential(1)} on the ${all[i].name} backend (${at}), more than ${allowed}; nothing was written`,
            );
          const kept = found[all[i].name];
          if (!(kept[name] && kept[name].largest >= largest)) kept[name] = { largest, at };
        });
      }
    }
    for (const program of programs) program.dispose();
  }
  if (cases === 0) throw new ConversionError(source, 'no input size was found at which it can be compared');
  return { against: original.name, cases, deviations: found };
}
