/**
 * Programs for the kernels: what assembly/index.ts runs. An argument is a number or an address; addresses inside a
 * program are kept relative to one of its regions until the program is linked, so that one list serves many threads.
 */
import { instructions } from './instructions.generated.ts';

type Instructions = typeof instructions;
export type InstructionName = keyof Instructions;
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
export type Arguments<K extends InstructionName> = Record<Exclude<keyof Instructions[K], Optional>, number> &
  Partial<Record<keyof Instructions[K] & Optional, number | undefined>>;

const opcodes = Object.keys(instructions);
const bits = new DataView(new ArrayBuffer(4));

function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** Where an address points to before linking: region * 2^32 + offset; region 0 is absolute. */
const regions = ['absolute', 'tables', 'arena', 'state', 'scratch', 'code'] as const;
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
    const given: Record<string, number | undefined> = { ...defaults, ...args };
    const words = Object.entries(instructions[name]).map(([field, isFloat]) =>
      isFloat ? floatBits(given[field]!) : given[field]!,
    );
    this.#words.push(opcodes.indexOf(name) + 1, 4 * (words.length + 2), ...words);
    return inRegion('code', 4 * (this.#words.length - words.length));
  }

  /** The finished words, region i beginning at bases[i]. */
  link(bases: Bases): Int32Array {
    return Int32Array.from([...this.#words, 0], (word) => resolve(word, bases));
  }
}
