import { fusedActivations } from '../../ops/activation.ts';
import type { GraphNode } from '../graph.ts';
import { sameShape } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

const isPlain = (node: GraphNode): boolean => (node.attributes.activation ?? 'identity') === 'identity';

/** A sum of a convolution and a tensor of its shape becomes the convolution's residual input. */
export const fuseResiduals: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    if (node.op !== 'binary' || node.attributes.kind !== 'add') return undefined;
    for (const [i, name] of node.inputs.entries()) {
      const other = node.inputs[1 - i];
      const conv = editor.soleMaker(name);
      if (conv?.op !== 'conv' || conv.inputs[3] || !isPlain(conv) || editor.constant(other)) continue;
      const [own, theirs] = [editor.shapes(name), editor.shapes(other)];
      if (!own.every((shape, at) => sameShape(shape, theirs[at]))) continue;
      editor.swallow(conv);
      const { kind: _, ...attributes } = node.attributes;
      return {
        ...conv,
        inputs: [conv.inputs[0], conv.inputs[1], conv.inputs[2] ?? '', other],
        outputs: node.outputs,
        attributes: { ...conv.attributes, ...attributes },
      };
    }
    return undefined;
  });
};

/** An activation goes into the op whose result it is applied to. */
export const fuseActivations: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    if (node.op !== 'unary' || !(fusedActivations as readonly string[]).includes(node.attributes.kind as string))
      return undefined;
    const maker = editor.soleMaker(node.inputs[0]);
    if (!maker || !['conv', 'dense', 'binary'].includes(maker.op) || !isPlain(maker)) return undefined;
    editor.swallow(maker);
    const { kind, ...parameters } = node.attributes;
    return { ...maker, outputs: node.outputs, attributes: { ...maker.attributes, activation: kind, ...parameters } };
  });
};
