/**
 * Sizes that are not known yet: whole-number polynomials over symbols such as `batch` and `time`, and over rounded
 * quotients of them. Two sizes that are built the same way have the same text, which is how they are compared.
 */
type Terms = ReadonlyMap<string, number>;

/** floor(dividend / divisor), as it stands for one symbol of a polynomial. */
interface Quotient {
  readonly dividend: Size;
  readonly divisor: number;
}

const quotients = new Map<string, Quotient>();
const termLimit = 64;

export class Size {
  readonly text: string;
  readonly terms: Terms;

  private constructor(terms: Terms) {
    this.terms = terms;
    if (terms.size > termLimit) throw new RangeError('a size has become too long a formula');
    this.text =
      [...terms]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([symbols, factor]) => `${factor}*${symbols}`)
        .join('+') || '0';
  }

  static of(value: number): Size {
    return new Size(new Map(value === 0 ? [] : [['', value]]));
  }

  static symbol(name: string): Size {
    return new Size(new Map([[name, 1]]));
  }

  /** Whether a term's symbols are one axis, no product of several and no rounded quotient. */
  static isPlain(symbols: string): boolean {
    return symbols !== '' && !symbols.includes(separator) && !quotients.has(symbols);
  }

  /** Its value, if it has no symbols. */
  get constant(): number | undefined {
    if (this.terms.size === 0) return 0;
    return this.terms.size === 1 ? this.terms.get('') : undefined;
  }

  equals(other: Size): boolean {
    return this.text === other.text;
  }

  plus(other: Size | number): Size {
    const terms = new Map(this.terms);
    for (const [symbols, factor] of asSize(other).terms) {
      const sum = (terms.get(symbols) ?? 0) + factor;
      if (sum === 0) terms.delete(symbols);
      else terms.set(symbols, sum);
    }
    return new Size(terms);
  }

  minus(other: Size | number): Size {
    return this.plus(asSize(other).times(-1));
  }

  times(other: Size | number): Size {
    let product = Size.of(0);
    for (const [a, m] of this.terms) {
      const row = new Map<string, number>();
      for (const [b, n] of asSize(other).terms) row.set(joined(a, b), m * n);
      product = product.plus(new Size(row));
    }
    return product;
  }

  /** The quotient if it is a polynomial again: long division, highest terms first. */
  exactly(divisor: Size): Size | undefined {
    if (divisor.terms.size === 0) return undefined;
    const [symbols, factor] = divisor.#highest();
    let [quotient, rest] = [Size.of(0), this as Size];
    while (rest.terms.size > 0) {
      const [own, n] = rest.#highest();
      const left = without(own, symbols);
      if (left === undefined || n % factor !== 0) return undefined;
      const term = new Size(new Map([[left, n / factor]]));
      quotient = quotient.plus(term);
      rest = rest.minus(term.times(divisor));
    }
    return quotient;
  }

  /** The term of most symbols, in a fixed order where there are several. */
  #highest(): readonly [string, number] {
    const degree = (symbols: string): number => split(symbols).length;
    return [...this.terms].sort(([a], [b]) => degree(b) - degree(a) || (a < b ? -1 : 1))[0];
  }

  /** floor(this / divisor) for a positive whole divisor. */
  floorDivide(divisor: number): Size {
    if (divisor === 1) return this;
    let whole = Size.of(0);
    let rest = Size.of(0);
    for (const [symbols, factor] of this.terms) {
      const quotient = Math.floor(factor / divisor);
      const remainder = factor - quotient * divisor;
      // x = (q d + r) s: q s leaves the brackets whatever s is.
      if (remainder === 0 || symbols === '') {
        whole = whole.plus(new Size(new Map(quotient === 0 ? [] : [[symbols, quotient]])));
        if (remainder !== 0) rest = rest.plus(new Size(new Map([[symbols, remainder]])));
      } else {
        rest = rest.plus(new Size(new Map([[symbols, factor]])));
      }
    }
    if (rest.constant !== undefined) return whole;
    // floor((floor(a / b) + r) / d) = floor((a + r b) / (b d))
    const [symbol] = [...rest.terms].find(([symbols]) => symbols !== '')!;
    const inner = quotients.get(symbol);
    const offset = rest.terms.get('') ?? 0;
    if (inner && rest.minus(offset).equals(Size.symbol(symbol))) {
      return whole.plus(inner.dividend.plus(offset * inner.divisor).floorDivide(inner.divisor * divisor));
    }
    const name = `floor((${rest.text})/${divisor})`;
    quotients.set(name, { dividend: rest, divisor });
    return whole.plus(Size.symbol(name));
  }

  /** Its value where the symbols have these values. */
  evaluate(bindings: Readonly<Record<string, number>>): number {
    let sum = 0;
    for (const [symbols, factor] of this.terms) {
      let product = factor;
      for (const symbol of split(symbols)) {
        const quotient = quotients.get(symbol);
        product *= quotient ? Math.floor(quotient.dividend.evaluate(bindings) / quotient.divisor) : bindings[symbol];
      }
      sum += product;
    }
    return sum;
  }

  toString(): string {
    return this.constant !== undefined
      ? String(this.constant)
      : this.text.replace(/\b1\*(?=\D)/g, '').replace(/\*(?=\+|\)|$)/g, '');
  }
}

export function asSize(value: Size | number): Size {
  return typeof value === 'number' ? Size.of(value) : value;
}

export function product(sizes: readonly Size[]): Size {
  return sizes.reduce((total, size) => total.times(size), Size.of(1));
}

// Symbols of one term are joined by a character that no name has.
const separator = '\u00b7';
const split = (symbols: string): string[] => (symbols === '' ? [] : symbols.split(separator));
const joined = (a: string, b: string): string => [...split(a), ...split(b)].sort().join(separator);

function without(symbols: string, removed: string): string | undefined {
  const rest = split(symbols);
  for (const symbol of split(removed)) {
    const at = rest.indexOf(symbol);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest.join(separator);
}
