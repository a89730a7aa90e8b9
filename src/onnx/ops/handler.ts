import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import type { Value } from '../value.ts';

/** Turns one ONNX node into ops; gives a value for each output it supports. */
export type Handler = (node: OnnxNode, to: Lowering) => (Value | undefined)[];
export type Handlers = Readonly<Record<string, Handler>>;
