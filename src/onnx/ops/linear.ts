/** Ops that are a constant matrix along an axis, or a product of two tensors said in letters. */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { product, Size } from '../size.ts';
import { identityOrder, type TensorValue } from '../value.ts';
import type { Handlers } from './handler.ts';
import { multiply } from './matmul.ts';
import { emitReduce } from './reduce.ts';
import { reshapeValue } from './shape.ts';

/** x times a matrix [extent, columns] along one axis. */
export function alongAxis(
  x: TensorValue,
  axis: number,
  matrix: Float32Array,
  columns: number,
  to: Lowering,
): TensorValue {
  const order = x.order.at(-1) === axis ? x.order : [...x.order.filter((other) => other !== axis), axis];
  const operand = to.arrange(x, order);
  const w = to.constant([matrix.length / columns, columns], matrix);
  return to.tensorValue(
    to.emitOne('dense', [operand, w], {}, [...operand.shape.slice(0, -1), Size.of(columns)]),
    order,
  );
}

const matrixOf = (rows: number, columns: number, at: (row: number, column: number) => number): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));

/** Largest axis for which a triangle of ones is made. */
const cumulativeLimit = 4096;

/** Letters of one operand of Einsum. */
function letters(node: OnnxNode, term: string, rank: number): string[] {
  const all = [...term];
  if (all.some((letter) => !/[a-z]/i.test(letter)) || new Set(all).size !== all.length)
    node.fail(`the term "${term}" is not supported: letters, each once, and no dots`);
  if (all.length !== rank) node.fail(`the term "${term}" does not fit ${rank} axes`);
  return all;
}

export const linear: Handlers = {
  CumSum(node, to) {
    const x = node.tensor(0);
    const axis = node.axis(node.integers(1)[0], x.shape.length);
    const extent = node.known(x.shape[axis], `the extent of axis ${axis}`);
    if (extent > cumulativeLimit) node.fail(`axis ${axis} of ${extent} is longer than ${cumulativeLimit}`);
    const [strict, reverse] = [node.int('exclusive', 0) === 1, node.int('reverse', 0) === 1];
    const counts = (from: number, at: number): boolean => (reverse ? from > at : from < at) || (from === at && !strict);
    return [
      alongAxis(
        x,
        axis,
        matrixOf(extent, extent, (from, at) => Number(counts(from, at))),
        extent,
        to,
      ),
    ];
  },

  Einsum(node, to) {
    const equation = node.string('equation', '').replace(/\s/g, '');
    const [terms, wanted] = equation.split('->');
    const names = terms.split(',');
    if (names.length !== node.inputs.length || names.length > 2 || wanted === undefined)
      node.fail(`the equation "${equation}" is not supported: one or two terms, and what they make`);
    const result = [...wanted];
    // Axes that no one else has and that are not wanted are summed up first.
    const operands = names.map((term, i) => {
      const x = node.tensor(i);
      const own = letters(node, term, x.shape.length);
      const other = names.length > 1 ? names[1 - i] : '';
      const gone = own.flatMap((letter, axis) => (wanted.includes(letter) || other.includes(letter) ? [] : [axis]));
      const value = gone.length > 0 ? emitReduce('sum', x, gone, false, to) : x;
      return { value, letters: own.filter((_, axis) => !gone.includes(axis)) };
    });
    const sizes = new Map<string, Size>();
    for (const { value, letters: own } of operands)
      own.forEach((letter, axis) => {
        to.same(sizes.get(letter) ?? value.shape[axis], value.shape[axis]);
        sizes.set(letter, value.shape[axis]);
      });
    const turned = ({ value, letters: own }: (typeof operands)[number], order: readonly string[]): TensorValue =>
      to.tensorValue(
        to.arrange(
          value,
          order.map((letter) => own.indexOf(letter)),
        ),
      );
    if (operands.length === 1) return [turned(operands[0], result)];
    const [a, b] = operands.map((operand) => operand.letters);
    const shared = a.filter((letter) => b.includes(letter) && wanted.includes(letter));
    const summed = a.filter((letter) => b.includes(letter) && !wanted.includes(letter));
    const [rows, columns] = [a, b].map((own, i) => own.filter((letter) => ![a, b][1 - i].includes(letter)));
    const extent = (of: readonly string[]): Size => product(of.map((letter) => sizes.get(letter)!));
    const batch = shared.map((letter) => sizes.get(letter)!);
    // Without common outer axes the rows of the left factor may stay several axes.
    const front = shared.length > 0 ? [...batch, extent(rows)] : rows.map((letter) => sizes.get(letter)!);
    const left = reshapeValue(
      turned(operands[0], [...shared, ...rows, ...summed]),
      [...(front.length > 0 ? front : [Size.of(1)]), extent(summed)],
      to,
    );
    const right = reshapeValue(
      turned(operands[1], [...shared, ...summed, ...columns]),
      [...batch, extent(summed), extent(columns)],
      to,
    );
    const made = [...shared, ...rows, ...columns];
    const y = reshapeValue(
      multiply(node, left, right, to),
      made.map((letter) => sizes.get(letter)!),
      to,
    );
    if (result.length !== made.length) node.fail(`the equation "${equation}" makes what no term has`);
    return [turned({ value: y, letters: made }, result)];
  },

  ScatterND(node, to) {
    if (node.string('reduction', 'none') !== 'none') node.fail('attribute "reduction" is not supported');
    const [data, updates] = [node.tensor(0), node.tensor(2)];
    const index = node.sizes(1);
    const depth = index.shape.at(-1)!;
    const extents = data.shape.map((size) => node.known(size, 'an extent'));
    const inner = extents.slice(depth).reduce((m, n) => m * n, 1);
    const places = node.integers(1);
    const count = extents.reduce((m, n) => m * n, 1);
    const sources = Array.from({ length: count }, (_, i) => i);
    for (let row = 0; row * depth < places.length; row++) {
      const at = places.slice(row * depth, (row + 1) * depth).reduce((sum, place, axis) => {
        const positive = place < 0 ? place + extents[axis] : place;
        if (!(positive >= 0 && positive < extents[axis])) node.fail(`index ${place} is out of range for axis ${axis}`);
        return sum * extents[axis] + positive;
      }, 0);
      for (let i = 0; i < inner; i++) sources[at * inner + i] = count + row * inner + i;
    }
    const flat = (x: TensorValue, length: Size): TensorValue =>
      reshapeValue(to.tensorValue(to.arrange(x, identityOrder(x.shape.length))), [length], to);
    const added = product(updates.shape);
    const parts = [flat(data, Size.of(count)), flat(updates, added)].map(({ name, shape }) => ({ name, shape }));
    const all = to.emitOne('concat', parts, { axis: 0 }, [added.plus(count)]);
    const moved = to.emitOne('gather', [all], { axis: 0, indices: sources }, [Size.of(count)]);
    return [reshapeValue(to.tensorValue(moved), data.shape, to)];
  },
};
