/** Extents of values in the names of the open axes. */
import type { Dimension } from './graph.ts';
import type { Plan } from './plan.ts';

/**
 * A value's extents: numbers, and in words those that follow the input's, batch, time, time/4, as two plans show them.
 */
export function symbolicExtents(name: string, [a, b]: readonly [Plan, Plan]): Dimension[] {
  return a.shapes.get(name)!.map((extent, axis) => {
    const other = b.shapes.get(name)![axis];
    if (extent === other) return extent;
    for (const [symbol, value] of Object.entries(a.bindings)) {
      if (extent * b.bindings[symbol] !== other * value) continue;
      if (value % extent === 0) return value === extent ? symbol : `${symbol}/${value / extent}`;
      if (extent % value === 0) return `${extent / value} ${symbol}`;
    }
    const sizes = Object.entries(a.bindings).map(([symbol, value]) => `${symbol} ${value}`);
    return `(${extent} of ${sizes.join(', ')})`;
  });
}
