/** Ops that slide a window. */

import { activated } from './elementwise.ts';
import { type Formula, type Given, indices, tabulate, type Values } from './values.ts';

/** The window of conv, convTranspose and pool: x and its kernel seen as [batch, time, frequency, channels]. */
function plane(x: Values): Values {
  if (x.shape.length === 4) return x;
  const [batch, time, channels] = x.shape;
  return { shape: [batch, time, 1, channels], at: (b, t, f, c) => (f === 0 ? x.at(b, t, c) : 0) };
}

const kernelPlane = (w: Values): Values => {
  if (w.shape.length === 4) return w;
  const [time, channelsIn, channelsOut] = w.shape;
  return { shape: [time, 1, channelsIn, channelsOut], at: (i, j, c, o) => (j === 0 ? w.at(i, c, o) : 0) };
};

/** Without the frequency axis where x had none. */
const likeRank = (y: Values, x: Values): Values =>
  x.shape.length === 4
    ? y
    : { shape: [y.shape[0], y.shape[1], y.shape[3]], at: (b, t, c) => (c === undefined ? 0 : y.at(b, t, 0, c)) };

interface Window {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Before and after, along time, then along frequency. */
  readonly pads: readonly number[];
}

function windowOf(x: Values, { list }: Given, stride = list('strides')): Window {
  const two = (given: readonly number[] | undefined, missing: number): readonly number[] => [
    given?.[0] ?? missing,
    given?.[1] ?? missing,
  ];
  const pads = list('pads') ?? [];
  const flat = x.shape.length === 3;
  return {
    stride: flat ? [stride?.[0] ?? 1, 1] : two(stride, 1),
    dilation: flat ? [list('dilations')?.[0] ?? 1, 1] : two(list('dilations'), 1),
    pads: [pads[0] ?? 0, pads[1] ?? 0, pads[2] ?? 0, pads[3] ?? 0],
  };
}

/** Positions of a window of `kernel` taps along one axis. */
const positions = (extent: number, before: number, after: number, reach: number, stride: number): number => {
  let count = 0;
  for (let start = -before; start + reach <= extent + after; start += stride) count++;
  return count;
};

export const conv: Formula = (given, all) => {
  const [x, w] = [plane(given), kernelPlane(all.inputs[1]!)];
  const [, , bias, residual] = all.inputs;
  const { stride, dilation, pads } = windowOf(given, all);
  const groups = all.number('groups') ?? 1;
  const [kt, kf, groupIn, out] = w.shape;
  const [batch, time, frequencies] = x.shape;
  const outTime = positions(time, pads[0], pads[1], (kt - 1) * dilation[0] + 1, stride[0]);
  const outFrequencies = positions(frequencies, pads[2], pads[3], (kf - 1) * dilation[1] + 1, stride[1]);
  const y = tabulate([batch, outTime, outFrequencies, out], (b, t, f, o) => {
    const group = Math.floor((o * groups) / out);
    let sum = (bias?.at(o) ?? 0) + (residual ? plane(residual).at(b, t, f, o) : 0);
    for (let i = 0; i < kt; i++)
      for (let j = 0; j < kf; j++)
        for (let c = 0; c < groupIn; c++) {
          const [row, column] = [t * stride[0] - pads[0] + i * dilation[0], f * stride[1] - pads[2] + j * dilation[1]];
          sum += x.at(b, row, column, group * groupIn + c) * w.at(i, j, c, o);
        }
    return sum;
  });
  return activated(likeRank(y, given), all);
};

/** Every input scatters to the outputs it reaches. */
export const convTranspose: Formula = (given, all) => {
  const [x, w] = [plane(given), kernelPlane(all.inputs[1]!)];
  const { stride, dilation, pads } = windowOf(given, all);
  const groups = all.number('groups') ?? 1;
  const extra = all.list('outputPadding') ?? [];
  const [kt, kf, channelsIn, groupOut] = w.shape;
  const [batch, time, frequencies] = x.shape;
  const outTime = (time - 1) * stride[0] + (kt - 1) * dilation[0] + 1 + (extra[0] ?? 0) - pads[0] - pads[1];
  const outFrequencies =
    (frequencies - 1) * stride[1] + (kf - 1) * dilation[1] + 1 + (extra[1] ?? 0) - pads[2] - pads[3];
  const sums = new Map<string, number>();
  for (const [b, t, f, c] of indices(x.shape))
    for (let i = 0; i < kt; i++)
      for (let j = 0; j < kf; j++)
        for (let o = 0; o < groupOut; o++) {
          const channel = Math.floor((c * groups) / channelsIn) * groupOut + o;
          const key = `${b},${t * stride[0] + i * dilation[0] - pads[0]},${f * stride[1] + j * dilation[1] - pads[2]},${channel}`;
          sums.set(key, (sums.get(key) ?? 0) + x.at(b, t, f, c) * w.at(i, j, c, o));
        }
  const bias = all.inputs[2];
  const y = tabulate(
    [batch, outTime, outFrequencies, groupOut * groups],
    (b, t, f, o) => (sums.get(`${b},${t},${f},${o}`) ?? 0) + (bias?.at(o) ?? 0),
  );
  return activated(likeRank(y, given), all);
};

export const pool: Formula = (given, all) => {
  const x = plane(given);
  const kernel = given.shape.length === 4 ? all.list('kernel')! : [all.list('kernel')![0], 1];
  const { stride, pads } = windowOf(given, all, all.list('strides') ?? all.list('kernel'));
  const [batch, time, frequencies, channels] = x.shape;
  const outTime = positions(time, pads[0], pads[1], kernel[0], stride[0]);
  const outFrequencies = positions(frequencies, pads[2], pads[3], kernel[1], stride[1]);
  const y = tabulate([batch, outTime, outFrequencies, channels], (b, t, f, c) => {
    const values: number[] = [];
    for (let row = t * stride[0] - pads[0]; row < t * stride[0] - pads[0] + kernel[0]; row++)
      for (let column = f * stride[1] - pads[2]; column < f * stride[1] - pads[2] + kernel[1]; column++)
        if (row >= 0 && row < time && column >= 0 && column < frequencies) values.push(x.at(b, row, column, c));
    if (all.text('kind') === 'max') return values.sort((p, q) => q - p)[0];
    return values.reduce((p, q) => p + q, 0) / (all.number('countPadding') ? kernel[0] * kernel[1] : values.length);
  });
  return likeRank(y, given);
};
