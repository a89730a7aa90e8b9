/** Every ONNX op that is understood, by its name in the standard. */
import type { Handler } from './handler.ts';
import * as registry from './registry.generated.ts';

export const handlers: ReadonlyMap<string, Handler> = new Map(
  Object.values(registry).flatMap((family) => Object.entries(family)),
);
