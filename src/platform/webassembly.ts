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

/** Bytes that the build has put into the code, where every bundler finds them. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Undefined where the engine has none. */
export const WebAssembly = (globalThis as { WebAssembly?: WebAssemblyInterface }).WebAssembly!;
