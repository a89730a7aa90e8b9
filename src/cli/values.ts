/** Readers of option values. What they throw names what came and what is allowed; commander names the option. */
import { InvalidArgumentError } from 'commander';

/** What `convert --quantize` takes. */
export const quantizations = ['f16', 'int8'] as const;

export function numberBetween(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= lowest && value <= highest)) {
      throw new InvalidArgumentError(
        `It must be a number ${highest === Infinity ? `of at least ${lowest}` : `from ${lowest} to ${highest}`}.`,
      );
    }
    return value;
  };
}

export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= lowest && value <= highest))
      throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
    return value;
  };
}

export function listOf(what: string): (text: string) => string[] {
  return (text) => {
    const items = text.split(',').map((item) => item.trim());
    if (items.some((item) => item === ''))
      throw new InvalidArgumentError(`It must be ${what}, or several separated by commas.`);
    return items;
  };
}

export function listAmong(allowed: readonly string[]): (text: string) => string[] {
  return (text) => {
    const items = listOf('a name')(text);
    if (items.some((item) => !allowed.includes(item)))
      throw new InvalidArgumentError(`Allowed choices are ${allowed.join(', ')}.`);
    return items;
  };
}

/** NAME=VALUE, once or several times. */
export function namedValue(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export function channel(text: string): number | 'mix' {
  if (text === 'mix') return text;
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255)
    throw new InvalidArgumentError('It must be a whole number from 0 to 255, or mix.');
  return Number(text);
}
