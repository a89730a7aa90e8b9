/** The proof of a conversion: the same inputs through onnxruntime and through the new graph. */
import type { Backend, Program } from '../backends/backend.ts';
import { ReferenceBackend } from '../backends/reference/index.ts';
import { approximate, parity } from '../backends/tolerances.ts';
import { ConversionError } from '../errors.ts';
import type { Bindings, Graph } from '../graph/graph.ts';
import { planGraph } from '../graph/plan.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { Given, Original } from './original.ts';

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

/** Inputs that have shown faults before: ordinary, silent, constant, large of both signs, and one spike. */
const kinds: Readonly<Record<string, (random: () => number, i: number) => number>> = {
  random: (random) => gaussian(random),
  features: (random) => 20 * random(),
  zeros: () => 0,
  constant: () => 15,
  large: (random) => 30 * gaussian(random),
  spike: (_, i) => (i === 7 ? 100 : 0),
};

/**
 * Where the tolerance is that of parity. The other kinds magnify rounding: a norm of a constant divides noise by
 * epsilon.
 */
const ordinary: readonly string[] = ['random', 'features', 'zeros'];

const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Numbers from 0 to 1 that are the same at every conversion (a linear congruential generator, Numerical Recipes). */
function generator(): () => number {
  let state = 20240229;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/**
 * Multiply-adds of all runs together that a backend is asked for, so that any network is proved within a minute: the
 * reference computations are slow, and need not run where a kernel that was held against them does.
 */
const budgets: Readonly<Record<string, number>> = { reference: 4e8, cpu: 2e10, webgpu: 4e9, 'gpu.js': 5e8 };
/** After this long no further size is begun. */
const patience = 40_000;
/** Elements of all values of a run; beyond it only the smallest size is compared. */
const elementLimit = 1 << 24;
const sizeLimit = 10;
/** Two units in the last place: what another order of summation does to the numbers inside a network. */
const lastBits = 2 ** -22;
/** How much farther than the original moves by itself another computation may lie from it. */
const amplified = 4;

export interface ComparedSize {
  readonly bindings: Bindings;
  readonly multiplyAdds: number;
}

/** Sizes at which to compare, the smallest first: batch 1 and 3, several lengths, as far as the graph allows. */
export function comparedSizes(graph: Graph, unit: number): ComparedSize[] {
  const symbols = [
    ...new Set(graph.inputs.flatMap(({ shape }) => shape.filter((extent) => typeof extent === 'string'))),
  ];
  const lengths = symbols.some((symbol) => symbol !== 'batch')
    ? [1, 2, 5, 16, 40, 98, 500].map((n) => n * unit).concat(13, 64, 160, 256, 512, 1024, 16000)
    : [1];
  const sizes: ComparedSize[] = [];
  for (const length of [...new Set(lengths)]) {
    for (const batch of symbols.includes('batch') ? [1, 3] : [1]) {
      const bindings = Object.fromEntries(symbols.map((symbol) => [symbol, symbol === 'batch' ? batch : length]));
      try {
        const { multiplyAdds, shapes } = planGraph(graph, bindings);
        let elements = 0;
        for (const [name, shape] of shapes) if (!graph.constants.has(name)) elements += sizeOf(shape);
        if (elements <= elementLimit || sizes.length === 0) sizes.push({ bindings, multiplyAdds });
      } catch {
        // Too short for the graph, or not a multiple of a stride.
      }
    }
  }
  return sizes.sort((a, b) => a.multiplyAdds - b.multiplyAdds).slice(0, 2 * sizeLimit);
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
  readonly backends?: readonly Backend[] | undefined;
  /** Element types of inputs that hold whole numbers. */
  readonly whole?: ReadonlySet<string>;
  /** What the graph makes of an output of the original, where that is not the same. */
  readonly expect?: (name: string, values: Float32Array) => Float32Array;
  /** False: differences are told, however large they are. Default true. */
  readonly strict?: boolean;
  readonly onProgress?: ((done: number, sizes: number) => void) | undefined;
}

/** Compares; throws ConversionError where an output departs by more than the tolerance for its kind of input. */
export async function verify(
  graph: Graph,
  original: Original,
  source: string,
  options: VerifyOptions,
): Promise<Verification> {
  const { unit, backends = [], onProgress } = options;
  const comparison = new Comparison(graph, original, source, [new ReferenceBackend(), ...backends], options);
  const sizes = comparedSizes(graph, unit);
  const begun = performance.now();
  for (const [i, size] of sizes.entries()) {
    if (comparison.sizes >= sizeLimit || (comparison.cases > 0 && performance.now() - begun > patience)) break;
    await comparison.at(size);
    onProgress?.(i + 1, sizes.length);
  }
  if (comparison.cases === 0)
    throw new ConversionError(
      source,
      comparison.refusal === undefined
        ? 'no input size was found at which it can be compared'
        : `onnxruntime can't run it: ${comparison.refusal}`,
    );
  return { against: original.name, cases: comparison.cases, deviations: comparison.found };
}

class Comparison {
  cases = 0;
  sizes = 0;
  /** What the runtime said of a size that it does not take. */
  refusal: string | undefined;
  readonly found: Record<string, Record<string, Deviation>> = {};
  readonly #graph: Graph;
  readonly #original: Original;
  readonly #source: string;
  readonly #backends: readonly Backend[];
  readonly #options: VerifyOptions;
  readonly #random = generator();
  readonly #spent = new Map<Backend, number>();

  constructor(graph: Graph, original: Original, source: string, backends: readonly Backend[], options: VerifyOptions) {
    this.#graph = graph;
    this.#original = original;
    this.#source = source;
    this.#backends = backends;
    this.#options = options;
  }

  /** Compares at one size, on the backends that can afford it. */
  async at({ bindings, multiplyAdds }: ComparedSize): Promise<void> {
    const names = Object.keys(kinds);
    const affordable = this.#backends.filter(
      (backend) => (this.#spent.get(backend) ?? 0) + multiplyAdds * names.length <= budgets[backend.name],
    );
    // A network too large for all is compared once, on the fastest.
    const fastest = [...this.#backends].sort((a, b) => budgets[b.name] - budgets[a.name]).slice(0, 1);
    const chosen = affordable.length > 0 ? affordable : this.cases === 0 ? fastest : [];
    if (chosen.length === 0) return;
    const programs = await Promise.all(chosen.map((backend) => backend.prepare(this.#graph, bindings)));
    try {
      const before = this.cases;
      for (const kind of affordable.length > 0 ? names : names.slice(0, 1)) {
        if (!(await this.#compare(kind, bindings, chosen, programs))) break;
      }
      if (this.cases > before) this.sizes++;
      for (const backend of chosen)
        this.#spent.set(backend, (this.#spent.get(backend) ?? 0) + multiplyAdds * names.length);
    } finally {
      for (const program of programs) program.dispose();
    }
  }

  /** False where the runtime does not take this size. */
  async #compare(
    kind: string,
    bindings: Bindings,
    backends: readonly Backend[],
    programs: readonly Program[],
  ): Promise<boolean> {
    const { expect = (_, values) => values, whole, strict = true } = this.#options;
    const { shapes } = programs[0].plan;
    const inputs = this.#graph.inputs.map(({ name }) => {
      const shape = shapes.get(name)!;
      const draw = whole?.has(name) ? () => Math.floor(3 * this.#random()) : kinds[kind];
      return { name, shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => draw(this.#random, i)) };
    });
    let expected: Readonly<Record<string, Float32Array>>;
    try {
      expected = await this.#original.run(inputs);
    } catch (error) {
      if (error instanceof ConversionError) throw error;
      this.refusal ??= (error as Error).message;
      return false;
    }
    const sizes = Object.entries(bindings).map(([name, extent]) => `${name} ${extent}, `);
    const at = `${sizes.join('')}${kind} input`;
    this.cases++;
    let own: Readonly<Record<string, number>> | undefined;
    for (const [i, program] of programs.entries()) {
      const outputs = (await program.run(inputs.map(({ data }) => data))).map((output) => output.slice());
      const kept = (this.found[backends[i].name] ??= {});
      for (const [o, name] of this.#graph.outputs.entries()) {
        const wanted = expected[name] ?? new Float32Array(0);
        const largest = deviation(outputs[o], expect(name, wanted));
        const allowed = ordinary.includes(kind) ? parity : approximate;
        if (strict && !(largest <= allowed)) {
          own ??= await this.#restlessness(inputs, expected);
          if (!(largest <= amplified * own[name]))
            throw new ConversionError(
              this.#source,
              `output "${name}" departs from ${this.#original.name} by ${largest.toExponential(1)} on the ` +
                `${backends[i].name} backend (${at}), more than ${allowed}; nothing was written`,
            );
        }
        if (!(kept[name] && kept[name].largest >= largest)) kept[name] = { largest, at };
      }
    }
    return true;
  }

  /**
   * How far the original's own outputs move where its inputs are rounded otherwise. A network that magnifies that much
   * has no more exact an answer: the logarithm of a spectrum that is all rounding, or a recurrence at an edge.
   */
  async #restlessness(
    inputs: readonly Given[],
    expected: Readonly<Record<string, Float32Array>>,
  ): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (let turn = 0; turn < 3; turn++) {
      const nudged = inputs.map((input) => ({
        ...input,
        data: this.#options.whole?.has(input.name)
          ? input.data
          : Float32Array.from(input.data, (value) => value * (1 + (this.#random() < 0.5 ? -1 : 1) * lastBits)),
      }));
      const moved = await this.#original.run(nudged);
      for (const [name, values] of Object.entries(moved))
        found[name] = Math.max(found[name] ?? 0, deviation(values, expected[name]));
    }
    return found;
  }
}
