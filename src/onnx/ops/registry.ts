// Made by tools/generate.ts: every `export const NAME: Handlers` here.
export { conv } from './conv.ts';
export { elementwise } from './elementwise.ts';
export { products } from './matmul.ts';
export { moves } from './move.ts';
export { normalizations } from './normalization.ts';
export { pools } from './pool.ts';
export { recurrents } from './recurrent.ts';
export { reductions } from './reduce.ts';
export { shapes } from './shape.ts';
export { softmaxes } from './softmax.ts';
