/** All ops by name. An op is a file here, a kernel per backend, and a row in test/ops/cases.ts. */
import { GraphError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { binary } from './binary.ts';
import { conv } from './conv.ts';
import { dense } from './dense.ts';
import { gru } from './gru.ts';
import { logmel } from './logmel.ts';
import type { Op } from './op.ts';
import { pool } from './pool.ts';
import { reduce } from './reduce.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { transpose } from './transpose.ts';
import { unary } from './unary.ts';

export const ops: ReadonlyMap<string, Op> = new Map(
  [binary, conv, dense, gru, logmel, pool, reduce, reshape, softmax, transpose, unary].map((op) => [op.name, op]),
);

export function opNamed(node: GraphNode): Op {
  const op = ops.get(node.op);
  if (!op) throw new GraphError(node, `there is no op "${node.op}"; known: ${[...ops.keys()].join(', ')}`);
  return op;
}
