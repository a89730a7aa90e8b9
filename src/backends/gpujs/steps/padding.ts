import { type Shape, sizeOf } from '../../../graph/tensor.ts';
import type { NodeContext } from '../step.ts';

interface Padding {
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
  readonly inExtent: readonly [number, number];
}

export interface PaddedInput {
  /** Item b of x [batch, time, (frequency,) channels] with its padding or history around it; moves the state on. */
  item(b: number, x: Float32Array, state: Float32Array | undefined): Float32Array;
}

/**
 * Lays an item of the input out as [before + time + after, before + frequency + after, channels]. Along a stream the
 * rows before the first are the last ones of the stretch before. Without padding it is a view of the input itself.
 */
export function paddedTime(context: NodeContext, { pads, inExtent }: Padding): PaddedInput {
  const x: Shape = context.inputShapes[0];
  const [time, frequency] = inExtent;
  const channels = x.at(-1)!;
  const itemLength = sizeOf(x.slice(1));
  const history = context.state[0];
  const [[before, after], [low, high]] = pads;
  if (before + after + low + high === 0)
    return { item: (b, values) => values.subarray(b * itemLength, (b + 1) * itemLength) };

  const row = frequency * channels;
  const paddedRow = (low + frequency + high) * channels;
  const padded = new Float32Array((before + time + after) * paddedRow);
  const place = (values: Float32Array, from: number, rows: number): void => {
    if (row === paddedRow) padded.set(values.subarray(0, rows * row), from * row);
    else
      for (let t = 0; t < rows; t++)
        padded.set(values.subarray(t * row, (t + 1) * row), (from + t) * paddedRow + low * channels);
  };
  return {
    item(b, values, state) {
      const own = values.subarray(b * itemLength, (b + 1) * itemLength);
      if (history && state) {
        const kept = history.of(state, b);
        place(kept, 0, before);
        keepLast(kept, own);
      } else {
        padded.fill(0, 0, before * paddedRow);
      }
      place(own, before, time);
      return padded;
    },
  };
}

/** `kept` becomes the last part of `kept` ++ `next`. */
export function keepLast(kept: Float32Array, next: Float32Array): void {
  if (next.length >= kept.length) {
    kept.set(next.subarray(next.length - kept.length));
  } else {
    kept.copyWithin(0, next.length);
    kept.set(next, kept.length - next.length);
  }
}
