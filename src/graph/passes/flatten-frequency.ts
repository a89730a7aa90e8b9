import type { GraphNode } from '../graph.ts';
import { Editor, type Pass } from './edit.ts';

/**
 * A 2-D convolution whose kernel is as wide as the whole frequency axis is a 1-D one over frequency x channels: the
 * elements lie in that order already, and a 1-D convolution is a plain matrix product.
 */
export const flattenFrequency: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => {
    const w = editor.constant(node.inputs[1]);
    if (node.op !== 'conv' || w?.shape.length !== 4 || node.inputs[3] || (node.attributes.groups ?? 1) !== 1)
      return undefined;
    const pair = (name: string): readonly number[] =>
      (node.attributes[name] as readonly number[] | undefined) ?? [1, 1];
    const pads = (node.attributes.pads as readonly number[] | undefined) ?? [0, 0, 0, 0];
    const [time, bins, channelsIn, channelsOut] = w.shape as [number, number, number, number];
    const shapes = editor.shapes(node.inputs[0]);
    if (
      pads[2] !== 0 ||
      pads[3] !== 0 ||
      shapes.some((shape) => shape[2] !== bins) ||
      (bins > 1 && pair('dilations')[1] !== 1)
    )
      return undefined;
    const [flat, wide] = [`${node.outputs[0]}.flat`, `${node.outputs[0]}.wide`];
    const kernel = editor.addConstant(node.inputs[1], { shape: [time, bins * channelsIn, channelsOut], data: w.data });
    const nodes: GraphNode[] = [
      {
        name: flat,
        op: 'reshape',
        inputs: [node.inputs[0]],
        outputs: [flat],
        attributes: { shape: [0, 0, bins * channelsIn] },
      },
      {
        ...node,
        inputs: [flat, kernel, ...node.inputs.slice(2)],
        outputs: [wide],
        attributes: {
          ...node.attributes,
          strides: [pair('strides')[0]],
          dilations: [pair('dilations')[0]],
          pads: pads.slice(0, 2),
        },
      },
      {
        name: wide,
        op: 'reshape',
        inputs: [wide],
        outputs: node.outputs,
        attributes: { shape: [0, 0, 1, channelsOut] },
      },
    ];
    return nodes;
  });
};
