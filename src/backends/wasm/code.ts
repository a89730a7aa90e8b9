/**
 * Instructions for the kernels: what assembly/index.ts runs. An argument is a number or an address; addresses inside a
 * program are kept relative to one of its regions until the program is linked, so that one list serves many threads.
 */

/** Opcode and arguments, in the order of the classes in assembly/. */
const instructions = {
  product: [1, 'x', 'inner', 'innerStep', 'middle', 'middleStep', 'outerStep', 'rows', 'columns', 'taps', 'tapOffsets', 'length', 'weights', 'bias', 'y', 'yStep', 'residual', 'residualLast', 'low', 'high'],
  pack: [2, 'x', 'rows', 'columns', 'step', 'columnStep', 'block', 'blockJump', 'y'],
  depthwise: [3, 'x', 'inner', 'innerStep', 'middle', 'middleStep', 'outerStep', 'rows', 'channels', 'taps', 'tapOffsets', 'weights', 'bias', 'y', 'residual', 'residualLast', 'low', 'high'],
  windows: [4, 'x', 'inner', 'innerStep', 'middle', 'middleStep', 'outerStep', 'rows', 'channels', 'taps', 'tapOffsets', 'y', 'kind', 'scale', 'scaleCount'],
  pad: [5, 'x', 'y', 'batch', 'time', 'before', 'after', 'row', 'left', 'right', 'fill', 'state', 'stateStep'],
  move: [6, 'x', 'y', 'pieces', 'count'],
  fill: [7, 'y', 'count', 'value'],
  copy: [8, 'x', 'y', 'rows', 'length', 'xStep', 'yStep'],
  widen: [9, 'x', 'y', 'count'],
  unary: [10, 'x', 'y', 'count', 'kind', 'alpha', 'beta'],
  binary: [11, 'a', 'b', 'y', 'rows', 'length', 'aRows', 'bRows', 'aRuns', 'bRuns', 'kind', 'low', 'high'],
  softmax: [12, 'x', 'y', 'rows', 'classes', 'log'],
  gru: [13, 'fromX', 'fromH', 'h', 'y', 'batch', 'time', 'hidden', 'reverse', 'recurrent'],
  logMel: [14, 'x', 'isInt16', 'batch', 'samples', 'frame', 'hop', 'bands', 'state', 'stateStep', 'heard', 'work', 'power', 'order', 'window', 'factors', 'split', 'filters', 'filterWeights', 'y', 'scratch'],
  /** Arguments of a kernel that another one calls; skipped when it is met. */
  held: [15],
  lstm: [16, 'fromX', 'fromH', 'h', 'c', 'y', 'batch', 'time', 'hidden', 'reverse', 'recurrent'],
  normalise: [17, 'x', 'y', 'groups', 'length', 'channels', 'scale', 'bias', 'scaleCount', 'epsilon'],
} as const satisfies Record<string, readonly [number, ...string[]]>;

export type InstructionName = keyof typeof instructions;
export type Arguments<K extends InstructionName> = Record<Exclude<(typeof instructions)[K][number], number>, number>;

const floats = new Set(['low', 'high', 'alpha', 'beta', 'fill', 'value', 'epsilon']);
const bits = new DataView(new ArrayBuffer(4));

function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** Where an address points to before linking: region * 2^32 + offset; region 0 is absolute. */
export const regions = ['absolute', 'tables', 'arena', 'state', 'scratch', 'staging', 'code'] as const;
export type Region = (typeof regions)[number];
export type Bases = Readonly<Record<Region, number>>;
const regionSize = 2 ** 32;

export const absoluteOnly: Bases = { absolute: 0, tables: 0, arena: 0, state: 0, scratch: 0, staging: 0, code: 0 };

export function inRegion(region: Region, offset: number): number {
  return regions.indexOf(region) * regionSize + offset;
}

/** The address in memory once the regions have their places. */
export function resolve(address: number, bases: Bases): number {
  return address < regionSize ? address : bases[regions[Math.floor(address / regionSize)]!] + (address % regionSize);
}

export class Code {
  readonly #words: number[] = [];

  get byteLength(): number {
    return 4 * (this.#words.length + 1);
  }

  /** Appends an instruction and gives the address of its arguments. */
  emit<K extends InstructionName>(name: K, args: Arguments<K>): number {
    return this.#append(instructions[name][0], this.#encode(name, args));
  }

  /** Keeps the arguments of a kernel for another one to call it. */
  hold<K extends InstructionName>(name: K, args: Arguments<K>): number {
    return this.#append(instructions.held[0], this.#encode(name, args));
  }

  #encode<K extends InstructionName>(name: K, args: Arguments<K>): number[] {
    const [, ...fields] = instructions[name] as readonly [number, ...string[]];
    return fields.map((field) => {
      const value = (args as Record<string, number>)[field]!;
      return floats.has(field) ? floatBits(value) : Number(value);
    });
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
