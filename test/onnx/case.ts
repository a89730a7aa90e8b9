/** A case: an ONNX graph, and the sizes at which onnxruntime and our graph must agree. */
import type { Bindings } from '../../src/graph/graph.ts';
import type { ImportOptions } from '../../src/onnx/index.ts';
import type { TestAttribute, TestModel, TestNode, TestTensor } from './build.ts';

export interface OnnxCase extends TestModel {
  readonly title: string;
  readonly sizes?: readonly Bindings[];
  /** Scale of the random inputs; `positive` takes their magnitude. */
  readonly scale?: number;
  readonly positive?: boolean;
  /** What is settled when the file is read. */
  readonly settled?: ImportOptions;
  /** Nodes that may be left when all passes are through, where a case is about them. */
  readonly nodesLeft?: number;
}

type Shape = readonly (number | string)[];
type Rest = Partial<Omit<OnnxCase, 'title' | 'nodes'>>;

/** One node with input x, and constants behind it in order; null leaves an input out. */
export function single(
  op: string,
  about: string,
  x: Shape,
  attributes: Record<string, TestAttribute> = {},
  operands: readonly (TestTensor | null)[] = [],
  rest: Rest = {},
): OnnxCase {
  const constants = Object.fromEntries(operands.flatMap((tensor, i) => (tensor ? [[`c${i}`, tensor]] : [])));
  const node: TestNode = {
    op,
    inputs: ['x', ...operands.map((tensor, i) => (tensor ? `c${i}` : ''))],
    attributes,
    outputs: rest.outputs,
  };
  return { title: `${op}: ${about}`, inputs: { x }, nodes: [node], constants, ...rest };
}

/** Several nodes; each is [op, inputs, output, attributes], inputs and output as words. */
export function chain(
  title: string,
  inputs: Record<string, Shape>,
  nodes: readonly (readonly [string, string, string, Record<string, TestAttribute>?])[],
  constants: Record<string, TestTensor> = {},
  rest: Rest = {},
): OnnxCase {
  return {
    title,
    inputs,
    nodes: nodes.map(([op, from, to, attributes], i) => ({
      op,
      name: `${op}${i}`,
      inputs: from.split(' ').map((name) => (name === '_' ? '' : name)),
      outputs: to.split(' ').map((name) => (name === '_' ? '' : name)),
      attributes,
    })),
    constants,
    ...rest,
  };
}
