import type { GraphNode } from '../graph.ts';
import { Editor, type Pass } from './edit.ts';

/**
 * Zeros that a pad puts around x become the padding of the convolution, or of the average that counts it, behind it.
 */
export const foldPads: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    if (node.op !== 'conv' && !(node.op === 'pool' && node.attributes.kind === 'average')) return undefined;
    const pad = editor.soleMaker(node.inputs[0]);
    if (pad?.op !== 'pad' || (pad.attributes.mode ?? 'constant') !== 'constant' || (pad.attributes.value ?? 0) !== 0)
      return undefined;
    const added = pad.attributes.pads as readonly number[];
    const spatial = added.slice(2, -2);
    if ([...added.slice(0, 2), ...added.slice(-2)].some((count) => count !== 0)) return undefined;
    const own = (node.attributes.pads as readonly number[] | undefined) ?? spatial.map(() => 0);
    // An average over padding of both kinds can't say which of it counts.
    if (node.op === 'pool' && own.some((count) => count !== 0) && !node.attributes.countPadding) return undefined;
    editor.swallow(pad);
    const attributes: GraphNode['attributes'] = {
      ...node.attributes,
      pads: own.map((count, i) => count + spatial[i]),
      ...(node.op === 'pool' ? { countPadding: 1 } : {}),
    };
    return { ...node, inputs: [pad.inputs[0], ...node.inputs.slice(1)], attributes };
  });
};
