/**
 * The fallback that runs anywhere: every op as gpu.js kernels, compiled to plain JavaScript (mode cpu) or to
 * WebAssembly with SIMD (mode webasm). The mode is always named; gpu.js's automatic choice falls back without saying
 * so.
 */
import type { GPU } from 'gpu.js';
import { ArgumentError, DeviceUnavailableError, DisposedError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import { planGraph } from '../../graph/plan.ts';
import type { Backend } from '../backend.ts';
import { type GpuJsMode, Kernels } from './kernels.ts';
import { GpuJsProgram } from './program.ts';

export interface GpuJsOptions {
  readonly mode?: GpuJsMode;
}

/**
 * Loads gpu.js and opens it in one mode, `cpu` by default.
 *
 * @throws ArgumentError if the mode is not one of them
 * @throws DeviceUnavailableError if this runtime can't compile for the mode
 */
export async function openGpuJs({ mode = 'cpu' }: GpuJsOptions = {}): Promise<GpuJsBackend> {
  if (mode !== 'cpu' && mode !== 'webasm') throw new ArgumentError('mode', JSON.stringify(mode), '"cpu" or "webasm"');
  const library = await import('./library.ts');
  if (mode === 'webasm' && !library.GPU.isWebAssemblySupported) {
    throw new DeviceUnavailableError('gpu.js', 'this runtime has no WebAssembly', 'Use mode "cpu".');
  }
  return new GpuJsBackend(new library.GPU({ mode }), mode);
}

export class GpuJsBackend implements Backend {
  readonly name = 'gpu.js';
  readonly adapter: string;
  readonly #kernels: Kernels;
  readonly #programs = new Set<GpuJsProgram>();
  #disposed = false;

  constructor(gpu: GPU, mode: GpuJsMode) {
    this.adapter = mode === 'cpu' ? 'gpu.js, compiled JavaScript' : 'gpu.js, WebAssembly SIMD';
    this.#kernels = new Kernels(gpu, mode);
  }

  async prepare(graph: Graph, bindings: Bindings): Promise<GpuJsProgram> {
    if (this.#disposed) throw new DisposedError('the gpu.js backend');
    const program = new GpuJsProgram(planGraph(graph, bindings), this.#kernels, (disposed) =>
      this.#programs.delete(disposed),
    );
    this.#programs.add(program);
    return program;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const program of this.#programs) program.dispose();
    this.#kernels.dispose();
  }
}
