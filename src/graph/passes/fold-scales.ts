import type { GraphNode } from '../graph.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

const channelsOf = (w: Tensor): number => w.shape.at(-1)!;

/** A constant that is one number, or one for each channel, as a list for all channels. */
function perChannel(tensor: Tensor | undefined, channels: number, rank: number): Float32Array | undefined {
  if (!tensor || tensor.shape.length > rank) return undefined;
  const size = sizeOf(tensor.shape);
  if (size !== 1 && (size !== channels || tensor.shape.at(-1) !== channels)) return undefined;
  return Float32Array.from({ length: channels }, (_, i) => tensor.data[size === 1 ? 0 : i]);
}

/** How y -> y `kind` c, or c `kind` y, changes y = W x + b: factor and summand for each channel. */
function affine(
  kind: unknown,
  c: Float32Array,
  constantFirst: boolean,
): { factor: Float32Array; summand: Float32Array } | undefined {
  const [ones, zeros] = [c.map(() => 1), c.map(() => 0)];
  if (kind === 'add') return { factor: ones, summand: c };
  if (kind === 'multiply') return { factor: c, summand: zeros };
  if (kind === 'subtract')
    return constantFirst ? { factor: ones.map((x) => -x), summand: c } : { factor: ones, summand: c.map((x) => -x) };
  if (kind === 'divide' && !constantFirst && !c.includes(0)) return { factor: c.map((x) => 1 / x), summand: zeros };
  return undefined;
}

const isPlain = (node: GraphNode): boolean =>
  (node.attributes.activation ?? 'identity') === 'identity' && !node.inputs[3];

/**
 * A batch norm, a bias, or any scaling by channel behind a convolution or dense layer goes into its weights, and a
 * scaling in front of it, too.
 */
export const foldScales: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => foldBehind(node, editor) ?? foldBefore(node, editor) ?? foldNormalised(node, editor));
};

function foldBehind(node: GraphNode, editor: Editor): GraphNode | undefined {
  if (node.op !== 'binary') return undefined;
  const at = node.inputs.findIndex((name) => editor.constant(name));
  const maker = at < 0 ? undefined : editor.soleMaker(node.inputs[1 - at]);
  const w = editor.constant(maker?.inputs[1]);
  if (!maker || !w || !['conv', 'dense'].includes(maker.op) || !isPlain(maker)) return undefined;
  const channels = channelsOf(w);
  const rank = editor.shapes(maker.outputs[0])[0].length;
  const c = perChannel(editor.constant(node.inputs[at]), channels, rank);
  const change = c && affine(node.attributes.kind, c, at === 0);
  if (!change) return undefined;
  const bias = editor.constant(maker.inputs[2])?.data;
  const scaled = change.factor.every((factor) => factor === 1)
    ? maker.inputs[1]
    : editor.addConstant(maker.inputs[1], {
        shape: w.shape,
        data: (w.data as Float32Array).map((value, i) => value * change.factor[i % channels]),
      });
  const shifted = change.summand.map((summand, i) => (bias?.[i] ?? 0) * change.factor[i] + summand);
  editor.swallow(maker);
  const { kind: _, ...attributes } = node.attributes;
  const inputs = [
    maker.inputs[0],
    scaled,
    editor.addConstant(`${maker.name}.bias`, { shape: [channels], data: shifted }),
  ];
  return { ...maker, inputs, outputs: node.outputs, attributes: { ...maker.attributes, ...attributes } };
}

/** W (s x) = (W s) x; zeros that pad x stay zeros. */
function foldBefore(node: GraphNode, editor: Editor): GraphNode | undefined {
  const w = editor.constant(node.inputs[1]);
  if (!w || (node.op !== 'dense' && node.op !== 'conv') || (node.attributes.groups ?? 1) !== 1) return undefined;
  const maker = editor.soleMaker(node.inputs[0]);
  if (maker?.op !== 'binary' || maker.attributes.kind !== 'multiply' || !isPlain(maker)) return undefined;
  const at = maker.inputs.findIndex((name) => editor.constant(name));
  const rank = editor.shapes(maker.outputs[0])[0].length;
  const [channelsIn, channelsOut] = w.shape.slice(-2) as [number, number];
  const scale = at < 0 ? undefined : perChannel(editor.constant(maker.inputs[at]), channelsIn, rank);
  // The product may be larger than the other factor, where that is repeated.
  if (!scale || editor.shapes(maker.inputs[1 - at])[0].length !== rank) return undefined;
  if (
    editor.shapes(maker.inputs[1 - at])[0].some((extent, axis) => extent !== editor.shapes(maker.outputs[0])[0][axis])
  )
    return undefined;
  editor.swallow(maker);
  const data = (w.data as Float32Array).map((value, i) => value * scale[Math.floor(i / channelsOut) % channelsIn]);
  return {
    ...node,
    inputs: [
      maker.inputs[1 - at],
      editor.addConstant(node.inputs[1], { shape: w.shape, data }),
      ...node.inputs.slice(2),
    ],
  };
}

/** The scale, then the bias, behind a normalisation become its own. */
function foldNormalised(node: GraphNode, editor: Editor): GraphNode | undefined {
  if (node.op !== 'binary' || !isPlain(node)) return undefined;
  const at = node.inputs.findIndex((name) => editor.constant(name));
  const maker = at < 0 ? undefined : editor.soleMaker(node.inputs[1 - at]);
  if (maker?.op !== 'normalise') return undefined;
  const shape = editor.shapes(maker.outputs[0])[0];
  const vector = perChannel(editor.constant(node.inputs[at]), shape.at(-1)!, shape.length);
  const [x, scale, bias] = maker.inputs as [string, string | undefined, string | undefined];
  const fits = node.attributes.kind === 'multiply' ? !scale && !bias : node.attributes.kind === 'add' && !bias;
  if (!vector || !fits) return undefined;
  editor.swallow(maker);
  const name = editor.addConstant(node.inputs[at], { shape: [vector.length], data: vector });
  return {
    ...maker,
    inputs: node.attributes.kind === 'multiply' ? [x, name] : [x, scale ?? '', name],
    outputs: node.outputs,
  };
}
