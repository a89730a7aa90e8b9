// Made by tools/generate.ts: every `export const NAME: Builder` here.

export { conv, convTranspose, dense } from './conv.ts';
export { binary, matmul, movement, reshape, unary } from './elementwise.ts';
export { gru } from './gru.ts';
export { logmel } from './logmel.ts';
export { lstm } from './lstm.ts';
export { normalise, pool, reduce, softmax } from './windows.ts';
