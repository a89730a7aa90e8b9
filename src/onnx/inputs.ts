/** The inputs of an ONNX file as a graph has them: open axes named, others given a value once and for all. */
import { ArgumentError, ConversionError } from '../errors.ts';
import type { Dimension, GraphInput } from '../graph/graph.ts';
import { sizeOf } from '../graph/tensor.ts';
import { isFloat, isInteger, type OnnxInput, type OnnxModel, type OnnxTensor } from './reader.ts';
import type { Axes } from './symbols.ts';

/** Numbers for an input, in the order of its elements; its shape is the file's, or one axis where that is open. */
export type FixedInput = number | readonly number[] | OnnxTensor;

const rankLimit = 8;

/** The model with some of its inputs turned into constants. Throws ArgumentError for one that is not there. */
export function fixInputs(model: OnnxModel, fixed: Readonly<Record<string, FixedInput>>): OnnxModel {
  const names = Object.keys(fixed);
  if (names.length === 0) return model;
  const tensors = new Map(model.tensors);
  for (const name of names) {
    const input = model.inputs.find((one) => one.name === name);
    if (!input)
      throw new ArgumentError(
        'inputs',
        JSON.stringify(name),
        `an input of the network: ${model.inputs.map((one) => one.name).join(', ')}`,
      );
    tensors.set(name, fixedTensor(input, fixed[name]));
  }
  return { ...model, tensors, inputs: model.inputs.filter(({ name }) => !names.includes(name)) };
}

function fixedTensor({ name, type, shape }: OnnxInput, value: FixedInput): OnnxTensor {
  if (typeof value === 'object' && 'shape' in value) return value;
  const values = typeof value === 'number' ? [value] : value;
  if (!isFloat(type) && values.some((one) => !Number.isInteger(one)))
    throw new ArgumentError(`inputs.${name}`, values.join(', '), 'whole numbers');
  const known = shape?.every((extent) => typeof extent === 'number' && extent > 0) ? (shape as number[]) : undefined;
  if (known && sizeOf(known) !== values.length)
    throw new ArgumentError(`inputs.${name}`, `${values.length} numbers`, `${sizeOf(known)} of them`);
  return {
    shape: known ?? (values.length === 1 ? (shape ?? []).map(() => 1) : [values.length]),
    type,
    values: isFloat(type) ? Float32Array.from(values) : values,
  };
}

/** Inputs with their axes named: `batch` and `time` for the first two of the first input, as the engine has them. */
export function declareInputs({ inputs, source }: OnnxModel, axes: Axes): GraphInput[] {
  const first = inputs[0];
  if (!first) throw new ConversionError(source, 'it has no inputs');
  const symbols = standardNames(first);
  const seen = new Set<string>();
  return inputs.map(({ name, type, shape }) => {
    if (!isFloat(type) && !isInteger(type))
      throw new ConversionError(source, `input "${name}" is of type ${type}, which is not supported`);
    if (!shape || shape.length > rankLimit)
      throw new ConversionError(source, `input "${name}" must have a known number of axes, at most ${rankLimit}`);
    if (seen.has(name)) throw new ConversionError(source, `input "${name}" is there twice`);
    seen.add(name);
    const dimensions = shape.map((dimension, axis): Dimension => {
      if (typeof dimension === 'string') {
        const settled = axes.extentOf(dimension);
        return typeof settled === 'number' ? settled : axes.extentOf(symbols.get(settled) ?? settled);
      }
      if (dimension !== undefined && dimension > 0) return dimension;
      return axes.extentOf(axis < 2 && name === first.name ? ['batch', 'time'][axis] : `${name}_${axis}`);
    });
    return { name, shape: dimensions, type: 'float32' };
  });
}

/** What the file calls the first two axes of its first input; nothing where it uses our names for others. */
function standardNames({ shape }: OnnxInput): ReadonlyMap<string, string> {
  const symbols = new Map<string, string>();
  const [batch, time] = shape ?? [];
  if (batch === 'time' || time === 'batch') return symbols;
  if (typeof batch === 'string') symbols.set(batch, 'batch');
  if (typeof time === 'string' && time !== batch) symbols.set(time, 'time');
  return symbols;
}
