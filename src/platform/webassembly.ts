/** The part of the WebAssembly interface that is used here; TypeScript has it only in its DOM library. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}
export interface Module {
  readonly [brand]: 'module';
}
declare const brand: unique symbol;

interface WebAssemblyInterface {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => Module;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => Memory;
  readonly Instance: new (
    module: Module,
    imports?: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

/** Undefined where the engine has none. */
export const WebAssembly = (globalThis as { WebAssembly?: WebAssemblyInterface }).WebAssembly!;
