declare module '@echogarden/speex-resampler-wasm/simd' {
  // biome-ignore lint/suspicious/noExplicitAny: an Emscripten module; resampler.ts names what it uses
  const create: (module: { readonly wasmBinary: Uint8Array }) => Promise<any>;
  export default create;
}
