/**
 * The packaged models as code, for programs that are bundled into a single file and find nothing beside it:
 * `Engine.create({ weights })`. As an import of its own, `undertone/embedded`, so that nobody else loads it.
 */
import { models } from './embedded.generated.ts';
import { fromBase64 } from './platform/webassembly.ts';

/** The bytes of each model file by id. */
export const weights: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  Object.entries(models).map(([id, text]) => [id, fromBase64(text)]),
);
