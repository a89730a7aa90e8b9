/** The WebGPU backend: programs of WGSL kernels on Dawn. */
import { DeviceLimitError, DeviceLostError, DisposedError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import { type Plan, planGraph } from '../../graph/plan.ts';
import type { TensorData } from '../../graph/tensor.ts';
import type { Backend, Batching, Program } from '../backend.ts';
import type { WebGPUOptions } from './adapter.ts';
import { GpuDevice } from './device.ts';
import { halvesFromOf } from './halves.ts';
import { lower } from './kernels/index.ts';
import type { Lowered } from './lowered.ts';
import { checkRun, Resources } from './resources.ts';
import { WeightsCache } from './weights.ts';

export { type AdapterReport, held, probeWebGPU, type WebGPUOptions } from './adapter.ts';

/**
 * Opens the GPU. Throws DeviceUnavailableError where there is none, or only a software one and that was not allowed;
 * the message says how to get one.
 */
export async function openWebGPU(options: WebGPUOptions = {}): Promise<WebGPUBackend> {
  return new WebGPUBackend(await GpuDevice.open(options), options);
}

export class WebGPUBackend implements Backend {
  readonly name = 'webgpu';
  readonly adapter: string;
  /**
   * Rows of a batch cost next to nothing until the GPU is full. One run is uploaded while another computes, so what
   * fills it several times over is better cut.
   */
  readonly batching: Batching;
  readonly weights = new WeightsCache();
  readonly #options: WebGPUOptions;
  readonly #programs = new Set<WebGPUProgram>();
  #current: GpuDevice;
  /** A lost device is replaced once; a second loss is the caller's. */
  #replacing: Promise<void> | undefined;
  #replaced = false;
  #disposed = false;

  constructor(device: GpuDevice, options: WebGPUOptions) {
    this.#current = device;
    this.#options = options;
    this.adapter = device.adapter;
    this.batching = { largest: 512, pad: true, underWay: 2, ...options.batching };
  }

  /** The device in use, for tests and for those who want to share it. */
  get device(): GPUDevice {
    return this.#current.device;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Throws ShapeError, GraphError, DeviceLimitError (too large for this device), DeviceLostError or DisposedError. */
  async prepare(graph: Graph, bindings: Bindings): Promise<WebGPUProgram> {
    if (this.#disposed) throw new DisposedError('the webgpu backend');
    const { limits } = this.#current;
    const lowered = lower(planGraph(graph, bindings), {
      limits,
      halvesFrom: halvesFromOf(this.#options),
      tuning: this.#options.tuning,
    });
    const program = new WebGPUProgram(
      this,
      lowered,
      await this.withDevice((device) => Resources.make(device, lowered, this.weights, this.batching.underWay)),
    );
    if (this.#disposed) throw new DisposedError('the webgpu backend');
    this.#programs.add(program);
    return program;
  }

  /** Does something that needs the device, and does it again on a new one if the device was lost meanwhile. */
  async withDevice<T>(work: (device: GpuDevice) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#replacing) await this.#replacing;
      const device = this.#current;
      try {
        if (device.lost !== undefined) throw new DeviceLostError(`the GPU device was lost: ${device.lost}`);
        return await work(device);
      } catch (error) {
        if (this.#disposed) throw new DisposedError('the webgpu backend');
        // What is too large would be so on any device; the news of a loss need not be waited for.
        if (error instanceof DeviceLimitError || !(await device.isLost())) throw error;
        if (device === this.#current) await this.#replace(device.lost!);
      }
    }
  }

  #replace(reason: string): Promise<void> {
    if (this.#replacing) return this.#replacing;
    if (this.#replaced)
      throw new DeviceLostError(`the GPU device was lost again after it had been opened anew: ${reason}`);
    this.#replaced = true;
    this.#replacing = GpuDevice.open(this.#options)
      .then(
        (device) => {
          this.#current = device;
          if (this.#disposed) device.destroy();
        },
        (error: Error) => {
          throw new DeviceLostError(
            `the GPU device was lost (${reason}) and could not be opened again: ${error.message}`,
            { cause: error },
          );
        },
      )
      .finally(() => (this.#replacing = undefined));
    return this.#replacing;
  }

  forget(program: WebGPUProgram): void {
    this.#programs.delete(program);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const program of this.#programs) program.dispose();
    this.#current.destroy();
  }
}

export class WebGPUProgram implements Program {
  readonly plan: Plan;
  readonly #backend: WebGPUBackend;
  readonly #lowered: Lowered;
  #resources: Resources;
  /** Resources on another device that are being made, after a loss. */
  #rebuilding: Promise<void> | undefined;
  #disposed = false;

  constructor(backend: WebGPUBackend, lowered: Lowered, resources: Resources) {
    this.#backend = backend;
    this.#lowered = lowered;
    this.#resources = resources;
    this.plan = lowered.plan;
  }

  /** Dispatches of one run. */
  get dispatches(): number {
    return this.#lowered.steps.length;
  }

  /**
   * Seconds that the last run's pass took on the GPU; undefined unless `timestamps` were asked for and the adapter has
   * them.
   */
  get passSeconds(): number | undefined {
    return this.#resources.passSeconds;
  }

  /** What a run does, step by step, and the bytes of its arena; for benchmarks and for people. */
  describe(): { steps: Lowered['steps']; arenaBytes: number } {
    return { steps: this.#lowered.steps, arenaBytes: 4 * this.#lowered.arenaLength };
  }

  /**
   * As Program.run. Up to three runs may be under way at once, as long as no two share a state; each one's outputs hold
   * until the third run after it starts. Throws ArgumentError, DisposedError, DeviceLostError or GpuCommandError.
   */
  run(inputs: readonly TensorData[], state?: Float32Array): Promise<Float32Array[]> {
    if (this.#disposed || this.#backend.disposed) return Promise.reject(new DisposedError('the program'));
    try {
      checkRun(this.#lowered, inputs, state);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#backend.withDevice(async (device) => {
      if (this.#resources.device !== device) await this.#rebuild(device);
      return this.#resources.run(inputs, state);
    });
  }

  /** One for all runs that wait for it. */
  #rebuild(device: GpuDevice): Promise<void> {
    this.#rebuilding ??= this.#remake(device).finally(() => (this.#rebuilding = undefined));
    return this.#rebuilding;
  }

  async #remake(device: GpuDevice): Promise<void> {
    const lost = this.#resources;
    const { weights, batching } = this.#backend;
    this.#resources = await Resources.make(device, this.#lowered, weights, batching.underWay);
    lost.destroy(this.#backend.weights);
  }

  /** Frees what it owns, once the runs under way have ended. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#backend.forget(this);
    const resources = this.#resources;
    const free = (): void => resources.destroy(this.#backend.weights);
    if (this.#backend.disposed) free();
    else void resources.idle().then(free);
  }
}
