/**
 * Instructions for the kernels: what assembly/index.ts runs. An argument is a number or an address; addresses inside a
 * program are kept relative to one of its regions until the program is linked, so that one list serves many threads.
 */

/** Windows on a grid, the first arguments of the kernels that read them. */
const grid = 'x inner innerStep middle middleStep outerStep';

/** Arguments in the order of the classes in assembly/. */
const fields = {
  product: `${grid} rows columns taps tapOffsets length weights bias y yStep residual residualLast low high`,
  pack: 'x rows columns step columnStep block blockJump y',
  depthwise: `${grid} rows channels taps tapOffsets weights bias y residual residualLast low high`,
  windows: `${grid} rows channels taps tapOffsets y kind scale scaleCount`,
  pad: 'x y batch time before after row left right fill state stateStep',
  move: 'x y pieces count',
  fill: 'y count value',
  copy: 'x y rows length xStep yStep',
  widen: 'x y count',
  unary: 'x y count kind alpha beta',
  binary: 'a b y rows length aRows bRows aRuns bRuns kind low high',
  softmax: 'x y rows classes log',
  gru: 'fromX fromH h y batch time hidden reverse recurrent',
  logMel:
    'x isInt16 batch samples frame hop bands state stateStep heard work power order window factors split filters filterWeights y',
  lstm: 'fromX fromH h c y batch time hidden reverse recurrent',
  normalise: 'x y groups length channels scale bias scaleCount epsilon',
} as const;

export type InstructionName = keyof typeof fields;
type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;
/** May be left out: no limits, nothing to add, no state, no further axis of windows. */
const defaults = {
  low: -Infinity,
  high: Infinity,
  residual: 0,
  residualLast: 0,
  state: 0,
  stateStep: 0,
  middle: 1,
  middleStep: 0,
  outerStep: 0,
  xStep: 0,
  yStep: 0,
};
type Optional = keyof typeof defaults;
export type Arguments<K extends InstructionName> = Record<Exclude<Words<(typeof fields)[K]>, Optional>, number> &
  Partial<Record<Words<(typeof fields)[K]> & Optional, number | undefined>>;

/** Opcodes are places in this list, from 1 on. */
const opcodes = Object.keys(fields);
/** Arguments of a kernel that another one calls; skipped when they are met. */
const heldOpcode = opcodes.length + 1;

const floats = new Set(['low', 'high', 'alpha', 'beta', 'fill', 'value', 'epsilon']);
const bits = new DataView(new ArrayBuffer(4));

function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** Where an address points to before linking: region * 2^32 + offset; region 0 is absolute. */
export const regions = ['absolute', 'tables', 'arena', 'state', 'scratch', 'code'] as const;
export type Region = (typeof regions)[number];
export type Bases = Readonly<Record<Region, number>>;
const regionSize = 2 ** 32;

export function inRegion(region: Region, offset: number): number {
  return regions.indexOf(region) * regionSize + offset;
}

/** The address in memory once the regions have their places. */
export function resolve(address: number, bases: Bases): number {
  return address < regionSize ? address : bases[regions[Math.floor(address / regionSize)]] + (address % regionSize);
}

export class Code {
  readonly #words: number[] = [];

  get byteLength(): number {
    return 4 * (this.#words.length + 1);
  }

  /** Appends an instruction and gives the address of its arguments. */
  emit<K extends InstructionName>(name: K, args: Arguments<K>): number {
    return this.#append(opcodes.indexOf(name) + 1, this.#encode(name, args));
  }

  /** Keeps the arguments of a kernel for another one to call it. */
  hold<K extends InstructionName>(name: K, args: Arguments<K>): number {
    return this.#append(heldOpcode, this.#encode(name, args));
  }

  #encode<K extends InstructionName>(name: K, args: Arguments<K>): number[] {
    const given: Record<string, number | undefined> = { ...defaults, ...args };
    return fields[name].split(' ').map((field) => (floats.has(field) ? floatBits(given[field]!) : given[field]!));
  }

  #append(opcode: number, words: readonly number[]): number {
    this.#words.push(opcode, 4 * (words.length + 2), ...words);
    return inRegion('code', 4 * (this.#words.length - words.length));
  }

  /** The finished words, region i beginning at bases[i]. */
  link(bases: Bases): Int32Array {
    return Int32Array.from([...this.#words, 0], (word) => resolve(word, bases));
  }
}
