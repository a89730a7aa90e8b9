import type { GraphNode } from '../graph.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

const movers = ['transpose', 'pad', 'slice', 'gather', 'unary'];

/**
 * A transposition behind an op that treats all axes alike is done in front of it instead: there it may meet its
 * inverse, or lie at the very input, and the op meets the one behind it.
 */
export const hoistTransposes: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    if (node.op !== 'transpose') return undefined;
    const maker = editor.soleMaker(node.inputs[0]);
    if (!maker) return undefined;
    const at = maker.inputs.findIndex((name) => !editor.constant(name));
    const before = editor.maker(maker.inputs[at]);
    // Behind a computation it stays, where it parts nothing that could be fused.
    if (before && !movers.includes(before.op)) return undefined;
    const permutation = node.attributes.permutation as readonly number[];
    const moved = turned(maker, permutation, editor);
    if (!moved) return undefined;
    editor.swallow(maker);
    const early: GraphNode = { ...node, inputs: [maker.inputs[at]], outputs: [`${node.outputs[0]}.early`] };
    return [
      early,
      {
        ...maker,
        inputs: maker.inputs.map((name, i) => (i === at ? early.outputs[0] : name)),
        outputs: node.outputs,
        attributes: moved,
      },
    ];
  });
};

/** The attributes of `maker` where its input has the axes that its output should have; undefined if there are none. */
function turned(maker: GraphNode, permutation: readonly number[], editor: Editor): GraphNode['attributes'] | undefined {
  const { op, attributes } = maker;
  const place = (axis: number): number => permutation.indexOf(axis < 0 ? axis + permutation.length : axis);
  if (op === 'unary') return attributes;
  if (op === 'pad')
    return {
      ...attributes,
      pads: permutation.flatMap((axis) => (attributes.pads as readonly number[]).slice(2 * axis, 2 * axis + 2)),
    };
  if (op === 'slice') return { ...attributes, axes: (attributes.axes as readonly number[]).map(place) };
  if (op === 'gather') return { ...attributes, axis: place(attributes.axis as number) };
  const isNumber = (tensor: Tensor | undefined): boolean =>
    tensor !== undefined && sizeOf(tensor.shape) === 1 && tensor.shape.length === 1;
  return op === 'binary' && maker.inputs.some((name) => isNumber(editor.constant(name))) ? attributes : undefined;
}
