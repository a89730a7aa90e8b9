/**
 * One WebGPU device: its limits, the pipelines made on it so far, and its buffers. Everything turns errors into
 * exceptions.
 */
import { DeviceMemoryError, DeviceUnavailableError, GpuCommandError, ShaderError } from '../../errors.ts';
import { chooseAdapter, nameOf, type WebGPUOptions } from './adapter.ts';
import type { Kernel } from './lowered.ts';
import { pageSize } from './params.ts';
import { loadShader, type Shader } from './shaders.ts';

/** Flags of the WebGPU specification, which are globals in a browser only. */
export const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;
const computeStage = 0x4;

const requestedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const;
export type DeviceLimits = Readonly<Record<(typeof requestedLimits)[number], number>>;

export class GpuDevice {
  readonly limits: DeviceLimits;
  /**
   * One layout for all kernels: uniforms, what a program reads only, its arena, and again what it reads only, as words.
   */
  readonly groupLayout: GPUBindGroupLayout;
  readonly #pipelineLayout: GPUPipelineLayout;
  readonly #modules = new Map<string, Promise<GPUShaderModule>>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  /** Why it was lost, as soon as it was. */
  lost: string | undefined;
  /** An error that no scope caught; the next run to end reports it. */
  #fault: string | undefined;
  readonly device: GPUDevice;
  readonly adapter: string;

  private constructor(device: GPUDevice, adapter: string, bounds: Readonly<Record<string, number>>) {
    this.device = device;
    this.adapter = adapter;
    // A device never has less than WebGPU's defaults, so bounds below them are kept here.
    this.limits = Object.fromEntries(
      requestedLimits.map((name) => [name, Math.min(device.limits[name], bounds[name] ?? Infinity)]),
    ) as DeviceLimits;
    const entry = (binding: number, type: GPUBufferBindingType, minBindingSize = 0): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: computeStage,
      buffer: { type, minBindingSize },
    });
    this.groupLayout = device.createBindGroupLayout({
      entries: [
        entry(0, 'uniform', pageSize),
        entry(1, 'read-only-storage'),
        entry(2, 'storage'),
        entry(3, 'read-only-storage'),
      ],
    });
    this.#pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [this.groupLayout] });
    void device.lost.then(({ message, reason }) => (this.lost = message || reason));
    device.addEventListener('uncapturederror', (event) => {
      this.#fault ??= (event as GPUUncapturedErrorEvent).error.message;
      // Dawn would print it as well.
      event.preventDefault();
    });
  }

  static async open(options: WebGPUOptions): Promise<GpuDevice> {
    const adapter = await chooseAdapter(options);
    const requiredLimits = Object.fromEntries(
      requestedLimits.map((name) => [name, Math.min(adapter.limits[name], options.limits?.[name] ?? Infinity)]),
    );
    const requiredFeatures: GPUFeatureName[] =
      options.timestamps && adapter.features.has('timestamp-query') ? ['timestamp-query'] : [];
    try {
      return new GpuDevice(
        await adapter.requestDevice({ requiredLimits, requiredFeatures }),
        nameOf(adapter),
        options.limits ?? {},
      );
    } catch (error) {
      throw new DeviceUnavailableError(
        'webgpu',
        `${nameOf(adapter)} gave no device (${(error as Error).message})`,
        'Another process may hold it; or update its driver',
      );
    }
  }

  /** Waits a moment for the news of a loss, which comes later than the failures it causes. */
  async isLost(): Promise<boolean> {
    await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
    return this.lost !== undefined;
  }

  /** Throws what went wrong on the device since the last call, if anything did. */
  checkFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault) throw new GpuCommandError(`the GPU refused a command: ${fault}`);
  }

  /** A buffer, or DeviceMemoryError where there is no room. `what` names it in that error. */
  async buffer(what: string, size: number, usages: number): Promise<GPUBuffer> {
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    const buffer = this.device.createBuffer({ label: what, size, usage: usages });
    const [invalid, full] = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
    if (full) throw new DeviceMemoryError(what, size, this.limits.maxBufferSize);
    if (invalid) throw new GpuCommandError(`${what}: ${invalid.message}`);
    return buffer;
  }

  pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
    const key = `${kernel.file} ${kernel.entry} ${JSON.stringify(kernel.constants)}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#makePipeline(kernel);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #makePipeline({ file, entry, constants }: Kernel): Promise<GPUComputePipeline> {
    const shader = loadShader(file);
    const module = await this.module(shader);
    try {
      const compute = { module, entryPoint: entry, constants };
      return await this.device.createComputePipelineAsync({
        label: `${file} ${entry}`,
        layout: this.#pipelineLayout,
        compute,
      });
    } catch (error) {
      throw errorIn(shader, `${(error as Error).message} (entry ${entry}, constants ${JSON.stringify(constants)})`);
    }
  }

  /** Compiles a shader; throws ShaderError with the first message that is an error. Public for tests. */
  module(shader: Shader): Promise<GPUShaderModule> {
    let module = this.#modules.get(shader.source);
    if (!module) {
      module = this.#compile(shader);
      this.#modules.set(shader.source, module);
    }
    return module;
  }

  async #compile(shader: Shader): Promise<GPUShaderModule> {
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: shader.file, code: shader.source });
    // Dawn's Node binding never answers getCompilationInfo() of a module that failed; the scope's message has it all.
    const error = await this.device.popErrorScope();
    if (error) throw errorIn(shader, error.message);
    return module;
  }

  destroy(): void {
    this.device.destroy();
  }
}

/** Finds the line and column that Dawn puts into its messages as ":12:5 error: ...". */
function errorIn(shader: Shader, message: string): ShaderError {
  const place = /:(\d+):(\d+):? error:? (.*)/.exec(message);
  if (!place) return new ShaderError(shader.file, 0, 0, message);
  const { file, line } = shader.origin(Number(place[1]));
  return new ShaderError(file, line, Number(place[2]), place[3]);
}
