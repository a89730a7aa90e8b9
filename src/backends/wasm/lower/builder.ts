import type { Plan, PlannedNode } from '../../../graph/plan.ts';
import { sizeOf, type Tensor } from '../../../graph/tensor.ts';
import { type Bases, Code, inRegion } from '../code.ts';
import type { Constant, Constants } from '../constants.ts';
import type { Heap } from '../heap.ts';
import type { Run } from '../kernels.ts';

/** What compiling and programs need of a backend. */
export interface Target {
  readonly heap: Heap;
  readonly constants: Constants;
  /** Runs the code at an address, on this thread. */
  readonly execute: Run;
}

/**
 * A matrix inside a tensor: its first element, extents, and elements between two rows; left out, all of a plain matrix.
 */
export interface MatrixView {
  readonly offset?: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride?: number;
  /** Rows come in blocks of this many, `blockStride` elements apart; left out, all rows are one block. */
  readonly block?: number;
  readonly blockStride?: number;
}

/** The address of the first item's state. */
export interface StatePlace {
  readonly state: number;
  /** Bytes between two items of the batch. */
  readonly stateStep: number;
}

/** Where the parts of a program stand while it is compiled. Addresses are in bytes. */
export class Builder {
  readonly code = new Code();
  readonly constantsUsed: Constant[] = [];
  readonly #tables: number[] = [];
  readonly #values: ReadonlyMap<string, number>;
  readonly #int16: ReadonlySet<string>;
  #scratch = 0;
  #scratchLargest = 0;
  readonly plan: Plan;
  readonly target: Target;

  constructor(
    plan: Plan,
    target: Target,
    /** Addresses of all values that are no constants. */
    values: ReadonlyMap<string, number>,
    /** Names of the values that are held as int16. */
    int16: ReadonlySet<string>,
  ) {
    this.plan = plan;
    this.target = target;
    this.#values = values;
    this.#int16 = int16;
  }

  get tables(): Int32Array {
    return Int32Array.from(this.#tables);
  }

  get scratchLength(): number {
    return this.#scratchLargest;
  }

  /** Scratch memory of the node before is free again. */
  beginNode(): void {
    this.#scratch = 0;
  }

  scratch(floats: number): number {
    const address = inRegion('scratch', this.#scratch);
    this.#scratch += Math.ceil(floats / 16) * 64;
    this.#scratchLargest = Math.max(this.#scratchLargest, this.#scratch);
    return address;
  }

  table(values: readonly number[]): number {
    const address = inRegion('tables', 4 * this.#tables.length);
    for (const value of values) this.#tables.push(value);
    return address;
  }

  tensor(name: string): Tensor | undefined {
    return this.plan.graph.constants.get(name);
  }

  isInt16(name: string): boolean {
    return this.#int16.has(name);
  }

  /** Where a value stands; 0 for an input that is left out. */
  address(name: string): number {
    if (name === '') return 0;
    const tensor = this.tensor(name);
    return tensor ? this.numbers(tensor, 'plain', tensor.data) : this.#values.get(name)!;
  }

  /** The state of a planned node; undefined where the program carries none. */
  state(planned: PlannedNode, index = 0): StatePlace | undefined {
    const place = planned.state[index];
    return place && { state: inRegion('state', 4 * place.offset), stateStep: 4 * this.plan.stateLength };
  }

  zeros(length: number): number {
    return this.numbers('zeros', `${length}`, new Float32Array(length));
  }

  /** Numbers that belong to `owner` in some form, as float32, or as they are where they are int32. */
  numbers(owner: unknown, form: string, values: ArrayLike<number> | Int32Array): number {
    return this.#constant(owner, form, () => {
      const { heap } = this.target;
      const address = heap.allocate(4 * values.length);
      const place =
        values instanceof Int32Array ? heap.words(address, values.length) : heap.floats(address, values.length);
      place.set(values);
      return address;
    });
  }

  /** A matrix in the panels of the `product` kernel: packed once if it is constant, else in every run. */
  packed(name: string, view: MatrixView): number {
    const { offset = 0, rows, columns, rowStride = columns, block = rows, blockStride = rows * rowStride } = view;
    const length = Math.ceil(columns / 8) * 8 * rows;
    const pack = (code: Code, x: number, y: number): void => {
      code.emit('pack', {
        x: x + 4 * offset,
        rows,
        columns,
        step: 4 * rowStride,
        columnStep: 4,
        block,
        blockJump: 4 * (blockStride - block * rowStride),
        y,
      });
    };
    const tensor = this.tensor(name);
    if (!tensor) {
      const address = this.scratch(length);
      pack(this.code, this.address(name), address);
      return address;
    }
    return this.#constant(tensor, `${rows}x${columns} at ${offset} by ${rowStride}, ${block} of ${blockStride}`, () => {
      const { heap, execute } = this.target;
      const address = heap.allocate(4 * length);
      const plain = heap.allocate(4 * sizeOf(tensor.shape));
      heap.floats(plain, tensor.data.length).set(tensor.data);
      const code = new Code();
      pack(code, plain, address);
      // All of its addresses are absolute.
      const words = code.link({} as Bases);
      const entry = heap.allocate(words.byteLength);
      heap.words(entry, words.length).set(words);
      execute(entry);
      heap.free(entry);
      heap.free(plain);
      return address;
    });
  }

  #constant(owner: unknown, form: string, make: () => number): number {
    const constant = this.target.constants.use(owner, form, make);
    this.constantsUsed.push(constant);
    return constant.address;
  }
}

/** A node's lowering: appends its instructions. */
export type Lower = (planned: PlannedNode, to: Builder) => void;
