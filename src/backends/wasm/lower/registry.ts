// Made by tools/generate.ts: every `export const NAME: Lower` here.
export { binary, softmax, unary } from './elementwise.ts';
export { logmel } from './logmel.ts';
export { normalise } from './normalise.ts';
export { conv, convTranspose, dense, matmul } from './product.ts';
export { gru, lstm } from './recurrent.ts';
export { movement, pool, reduce, reshape } from './windows.ts';
