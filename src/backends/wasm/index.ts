/**
 * The CPU backend: kernels in WebAssembly SIMD (assembly/), programs as instruction lists in one linear memory. A run
 * is one call, synchronous, on the calling thread; pool.ts spreads many runs over threads.
 */
import { DisposedError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import type { Module } from '../../platform/webassembly.ts';
import type { Backend, Batching } from '../backend.ts';
import { Constants } from './constants.ts';
import { Heap } from './heap.ts';
import { instantiate, kernelModule, type Run } from './kernels.ts';
import type { Target } from './lower/builder.ts';
import { type CompiledGraph, compile } from './lower/compile.ts';
import type { WasmPool } from './pool.ts';
import { WasmProgram } from './program.ts';
import { Workspace } from './workspace.ts';

export { wasmSupported } from './kernels.ts';

export class WasmBackend implements Backend, Target {
  readonly name = 'cpu';
  readonly adapter = 'WebAssembly relaxed SIMD, 128 bits';
  /**
   * Four to sixteen steps at once cost a sixth less each than one alone; larger batches leave the second-level cache.
   */
  readonly batching: Batching = { largest: 16, pad: false };
  readonly heap = new Heap();
  readonly constants = new Constants(this.heap);
  readonly execute: Run;
  readonly #programs = new Set<WasmProgram>();
  readonly #workspace = new Workspace(this.heap);
  #disposed = false;

  constructor(module: Module) {
    this.execute = instantiate(module, this.heap.memory);
  }

  async prepare(graph: Graph, bindings: Bindings): Promise<WasmProgram> {
    const compiled = this.compile(graph, bindings);
    try {
      return this.place(compiled);
    } finally {
      this.release(compiled);
    }
  }

  /** The graph's instructions at one shape, not yet bound to memory. */
  compile(graph: Graph, bindings: Bindings): CompiledGraph {
    if (this.#disposed) throw new DisposedError('the cpu backend');
    return compile(graph, bindings, this);
  }

  /**
   * A program; several may be made of one compiled graph. Those that run at the same time need workspaces of their own.
   */
  place(compiled: CompiledGraph, workspace = this.#workspace): WasmProgram {
    if (this.#disposed) throw new DisposedError('the cpu backend');
    const program = new WasmProgram(compiled, this, workspace, () => this.#programs.delete(program));
    this.#programs.add(program);
    return program;
  }

  async openPool(threads: number): Promise<WasmPool> {
    return new (await import('./pool.ts')).WasmPool(this, threads);
  }

  /** No more programs will be made of this; its constants live on in those that were. */
  release(compiled: CompiledGraph): void {
    for (const constant of compiled.constants) this.constants.release(constant);
  }

  dispose(): void {
    this.#disposed = true;
    for (const program of this.#programs) program.dispose();
  }
}

/** Opens the CPU backend; DeviceUnavailableError where WebAssembly SIMD is missing. */
export async function openWasm(): Promise<WasmBackend> {
  return new WasmBackend(kernelModule());
}
