declare module '@echogarden/speex-resampler-wasm/simd' {
  // biome-ignore lint/suspicious/noExplicitAny: an Emscripten module; resampler.ts names what it uses
  const create: () => Promise<any>;
  export default create;
}
