import type { GraphNode } from '../graph.ts';
import { Editor, type Pass } from './edit.ts';

/**
 * Rows of a convolution that are cut off right behind it need not be computed: a convolution padded on both sides and
 * cut at the end is the causal one. Only for stride 1, where a row less is one zero of padding less.
 */
export const foldCuts: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    if (node.op !== 'slice') return undefined;
    const conv = editor.soleMaker(node.inputs[0]);
    if (conv?.op !== 'conv' || conv.inputs[3]) return undefined;
    const { axes, starts, ends, steps } = node.attributes as Record<string, readonly number[]>;
    if (axes.length !== 1 || axes[0] !== 1 || (steps ?? [1])[0] !== 1) return undefined;
    const pads = [...(conv.attributes.pads as readonly number[])];
    const strides = (conv.attributes.strides as readonly number[] | undefined) ?? [1];
    const [start, end] = [starts[0], ends[0]];
    const tail = end === 0x7fffffff ? 0 : end < 0 ? -end : NaN;
    if (strides[0] !== 1 || !(start >= 0 && start <= pads[0]) || !(tail <= pads[1])) return undefined;
    editor.swallow(conv);
    pads[0] -= start;
    pads[1] -= tail;
    const fused: GraphNode = { ...conv, outputs: node.outputs, attributes: { ...conv.attributes, pads } };
    return fused;
  });
};
