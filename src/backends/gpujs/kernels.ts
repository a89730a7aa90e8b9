/**
 * Kernels of gpu.js, made once for a computation and its weights, then run at any output size. A kernel is an ordinary
 * function of `this.thread`; gpu.js reads its source text and compiles it to JavaScript or to WebAssembly with SIMD.
 */
import type { GPU, IKernelRunShortcut } from 'gpu.js';
import { UndertoneError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';

export type GpuJsMode = 'cpu' | 'webasm';

/** What a kernel function sees as `this`. Scalars are whole numbers unless they are named in `floats`. */
export interface KernelThis {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  // biome-ignore lint/suspicious/noExplicitAny: gpu.js reads the text of a kernel and gives its constants their types
  readonly constants: Readonly<Record<string, any>>;
}

export type KernelArgument = Float32Array | number;

export interface KernelSource {
  /** Unique among all kernels; part of what tells two kernels apart. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: kernels differ in what they take; `inputs` below names it
  readonly body: (this: KernelThis, ...inputs: any[]) => number;
  /** Types of the arguments in order. */
  readonly inputs: readonly ('Array' | 'Integer' | 'Float')[];
  readonly constants?: Readonly<Record<string, number | Float32Array>>;
  readonly floats?: readonly string[];
  /** Functions of numbers that the body calls, by the name it calls them. */
  readonly functions?: Readonly<Record<string, (...values: number[]) => number>>;
}

/** Width, height, depth: this.thread.x runs fastest, so a result is row-major [depth, height, width]. */
export type OutputSize = readonly [number, number, number];

export class Kernel {
  readonly #shortcut: IKernelRunShortcut;
  readonly #mode: GpuJsMode;
  readonly #name: string;

  constructor(gpu: GPU, mode: GpuJsMode, source: KernelSource) {
    const { scalars, arrays } = sorted(source);
    const constantTypes = Object.fromEntries(
      Object.entries(arrays).map(([name, value]) => [name, typeof value === 'number' ? 'Float' : 'Array']),
    );
    const functions = Object.entries(source.functions ?? {}).map(([name, body]) => ({
      name,
      source: renamed(body, name),
      argumentTypes: Array.from({ length: body.length }, () => 'Number'),
      returnType: 'Number',
    }));
    const settings = {
      constants: arrays,
      constantTypes,
      functions,
      argumentTypes: [...source.inputs],
      output: [1, 1, 1],
      dynamicOutput: true,
      dynamicArguments: true,
      strictIntegers: true,
      // Only a bound against endless loops; the default of 1,000 would cut long windows short.
      loopMaxIterations: 2 ** 30,
    };
    this.#mode = mode;
    this.#name = source.name;
    this.#shortcut = gpu.createKernel(withLiterals(renamed(source.body, 'kernel'), scalars), settings as object);
  }

  /** Compiles without running. */
  build(size: OutputSize, ...inputs: KernelArgument[]): void {
    this.#shortcut.setOutput([...size]);
    (this.#shortcut as unknown as { build(...inputs: KernelArgument[]): void }).build(...inputs);
    // gpu.js turns to its plain mode with no more than a warning where it can't compile a kernel.
    const { mode } = (this.#shortcut as unknown as { kernel: { constructor: { mode: string } } }).kernel.constructor;
    if (mode !== this.#mode)
      throw new UndertoneError(`gpu.js kernel "${this.#name}" was compiled for mode "${mode}", not "${this.#mode}"`);
  }

  run(out: Float32Array, size: OutputSize, ...inputs: KernelArgument[]): void {
    this.#shortcut.setOutput([...size]);
    copyRows(this.#shortcut(...(inputs as number[])) as Float32Array[][], out);
  }
}

function sorted({ constants = {}, floats = [] }: KernelSource) {
  const entries = Object.entries(constants);
  const isWhole = ([name, value]: [string, number | Float32Array]): boolean =>
    typeof value === 'number' && !floats.includes(name);
  return {
    scalars: Object.fromEntries(entries.filter(isWhole)),
    arrays: Object.fromEntries(entries.filter((entry) => !isWhole(entry))),
  };
}

/** Whole numbers are written into the text, so that the compilers behind gpu.js can fold them: about twice as fast. */
function withLiterals(text: string, scalars: Readonly<Record<string, unknown>>): string {
  return text.replace(/\bthis\.constants\.(\w+)\b/g, (whole, name: string) =>
    name in scalars ? String(scalars[name]) : whole,
  );
}

/** The function's source text under another name, as gpu.js finds functions by the name in their text. */
// biome-ignore lint/suspicious/noExplicitAny: only its text is read
function renamed(body: (...values: any[]) => number, name: string): string {
  return body.toString().replace(/^(?:function\s*)?[\w$]*\s*\(/, `function ${name}(`);
}

function copyRows(planes: readonly (readonly Float32Array[])[], out: Float32Array): void {
  const { buffer, byteLength } = planes[0][0];
  // In mode webasm all rows are views of one array; in mode cpu each is an array of its own.
  if (buffer.byteLength === out.byteLength && byteLength !== out.byteLength) return out.set(new Float32Array(buffer));
  let at = 0;
  for (const rows of planes) {
    for (const row of rows) {
      out.set(row, at);
      at += row.length;
    }
  }
}

/** All kernels of one backend. Programs of several shapes share them, and the packed weights too. */
export class Kernels {
  readonly #gpu: GPU;
  readonly #kernels = new Map<string, Kernel>();
  readonly #ids = new WeakMap<object, number>();
  readonly #packed = new WeakMap<Tensor, Map<string, Float32Array>>();
  #lastId = 0;
  readonly mode: GpuJsMode;

  constructor(gpu: GPU, mode: GpuJsMode) {
    this.mode = mode;
    this.#gpu = gpu;
  }

  /** The kernel of this source; the same one for the same name, functions and constants. */
  get(source: KernelSource): Kernel {
    const id = (value: number | object): string =>
      typeof value === 'number' ? String(value) : `#${this.#idOf(value)}`;
    const parts = [source.constants ?? {}, source.functions ?? {}].map((record) =>
      Object.entries(record)
        .map(([name, value]) => `${name}=${id(value)}`)
        .join(),
    );
    const key = `${source.name}(${parts.join(';')})`;
    let kernel = this.#kernels.get(key);
    if (!kernel) this.#kernels.set(key, (kernel = new Kernel(this.#gpu, this.mode, source)));
    return kernel;
  }

  /** Weights in the order a kernel reads them, made once for a tensor and an order. */
  pack(tensor: Tensor, order: string, make: (data: ArrayLike<number>) => Float32Array): Float32Array {
    let orders = this.#packed.get(tensor);
    if (!orders) this.#packed.set(tensor, (orders = new Map()));
    let packed = orders.get(order);
    if (!packed) orders.set(order, (packed = make(tensor.data)));
    return packed;
  }

  #idOf(value: object): number {
    let id = this.#ids.get(value);
    if (id === undefined) this.#ids.set(value, (id = ++this.#lastId));
    return id;
  }

  dispose(): void {
    this.#kernels.clear();
    void this.#gpu.destroy();
  }
}
