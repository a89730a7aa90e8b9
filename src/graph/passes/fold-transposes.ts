import type { GraphNode } from '../graph.ts';
import { stridesOf, type Tensor } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

/**
 * Frequency x channels flattened in the order channels x frequency, as networks with channels first do in front of a
 * dense or recurrent layer: the rows of the layer's matrix are put in the order in which the elements lie, and the
 * transposition goes.
 */
export const foldTransposes: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    const w = editor.constant(node.inputs[1]);
    if (!['dense', 'gru', 'lstm'].includes(node.op) || w?.shape.length !== 2) return undefined;
    const reshape = editor.soleMaker(node.inputs[0]);
    const transpose = reshape?.op === 'reshape' ? editor.soleMaker(reshape.inputs[0]) : undefined;
    if (!reshape || transpose?.op !== 'transpose') return undefined;
    const rows = rowOrder(editor, transpose, reshape, w);
    if (!rows) return undefined;
    editor.swallow(transpose);
    editor.swallow(reshape);
    const columns = w.shape[1];
    const data = Float32Array.from(w.data, (_, i) => w.data[rows[Math.floor(i / columns)] * columns + (i % columns)]);
    const flat: GraphNode = { ...reshape, inputs: transpose.inputs };
    // Named anew: the value has the same shape, but its elements in another order.
    const name = `${reshape.outputs[0]}.flat`;
    const matrix = editor.addConstant(node.inputs[1], { shape: w.shape, data });
    return [
      { ...flat, name, outputs: [name] },
      { ...node, inputs: [name, matrix, ...node.inputs.slice(2)] },
    ];
  });
};

/** For each element of a row as it lies, its place in the transposed row; undefined if more than the row is moved. */
function rowOrder(editor: Editor, transpose: GraphNode, reshape: GraphNode, w: Tensor): number[] | undefined {
  const permutation = transpose.attributes.permutation as readonly number[];
  const [x, y] = [editor.shapes(transpose.inputs[0]), editor.shapes(reshape.outputs[0])];
  // The axes in front of the row: the same before and after, at every size.
  const front = y[0].length - 1;
  if (permutation.some((axis, i) => i < front && axis !== i)) return undefined;
  if (
    x.some((shape, at) => shape.slice(0, front).some((extent, axis) => extent !== y[at][axis])) ||
    y[0][front] !== w.shape[0]
  )
    return undefined;
  const row = x[0].slice(front);
  const moved = permutation.slice(front).map((axis) => axis - front);
  const [from, to] = [stridesOf(row), stridesOf(moved.map((axis) => row[axis]))];
  return Array.from({ length: w.shape[0] }, (_, i) =>
    moved.reduce((place, axis, at) => place + (Math.floor(i / from[axis]) % row[axis]) * to[at], 0),
  );
}
