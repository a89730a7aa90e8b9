// Made by tools/generate.ts: every `export const NAME: StepMaker` here.

export { convTranspose } from './conv-transpose.ts';
export { conv, dense } from './convolution.ts';
export { binary, unary } from './elementwise.ts';
export { gru } from './gru.ts';
export { logmel } from './logmel.ts';
export { lstm } from './lstm.ts';
export { matmul } from './matmul.ts';
export { movement, reshape } from './movement.ts';
export { normalise } from './normalise.ts';
export { pool } from './pool.ts';
export { reduce } from './reduce.ts';
export { softmax } from './softmax.ts';
