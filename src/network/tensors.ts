/** What goes into a network and what comes out: numbers and shapes, checked against what the graph declares. */
import { ArgumentError, describe } from '../errors.ts';
import type { Bindings, Dimension, Graph, GraphInput } from '../graph/graph.ts';
import { sizeOf } from '../graph/tensor.ts';

/** Numbers of an input, row-major. Whole ones are exact up to 2^24, as everything is computed in float32. */
export type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | readonly number[];

export interface NetworkTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * Values by the names of the network's inputs; a shape can be left out where it follows from the number of elements.
 */
export type NetworkInputs = Readonly<
  Record<string, Numbers | { readonly data: Numbers; readonly shape: readonly number[] }>
>;
export type NetworkOutputs = Readonly<Record<string, NetworkTensor>>;

export interface NetworkValue {
  readonly name: string;
  /** Extents; a text stands for one that is open, such as `batch`, or that follows from one, such as `time/4`. */
  readonly shape: readonly Dimension[];
}

/** Inputs as a program takes them, and what the names of open axes stand for in them. */
export interface Settled {
  readonly tensors: readonly NetworkTensor[];
  readonly bindings: Bindings;
}

interface Given {
  readonly data: Float32Array;
  readonly shape: readonly number[] | undefined;
}

const isNumbers = (value: unknown): value is Numbers =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

function given(name: string, value: NetworkInputs[string] | undefined): Given {
  const { data, shape } = isNumbers(value) ? { data: value, shape: undefined } : (value ?? {});
  if (!isNumbers(data))
    throw new ArgumentError(`inputs.${name}`, describe(value), 'numbers in a typed array, or { data, shape }');
  if (shape !== undefined && (!Array.isArray(shape) || shape.some((extent) => !Number.isInteger(extent) || extent < 1)))
    throw new ArgumentError(`inputs.${name}.shape`, describe(shape), 'a list of positive whole numbers');
  if (shape !== undefined && sizeOf(shape) !== data.length)
    throw new ArgumentError(
      `inputs.${name}`,
      `${data.length} numbers for [${shape.join(', ')}]`,
      `${sizeOf(shape)} of them`,
    );
  // A copy: the caller may fill the array anew at once.
  return { data: Float32Array.from(data as ArrayLike<number>, Number), shape };
}

/** Checks the inputs of a run. Throws ArgumentError that names the input, what came and what is allowed. */
export function settle({ inputs }: Pick<Graph, 'inputs'>, values: NetworkInputs): Settled {
  const names = inputs.map(({ name }) => name);
  if (values === null || typeof values !== 'object')
    throw new ArgumentError('inputs', describe(values), `an object with ${names.join(', ')}`);
  const [stranger] = Object.keys(values).filter((name) => !names.includes(name));
  if (stranger !== undefined)
    throw new ArgumentError('inputs', JSON.stringify(stranger), `among the inputs of the network: ${names.join(', ')}`);
  const all = inputs.map((input) => ({ input, ...given(input.name, values[input.name]) }));
  const bindings: Record<string, number> = {};
  // Shapes that were given bind the names of open axes; the others follow from them and from the number of elements.
  for (const { input, shape } of all) if (shape) bind(input, shape, bindings);
  const tensors = all.map(({ input, data, shape }) => {
    const settled = shape ?? shapeOf(input, data.length, bindings);
    bind(input, settled, bindings);
    return { data, shape: settled };
  });
  return { tensors, bindings };
}

function bind({ name, shape }: GraphInput, given: readonly number[], bindings: Record<string, number>): void {
  const fits =
    given.length === shape.length &&
    shape.every((dimension, axis) => {
      if (typeof dimension === 'number') return dimension === given[axis];
      bindings[dimension] ??= given[axis];
      return bindings[dimension] === given[axis];
    });
  if (fits) return;
  const wanted = shape.map((dimension) =>
    typeof dimension === 'string' && bindings[dimension] !== undefined
      ? `${dimension} = ${bindings[dimension]}`
      : dimension,
  );
  throw new ArgumentError(`inputs.${name}`, `shape [${given.join(', ')}]`, `of shape [${wanted.join(', ')}]`);
}

/** The shape of so many elements: known extents, those bound already, 1 for a batch, and one that is left. */
function shapeOf({ name, shape }: GraphInput, length: number, bindings: Bindings): number[] {
  const known = shape.map((dimension) => (typeof dimension === 'number' ? dimension : bindings[dimension]));
  const open = known.flatMap((extent, axis) => (extent === undefined ? [axis] : []));
  if (open.length > 1 && shape[open[0]] === 'batch') known[open.shift()!] = 1;
  if (open.length > 1)
    throw new ArgumentError(
      `inputs.${name}`,
      'numbers without a shape',
      `{ data, shape } with shape [${shape.join(', ')}], because more than one axis is open`,
    );
  const rest = length / sizeOf(known.filter((extent) => extent !== undefined) as number[]);
  if (!Number.isInteger(rest) || rest < 1 || (open.length === 0 && rest !== 1))
    throw new ArgumentError(`inputs.${name}`, `${length} numbers`, `as many as fill [${shape.join(', ')}]`);
  return known.map((extent) => extent ?? rest);
}
