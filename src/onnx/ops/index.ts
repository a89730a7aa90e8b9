/** Every ONNX op that is understood, by its name in the standard. */
import { conv } from './conv.ts';
import { elementwise } from './elementwise.ts';
import type { Handler } from './handler.ts';
import { products } from './matmul.ts';
import { moves } from './move.ts';
import { normalizations } from './normalization.ts';
import { pools } from './pool.ts';
import { recurrents } from './recurrent.ts';
import { reductions } from './reduce.ts';
import { shapes } from './shape.ts';
import { softmaxes } from './softmax.ts';

export const handlers: ReadonlyMap<string, Handler> = new Map(
  [conv, elementwise, moves, normalizations, pools, products, recurrents, reductions, shapes, softmaxes].flatMap(
    (family) => Object.entries(family),
  ),
);
