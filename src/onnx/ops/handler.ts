import type { Handler } from '../lowering.ts';

export type { Handler } from '../lowering.ts';
export type Handlers = Readonly<Record<string, Handler>>;
