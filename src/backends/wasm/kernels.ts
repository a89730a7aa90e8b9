/** The compiled kernels, loaded once for a process. */
import { DeviceUnavailableError } from '../../errors.ts';
import { platform } from '../../platform/index.ts';
import { fromBase64, type Memory, type Module, WebAssembly } from '../../platform/webassembly.ts';
import { kernels } from './kernels.generated.ts';

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

/** Calls `work` where relaxed SIMD is known. */
function withRelaxedSimd<T>(work: () => T): T {
  return WebAssembly.validate(probe) ? work() : platform.withRelaxedSimd(work);
}

/** Whether this JavaScript engine has WebAssembly with relaxed 128-bit SIMD. */
export function wasmSupported(): boolean {
  return WebAssembly !== undefined && withRelaxedSimd(() => WebAssembly.validate(probe));
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
  return (compiled ??= withRelaxedSimd(() => new WebAssembly.Module(fromBase64(kernels))));
}

export function instantiate(module: Module, memory: Memory): Run {
  return new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as Run;
}
