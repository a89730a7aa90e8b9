/** Open axes: what they are called, and that two of them, or one and a number, have to be the same. */
import { Size } from './size.ts';

/** What an open axis is fixed to, or the other one that it equals. */
export type Extent = number | string;

/**
 * Thrown where a node makes sense only if an open axis equals a number or another one. The file is then read again
 * with that settled.
 */
export class SameExtent extends Error {
  readonly symbol: string;
  readonly extent: Extent;

  constructor(symbol: string, extent: Extent) {
    super(`axis "${symbol}" must equal ${typeof extent === 'number' ? extent : `"${extent}"`}`);
    this.symbol = symbol;
    this.extent = extent;
  }
}

/** What makes two sizes equal, where that is one axis's extent; undefined where it can't be told. */
export function sameExtent(a: Size, b: Size): SameExtent | undefined {
  const difference = a.minus(b);
  const symbols = [...difference.terms].filter(([symbol]) => symbol !== '');
  if (symbols.some(([symbol]) => !Size.isPlain(symbol))) return undefined;
  const constant = difference.terms.get('') ?? 0;
  const [first, second] = symbols;
  if (symbols.length === 1) {
    const extent = -constant / first[1];
    return Number.isInteger(extent) && extent > 0 ? new SameExtent(first[0], extent) : undefined;
  }
  if (symbols.length !== 2 || constant !== 0 || first[1] !== -second[1]) return undefined;
  // The names that graphs have for their first axes stay.
  const [kept, gone] =
    first[0] === 'batch' || (first[0] === 'time' && second[0] !== 'batch') ? [first, second] : [second, first];
  return new SameExtent(gone[0], kept[0]);
}

/** Names of axes, as they are given and as nodes have shown them to be. */
export class Axes {
  readonly #settled = new Map<string, Extent>();
  readonly #unused: Set<string>;
  readonly notes: string[] = [];

  constructor(given: Readonly<Record<string, Extent>> = {}) {
    for (const [name, extent] of Object.entries(given)) this.#settled.set(name, extent);
    this.#unused = new Set(Object.keys(given));
  }

  /** Settles what a node needs; false where that was settled before and did not help. */
  settle({ symbol, extent }: SameExtent, why: string): boolean {
    if (this.#settled.has(symbol) || this.extentOf(extent) === symbol) return false;
    this.#settled.set(symbol, extent);
    this.notes.push(`axis "${symbol}" is taken as ${typeof extent === 'number' ? extent : `"${extent}"`}: ${why}`);
    return true;
  }

  extentOf(extent: Extent): Extent {
    let current = extent;
    for (let i = 0; i <= this.#settled.size && typeof current === 'string'; i++) {
      this.#unused.delete(current);
      current = this.#settled.get(current) ?? current;
    }
    return current;
  }

  /** Names that were given and belong to no axis. */
  get unused(): readonly string[] {
    return [...this.#unused];
  }
}
