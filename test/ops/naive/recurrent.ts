/** GRU and LSTM. */

import { logistic } from './elementwise.ts';
import { type Formula, type Given, tabulate, type Values } from './values.ts';

/** One row of x times a matrix. */
function projected(row: (i: number) => number, matrix: Values, bias: Values | undefined): number[] {
  const [rows, columns] = matrix.shape;
  return Array.from({ length: columns }, (_, column) => {
    let sum = bias?.at(column) ?? 0;
    for (let i = 0; i < rows; i++) sum += row(i) * matrix.at(i, column);
    return sum;
  });
}

/** Order of time in which a recurrent op reads. */
const order = (time: number, { text }: Given): number[] => {
  const forward = Array.from({ length: time }, (_, t) => t);
  return text('direction') === 'reverse' ? forward.reverse() : forward;
};

export const gru: Formula = (x, all) => {
  const [, w, r, bw, br, first] = all.inputs;
  const [batch, time] = x.shape;
  const hidden = r!.shape[0];
  const rows = new Map<string, number[]>();
  for (let b = 0; b < batch; b++) {
    let h = Array.from({ length: hidden }, (_, i) => first?.at(b, i) ?? 0);
    for (const t of order(time, all)) {
      const before = h;
      const fromX = projected((i) => x.at(b, t, i), w!, bw);
      const fromH = projected((i) => before[i], r!, br);
      h = before.map((old, i) => {
        const update = logistic(fromX[i] + fromH[i]);
        const reset = logistic(fromX[hidden + i] + fromH[hidden + i]);
        const fresh = Math.tanh(fromX[2 * hidden + i] + reset * fromH[2 * hidden + i]);
        return fresh + update * (old - fresh);
      });
      rows.set(`${b},${t}`, h);
    }
  }
  return tabulate([batch, time, hidden], (b, t, i) => rows.get(`${b},${t}`)![i]);
};

export const lstm: Formula = (x, all) => {
  const [, w, r, bias, firstH, firstC] = all.inputs;
  const [batch, time] = x.shape;
  const hidden = r!.shape[0];
  const rows = new Map<string, number[]>();
  const cells: number[][] = [];
  for (let b = 0; b < batch; b++) {
    let h = Array.from({ length: hidden }, (_, i) => firstH?.at(b, i) ?? 0);
    let cell = Array.from({ length: hidden }, (_, i) => firstC?.at(b, i) ?? 0);
    for (const t of order(time, all)) {
      const before = h;
      const fromX = projected((i) => x.at(b, t, i), w!, bias);
      const fromH = projected((i) => before[i], r!, undefined);
      const sum = (gate: number, i: number): number => fromX[gate * hidden + i] + fromH[gate * hidden + i];
      cell = cell.map((old, i) => logistic(sum(2, i)) * old + logistic(sum(0, i)) * Math.tanh(sum(3, i)));
      h = cell.map((value, i) => logistic(sum(1, i)) * Math.tanh(value));
      rows.set(`${b},${t}`, h);
    }
    cells.push(cell);
  }
  return [
    tabulate([batch, time, hidden], (b, t, i) => rows.get(`${b},${t}`)![i]),
    tabulate([batch, hidden], (b, i) => cells[b][i]),
  ];
};
