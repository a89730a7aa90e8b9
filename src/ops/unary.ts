import type { GraphNode } from '../graph/graph.ts';
import { sizeOf, zeros } from '../graph/tensor.ts';
import { type Activation, type ActivationName, activationNames, activations, fusedActivations } from './activation.ts';
import { choiceAttribute, numberAttribute, type Op } from './op.ts';

export interface UnaryAttributes {
  readonly kind: ActivationName;
  readonly alpha: number;
  readonly beta: number;
}

function withDefaults(node: GraphNode, kind: ActivationName): UnaryAttributes {
  const { alpha = 0, beta = 0 }: Activation = activations[kind];
  return { kind, alpha: numberAttribute(node, 'alpha', alpha), beta: numberAttribute(node, 'beta', beta) };
}

export function unaryAttributes(node: GraphNode): UnaryAttributes {
  return withDefaults(node, choiceAttribute(node, 'kind', activationNames));
}

/** The `activation` of a node that applies one to its result (conv, dense, binary); identity if there is none. */
export function fusedActivation(node: GraphNode): UnaryAttributes {
  return withDefaults(node, choiceAttribute(node, 'activation', fusedActivations, 'identity'));
}

export function applyActivation(data: Float32Array, { kind, alpha, beta }: UnaryAttributes): void {
  const { apply }: Activation = activations[kind];
  for (let i = 0; i < data.length; i++) data[i] = apply(data[i], alpha, beta);
}

/** y = f(x), element by element; attribute `kind` names f, `alpha` and `beta` are its parameters. */
export const unary: Op = {
  name: 'unary',
  infer: (node, [x]) => (unaryAttributes(node), [x]),
  state: () => [],
  compute(node, [x]) {
    const y = zeros(x.shape);
    y.data.set(x.data);
    applyActivation(y.data, unaryAttributes(node));
    return [y];
  },
  multiplyAdds: (_, [x]) => sizeOf(x),
};
