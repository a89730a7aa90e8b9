import type { GraphNode } from '../../../graph/graph.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import { type ActivationName, activationNames } from '../../../ops/activation.ts';
import { binaryKind, binaryKinds, broadcastStrides } from '../../../ops/binary.ts';
import { offsetsOf } from '../../../ops/reduce.ts';
import { fusedActivation, type UnaryAttributes, unaryAttributes } from '../../../ops/unary.ts';
import type { Builder, Lower } from './builder.ts';

/** Kinds are numbered by their places in the lists of src/ops, from which assembly/ has them too. */
const unaryKind = (kind: ActivationName): number => activationNames.indexOf(kind);
const combinations = Object.keys(binaryKinds);

/**
 * An activation in the epilogue of a kernel: limits it applies itself, and what a pass over the result must do after.
 */
export interface Epilogue {
  readonly low: number;
  readonly high: number;
  readonly pass: UnaryAttributes | undefined;
}

export function epilogueOf(node: GraphNode): Epilogue {
  const activation = fusedActivation(node);
  switch (activation.kind) {
    case 'identity':
      return { low: -Infinity, high: Infinity, pass: undefined };
    case 'relu':
      return { low: 0, high: Infinity, pass: undefined };
    case 'clip':
      return { low: activation.alpha, high: activation.beta, pass: undefined };
    default:
      return { low: -Infinity, high: Infinity, pass: activation };
  }
}

export function emitPass(to: Builder, pass: UnaryAttributes | undefined, y: number, count: number): void {
  if (pass) to.code.emit('unary', { x: y, y, count, kind: unaryKind(pass.kind), alpha: pass.alpha, beta: pass.beta });
}

export const unary: Lower = ({ node, outputShapes: [shape] }, to) => {
  const { kind, alpha, beta } = unaryAttributes(node);
  to.code.emit('unary', {
    x: to.address(node.inputs[0]),
    y: to.address(node.outputs[0]),
    count: sizeOf(shape),
    kind: unaryKind(kind),
    alpha,
    beta,
  });
};

export const binary: Lower = ({ node, inputShapes: [a, b], outputShapes: [shape] }, to) => {
  const strides = [broadcastStrides(a, shape), broadcastStrides(b, shape)] as const;
  const axes = shape
    .map((extent, axis) => ({ extent, a: strides[0][axis], b: strides[1][axis] }))
    .filter(({ extent }) => extent > 1);
  // The longest run of last axes along which each operand either runs through its memory or repeats one element.
  const [aRuns, bRuns] = [axes.at(-1)?.a !== 0, axes.at(-1)?.b !== 0];
  let length = 1;
  while (axes.length > 0) {
    const { extent, a: aStride, b: bStride } = axes.at(-1)!;
    if (aStride !== (aRuns ? length : 0) || bStride !== (bRuns ? length : 0)) break;
    length *= extent;
    axes.pop();
  }
  const rowsOf = (operand: 'a' | 'b'): number =>
    to.table(offsetsOf(axes.map((axis) => ({ extent: axis.extent, stride: 4 * axis[operand] }))));
  const { low, high, pass } = epilogueOf(node);
  const y = to.address(node.outputs[0]);
  to.code.emit('binary', {
    a: to.address(node.inputs[0]),
    b: to.address(node.inputs[1]),
    y,
    rows: axes.reduce((rows, { extent }) => rows * extent, 1),
    length,
    aRows: rowsOf('a'),
    bRows: rowsOf('b'),
    aRuns: Number(aRuns),
    bRuns: Number(bRuns),
    kind: combinations.indexOf(binaryKind(node)),
    low,
    high,
  });
  emitPass(to, pass, y, sizeOf(shape));
};

export const softmax: Lower = ({ node, outputShapes: [shape] }, to) => {
  const classes = shape.at(-1)!;
  to.code.emit('softmax', {
    x: to.address(node.inputs[0]),
    y: to.address(node.outputs[0]),
    rows: sizeOf(shape) / classes,
    classes,
    log: node.attributes['log'] ? 1 : 0,
  });
};
