declare module '@echogarden/speex-resampler-wasm/simd' {
  const create: () => Promise<any>;
  export default create;
}
