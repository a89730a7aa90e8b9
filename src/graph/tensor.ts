/** Dense row-major tensors, channels last: [batch, time, channels] or [batch, time, frequency, channels]. */

export type Shape = readonly number[];
export type TensorData = Float32Array | Int16Array;

export interface Tensor {
  readonly shape: Shape;
  readonly data: TensorData;
}

/** A tensor that can be written to. */
export interface FloatTensor extends Tensor {
  readonly data: Float32Array;
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function zeros(shape: Shape): FloatTensor {
  return { shape, data: new Float32Array(sizeOf(shape)) };
}

/** Elements between two neighbours along each axis, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Turns a negative axis into its positive form; NaN when it is out of range. */
export function positiveAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return Number.isInteger(positive) && positive >= 0 && positive < rank ? positive : NaN;
}
