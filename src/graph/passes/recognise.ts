import type { GraphNode } from '../graph.ts';
import { sizeOf } from '../tensor.ts';
import { Editor, type Pass } from './edit.ts';

/** The one number that a constant is, and the other operand; undefined if the node is not of that kind. */
function withNumber(
  editor: Editor,
  node: GraphNode | undefined,
  kind: string,
): { x: string; number: number; first: boolean } | undefined {
  if (
    node?.op !== 'binary' ||
    node.attributes.kind !== kind ||
    (node.attributes.activation ?? 'identity') !== 'identity'
  )
    return undefined;
  for (const at of [0, 1]) {
    const tensor = editor.constant(node.inputs[at]);
    if (tensor && sizeOf(tensor.shape) === 1)
      return { x: node.inputs[1 - at], number: tensor.data[0], first: at === 0 };
  }
  return undefined;
}

const isBinary = (node: GraphNode | undefined, kind: string): node is GraphNode =>
  node?.op === 'binary' && node.attributes.kind === kind && (node.attributes.activation ?? 'identity') === 'identity';
const isMean = (node: GraphNode | undefined): node is GraphNode =>
  node?.op === 'reduce' && node.attributes.kind === 'mean' && (node.attributes.keepAxes ?? 1) !== 0;
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-4 * Math.abs(b);

/**
 * Layer normalisation as exporters before operator set 17 write it, d = x - mean(x), d / sqrt(mean(d d) + epsilon), and
 * the exact gelu, x / 2 (1 + erf(x / sqrt 2)), become one op each. What they were made of is dead code then.
 */
export const recognise: Pass = (graph) => {
  const editor = new Editor(graph);
  return editor.sweep((node) => layerNorm(node, editor) ?? gelu(node, editor));
};

function layerNorm(node: GraphNode, editor: Editor): GraphNode | undefined {
  if (!isBinary(node, 'divide')) return undefined;
  const distance = editor.maker(node.inputs[0]);
  const root = editor.maker(node.inputs[1]);
  if (!isBinary(distance, 'subtract') || root?.op !== 'unary' || root.attributes.kind !== 'sqrt') return undefined;
  const mean = editor.maker(distance.inputs[1]);
  const sum = withNumber(editor, editor.maker(root.inputs[0]), 'add');
  const variance = sum && editor.maker(sum.x);
  if (!isMean(mean) || mean.inputs[0] !== distance.inputs[0] || !isMean(variance)) return undefined;
  const square = editor.maker(variance.inputs[0]);
  if (!isBinary(square, 'multiply') || square.inputs.some((name) => name !== distance.outputs[0])) return undefined;
  const axes = mean.attributes.axes as readonly number[];
  if (String(axes) !== String(variance.attributes.axes)) return undefined;
  return {
    name: node.name,
    op: 'normalise',
    inputs: [distance.inputs[0]],
    outputs: node.outputs,
    attributes: { axes, epsilon: sum!.number },
  };
}

/** The factors of the product may stand in any order. */
function gelu(node: GraphNode, editor: Editor): GraphNode | undefined {
  if (!isBinary(node, 'multiply')) return undefined;
  const factors = [node.inputs[0], node.inputs[1]];
  // ((x) (1 + erf)) 1/2, or (x 1/2) (1 + erf), or x ((1 + erf) 1/2).
  const half = withNumber(editor, node, 'multiply');
  const parts: string[] = [];
  let scale = 1;
  const collect = (name: string): void => {
    const maker = editor.soleMaker(name);
    const scaled = withNumber(editor, maker, 'multiply');
    if (scaled) {
      scale *= scaled.number;
      parts.push(scaled.x);
    } else {
      parts.push(name);
    }
  };
  if (half) {
    scale = half.number;
    const inner = editor.soleMaker(half.x);
    if (!isBinary(inner, 'multiply')) return undefined;
    inner.inputs.forEach(collect);
  } else {
    factors.forEach(collect);
  }
  if (!near(scale, 0.5)) return undefined;
  for (const [i, name] of parts.entries()) {
    const x = parts[1 - i];
    const one = withNumber(editor, editor.soleMaker(name), 'add');
    const erf = one && editor.soleMaker(one.x);
    if (one?.number !== 1 || erf?.op !== 'unary' || erf.attributes.kind !== 'erf') continue;
    const inner = editor.soleMaker(erf.inputs[0]);
    const divided = withNumber(editor, inner, 'divide');
    const multiplied = withNumber(editor, inner, 'multiply');
    const fits =
      (divided && !divided.first && divided.x === x && near(divided.number, Math.SQRT2)) ||
      (multiplied && multiplied.x === x && near(multiplied.number, Math.SQRT1_2));
    if (fits) return { name: node.name, op: 'unary', inputs: [x], outputs: node.outputs, attributes: { kind: 'gelu' } };
  }
  return undefined;
}
