import type { GraphNode } from '../graph.ts';
import { type Shape, sameShape } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

/** The attribute of a reshape between these shapes at two sizes of the input; undefined if it can't be said. */
function reshapeAttribute(from: readonly Shape[], to: readonly Shape[]): number[] | undefined {
  const attribute = to[0].map((extent, axis) => {
    if (from.every((shape, i) => shape[axis] === to[i][axis]))
      return to.every((shape) => shape[axis] === extent) ? extent : 0;
    return to.every((shape) => shape[axis] === extent) ? extent : -1;
  });
  return attribute.filter((extent) => extent === -1).length > 1 ? undefined : attribute;
}

/** Drops what changes nothing; two reshapes or transpositions in a row become one. */
export const simplify: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    const [x] = node.inputs as [string];
    if (isNothing(node, editor)) {
      if (editor.isOutput(node.outputs[0]) || editor.constant(x)) return undefined;
      editor.replace(node.outputs[0], x);
      editor.swallow(node);
      return node;
    }
    const before = editor.maker(x);
    if (node.op === 'reshape' && before?.op === 'reshape') {
      const shape = reshapeAttribute(editor.shapes(before.inputs[0]), editor.shapes(node.outputs[0]));
      return shape && { ...node, inputs: before.inputs, attributes: { shape } };
    }
    if (node.op === 'transpose' && before?.op === 'transpose') {
      const inner = before.attributes.permutation as readonly number[];
      return {
        ...node,
        inputs: before.inputs,
        attributes: { permutation: (node.attributes.permutation as readonly number[]).map((axis) => inner[axis]) },
      };
    }
    return undefined;
  });
};

function isNothing(node: GraphNode, editor: Editor): boolean {
  if (node.op === 'unary') return node.attributes.kind === 'identity';
  if (node.op === 'transpose') return (node.attributes.permutation as readonly number[]).every((axis, i) => axis === i);
  if (node.op !== 'reshape' && node.op !== 'slice') return false;
  const [before, after] = [editor.shapes(node.inputs[0]), editor.shapes(node.outputs[0])];
  const backwards =
    node.op === 'slice' && ((node.attributes.steps as readonly number[] | undefined) ?? []).some((step) => step < 0);
  return !backwards && before.every((shape, i) => sameShape(shape, after[i]));
}
