/** All ops by name. An op is a file here, a kernel per backend, and a row in test/ops/cases.ts. */
import { GraphError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { binary } from './binary.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { crop } from './crop.ts';
import { dense } from './dense.ts';
import { expand } from './expand.ts';
import { gather } from './gather.ts';
import { gru } from './gru.ts';
import { logmel } from './logmel.ts';
import { lstm } from './lstm.ts';
import { matmul } from './matmul.ts';
import { normalise } from './normalise.ts';
import type { Op } from './op.ts';
import { pad } from './pad.ts';
import { pool } from './pool.ts';
import { reduce } from './reduce.ts';
import { repeat } from './repeat.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { transpose } from './transpose.ts';
import { unary } from './unary.ts';

export const ops: ReadonlyMap<string, Op> = new Map(
  [
    binary,
    concat,
    conv,
    convTranspose,
    crop,
    dense,
    expand,
    gather,
    gru,
    logmel,
    lstm,
    matmul,
    normalise,
    pad,
    pool,
    reduce,
    repeat,
    reshape,
    slice,
    softmax,
    transpose,
    unary,
  ].map((op) => [op.name, op]),
);

export function opNamed(node: GraphNode): Op {
  const op = ops.get(node.op);
  if (!op) throw new GraphError(node, `there is no op "${node.op}"; known: ${[...ops.keys()].join(', ')}`);
  return op;
}
