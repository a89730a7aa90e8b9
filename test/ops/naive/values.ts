/** Arrays as functions of an index, for formulas that are written to be read. */

/** A tensor as a function of an index; an index outside gives 0. */
export interface Values {
  readonly shape: readonly number[];
  readonly at: (...index: number[]) => number;
}

export interface Given {
  readonly inputs: readonly (Values | undefined)[];
  readonly list: (name: string) => readonly number[] | undefined;
  readonly number: (name: string) => number | undefined;
  readonly text: (name: string) => string | undefined;
}

export type Formula = (x: Values, given: Given) => Values | Values[];

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function fromData(shape: readonly number[], data: ArrayLike<number>): Values {
  return {
    shape,
    at: (...index) => {
      let place = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        if (index[axis] < 0 || index[axis] >= shape[axis]) return 0;
        place = place * shape[axis] + index[axis];
      }
      return data[place];
    },
  };
}

/** Every index of a shape, the last axis fastest. */
export function indices(shape: readonly number[]): number[][] {
  if (shape.length === 0) return [[]];
  const rest = indices(shape.slice(1));
  return Array.from({ length: shape[0] }, (_, i) => rest.map((index) => [i, ...index])).flat();
}

export function tabulate(shape: readonly number[], value: (...index: number[]) => number): Values {
  const data = Float64Array.from(indices(shape), (index) => value(...index));
  return fromData(shape, data);
}

export const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The values over which an op goes at this index: all positions along `axes`. */
export function along(x: Values, axes: readonly number[], index: readonly number[]): number[] {
  return indices(axes.map((axis) => x.shape[axis])).map((place) => {
    const full = [...index];
    axes.forEach((axis, i) => (full[axis] = place[i]));
    return x.at(...full);
  });
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The same elements, row by row, under another shape. */
export const flat = (x: Values, shape: readonly number[]): Values =>
  fromData(
    shape,
    indices(x.shape).map((index) => x.at(...index)),
  );

/** The element of an operand that is repeated along axes of extent 1, or that it does not have. */
export const repeatedAt = (operand: Values, index: readonly number[]): number =>
  operand.at(...index.slice(index.length - operand.shape.length).map((i, axis) => (operand.shape[axis] === 1 ? 0 : i)));

export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const padded = [a, b].map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  return padded[0].map((extent, axis) => Math.max(extent, padded[1][axis]));
}
