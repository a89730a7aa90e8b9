/** Ops that only move data. */

import { between } from './elementwise.ts';
import { type Formula, flat, positive, size, tabulate, type Values } from './values.ts';

export const reshape: Formula = (x, { list }) => {
  const wanted = list('shape')!.map((extent, axis) => (extent === 0 ? x.shape[axis] : extent));
  const known = size(wanted.filter((extent) => extent > 0));
  return flat(
    x,
    wanted.map((extent) => (extent < 0 ? size(x.shape) / known : extent)),
  );
};

export const transpose: Formula = (x, { list }) => {
  const permutation = list('permutation')!;
  return tabulate(
    permutation.map((axis) => x.shape[axis]),
    (...index) => {
      const from: number[] = [];
      permutation.forEach((axis, i) => (from[axis] = index[i]));
      return x.at(...from);
    },
  );
};

export const slice: Formula = (x, { list }) => {
  const chosen = x.shape.map((extent) => Array.from({ length: extent }, (_, i) => i));
  list('axes')!.forEach((given, i) => {
    const axis = positive(given, x.shape.length);
    const extent = x.shape[axis];
    const step = list('steps')?.[i] ?? 1;
    let [start, end] = [list('starts')![i], list('ends')![i]].map((place) => (place < 0 ? place + extent : place));
    const places: number[] = [];
    if (step > 0) [start, end] = [Math.max(start, 0), Math.min(end, extent)];
    else [start, end] = [Math.min(start, extent - 1), Math.max(end, -1)];
    for (let place = start; step > 0 ? place < end : place > end; place += step) places.push(place);
    chosen[axis] = places;
  });
  return tabulate(
    chosen.map((places) => places.length),
    (...index) => x.at(...index.map((i, axis) => chosen[axis][i])),
  );
};

export const pad: Formula = (x, { list, number, text }) => {
  const pads = list('pads')!;
  const shape = x.shape.map((extent, axis) => pads[2 * axis] + extent + pads[2 * axis + 1]);
  return tabulate(shape, (...index) => {
    const from = index.map((i, axis) => i - pads[2 * axis]);
    const outside = from.some((i, axis) => i < 0 || i >= x.shape[axis]);
    if (!outside) return x.at(...from);
    const mode = text('mode') ?? 'constant';
    if (mode === 'constant') return number('value') ?? 0;
    const last = x.shape.map((extent) => extent - 1);
    if (mode === 'edge') return x.at(...from.map((i, axis) => between(0, i, last[axis])));
    return x.at(...from.map((i, axis) => last[axis] - Math.abs(last[axis] - Math.abs(i))));
  });
};

export const concat: Formula = (first, { inputs, number }) => {
  const axis = positive(number('axis')!, first.shape.length);
  const parts = inputs as readonly Values[];
  const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  return tabulate(
    first.shape.map((extent, i) => (i === axis ? total : extent)),
    (...index) => {
      let [part, place] = [0, index[axis]];
      while (place >= parts[part].shape[axis]) place -= parts[part++].shape[axis];
      return parts[part].at(...index.map((i, own) => (own === axis ? place : i)));
    },
  );
};

export const gather: Formula = (x, { list, number }) => {
  const axis = positive(number('axis')!, x.shape.length);
  const places = list('indices')!.map((place) => positive(place, x.shape[axis]));
  return tabulate(
    x.shape.map((extent, i) => (i === axis ? places.length : extent)),
    (...index) => x.at(...index.map((i, own) => (own === axis ? places[i] : i))),
  );
};

/** expand and crop: some axes as long as those of another value. */
export const fitted =
  (place: (i: number) => number): Formula =>
  (x, { inputs, list }) => {
    const like = inputs[1]!.shape;
    const axes = list('axes')!.map((axis) => positive(axis, x.shape.length));
    const shape = [...x.shape];
    axes.forEach((axis, i) => (shape[axis] = like[positive(list('from')![i], like.length)]));
    return tabulate(shape, (...index) => x.at(...index.map((i, axis) => (axes.includes(axis) ? place(i) : i))));
  };

export const repeat: Formula = (x, { list, text }) => {
  const repeats = list('repeats')!;
  return tabulate(
    x.shape.map((extent, axis) => extent * repeats[axis]),
    (...index) =>
      x.at(
        ...index.map((i, axis) =>
          text('order') === 'whole' ? i % x.shape[axis] : (i - (i % repeats[axis])) / repeats[axis],
        ),
      ),
  );
};
