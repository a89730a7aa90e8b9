/** The compiled kernels, loaded once for a process. */
import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { DeviceUnavailableError } from '../../errors.ts';
import { type Memory, type Module, WebAssembly } from '../../platform/webassembly.ts';

/** Runs the program whose code begins at this address. */
export type Run = (code: number) => void;

/** A module with one function of a fused multiply-add: valid only where relaxed SIMD is known. */
const probe = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  19,
  1,
  17,
  0,
  65,
  0,
  253,
  17,
  65,
  0,
  253,
  17,
  65,
  0,
  253,
  17,
  253,
  133,
  2,
  11,
);
/** Node 20 knows relaxed SIMD, which later versions have from the start, behind this flag. */
const flag = 'experimental-wasm-relaxed-simd';

/** Calls `work` where relaxed SIMD is known; the flag is as before when it returns. */
function withRelaxedSimd<T>(work: () => T): T {
  if (WebAssembly.validate(probe)) return work();
  setFlagsFromString(`--${flag}`);
  try {
    return work();
  } finally {
    setFlagsFromString(`--no-${flag}`);
  }
}

/** Whether this JavaScript engine has WebAssembly with relaxed 128-bit SIMD and shared memory. */
export function wasmSupported(): boolean {
  return (
    WebAssembly !== undefined &&
    typeof SharedArrayBuffer === 'function' &&
    withRelaxedSimd(() => WebAssembly.validate(probe))
  );
}

let compiled: Module | undefined;

export function kernelModule(): Module {
  if (!wasmSupported()) {
    throw new DeviceUnavailableError(
      'cpu',
      'this JavaScript engine has no WebAssembly SIMD',
      'Use Node.js 20 or later, or the device "gpu.js".',
    );
  }
  if (compiled) return compiled;
  const file = new URL('./kernels.wasm', import.meta.url);
  if (!existsSync(file))
    throw new DeviceUnavailableError('cpu', 'its kernels are not built', 'Run `npm run build:wasm`.');
  return (compiled = withRelaxedSimd(() => new WebAssembly.Module(readFileSync(file))));
}

export function instantiate(module: Module, memory: Memory): Run {
  return new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as Run;
}
