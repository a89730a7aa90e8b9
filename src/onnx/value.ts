/** What an ONNX value is while a file is converted. */
import type { Size } from './size.ts';

/**
 * A tensor of the graph that is being made. `shape` is the ONNX shape; the tensor itself may have its axes in another
 * order: its axis i is ONNX axis `order[i]`. So a transposition costs nothing until an op insists on an order.
 */
export interface TensorValue {
  readonly kind: 'tensor';
  readonly name: string;
  readonly shape: readonly Size[];
  readonly order: readonly number[];
}

/** Whole numbers known at conversion, though maybe as formulas of the input's extents: shapes, axes, indices. */
export interface IntegerValue {
  readonly kind: 'integers';
  readonly shape: readonly number[];
  readonly elements: readonly Size[];
}

/** One number everywhere, of a shape that may depend on the input's. */
export interface FilledValue {
  readonly kind: 'filled';
  readonly fill: number;
  readonly shape: readonly Size[];
}

export type Value = TensorValue | IntegerValue | FilledValue;

export const identityOrder = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
export const sameOrder = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);
