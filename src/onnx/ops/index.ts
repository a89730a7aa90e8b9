/** Every ONNX op that is understood, by its name in the standard. */
import type { HandlerTable } from '../lowering.ts';
import * as registry from './registry.generated.ts';

export const handlers: HandlerTable = new Map(Object.values(registry).flatMap((family) => Object.entries(family)));
