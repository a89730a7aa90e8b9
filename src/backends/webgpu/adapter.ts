/** Dawn, its adapters, and why one of them is used or not. */
import { DeviceUnavailableError } from '../../errors.ts';
import { platform } from '../../platform/index.ts';
import type { WeightPrecision } from '../backend.ts';
import type { Tuning } from './tuning.ts';

export interface WebGPUOptions {
  /** Whether a software adapter will do. Default false: it is slower than the CPU backends. */
  readonly allowSoftware?: boolean;
  /** Dawn's name of the API underneath, such as 'vulkan', 'metal', 'd3d12'; 'null' computes nothing. */
  readonly adapterBackend?: string;
  /** Upper bounds on what is asked of the adapter, to stay below what it could give. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Default f32; f16 halves the memory of weights and what is read of it. */
  readonly weightPrecision?: WeightPrecision | undefined;
  /** With f16, numbers that a matrix must have to be kept so; default 8192. */
  readonly halvesFrom?: number | undefined;
  /**
   * Measures each run's pass on the GPU where the adapter can (`WebGPUProgram.passSeconds`); runs must then not
   * overlap.
   */
  readonly timestamps?: boolean;
  /** Other bounds on batches than the usual ones. */
  readonly batching?: { readonly largest?: number; readonly underWay?: number };
  /** Other numbers than the usual ones by which kernels are fitted to a GPU. */
  readonly tuning?: Partial<Tuning> | undefined;
  /** Leaves Dawn's validation and bounds checks out. Only for kernels that have been tested with them. */
  readonly unchecked?: boolean;
}

export interface AdapterReport {
  readonly name: string;
  readonly software: boolean;
  readonly used: boolean;
  /** Why it is used or not, in a sentence. */
  readonly reason: string;
}

/**
 * What Dawn's create() returned, for ever and by its flags: once V8 has collected it, a device or buffer that still
 * lives brings the process down.
 */
export const held = new Map<string, GPU>();

const remedy =
  'Install the driver of your GPU and the Vulkan loader (Debian: libvulkan1; NVIDIA: the driver with its ' +
  'nvidia_icd.json), ' +
  'or point VK_DRIVER_FILES at the json file of a Vulkan driver';

const softwareNames = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i;

/** The Dawn instance for these options. Throws DeviceUnavailableError where Dawn itself can't be loaded. */
async function openDawn({ adapterBackend, unchecked }: WebGPUOptions): Promise<GPU> {
  const flags = [
    ...(adapterBackend ? [`backend=${adapterBackend}`] : []),
    ...(unchecked ? ['enable-dawn-features=skip_validation,disable_robustness'] : []),
  ];
  const key = flags.join(' ');
  let gpu = held.get(key);
  if (!gpu) {
    try {
      gpu = await platform.openGpu(flags);
    } catch (error) {
      throw new DeviceUnavailableError(
        'webgpu',
        `the package "webgpu" can't be loaded (${(error as Error).message})`,
        'It is an optional package: npm install webgpu, on a platform that it supports',
      );
    }
    held.set(key, gpu);
  }
  return gpu;
}

export function nameOf({ info }: GPUAdapter): string {
  return (
    info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unnamed adapter'
  );
}

function isSoftware({ info }: GPUAdapter): boolean {
  return (
    info.isFallbackAdapter ||
    softwareNames.test([info.vendor, info.architecture, info.device, info.description].join(' '))
  );
}

/** The adapter to use. Throws DeviceUnavailableError, with what stands in the way and how to mend it. */
export async function chooseAdapter(options: WebGPUOptions): Promise<GPUAdapter> {
  const missing = options.adapterBackend ? undefined : platform.whyNoGpuDriver();
  if (missing) throw new DeviceUnavailableError('webgpu', missing, remedy);
  const gpu = await openDawn(options);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new DeviceUnavailableError('webgpu', 'no GPU adapter was found', remedy);
  if (isSoftware(adapter) && !options.allowSoftware) {
    throw new DeviceUnavailableError(
      'webgpu',
      `the only adapter, ${nameOf(adapter)}, computes in software`,
      `${remedy}, or name the device to use it all the same`,
    );
  }
  return adapter;
}

/** Every adapter that can be told apart, and whether `openWebGPU` with these options would use it. */
export async function probeWebGPU(options: WebGPUOptions = {}): Promise<AdapterReport[]> {
  if (!options.adapterBackend && platform.whyNoGpuDriver()) return [];
  const gpu = await openDawn(options);
  const reports = new Map<string, AdapterReport>();
  for (const wish of [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ] as const) {
    const adapter = await gpu.requestAdapter(wish);
    if (!adapter || reports.has(nameOf(adapter))) continue;
    const software = isSoftware(adapter);
    const used = reports.size === 0 && (!software || options.allowSoftware === true);
    const reason = used
      ? software
        ? 'it computes in software, which was allowed'
        : 'it is the fastest there is'
      : software
        ? 'it computes in software'
        : 'another adapter is preferred';
    reports.set(nameOf(adapter), { name: nameOf(adapter), software, used, reason });
  }
  return [...reports.values()];
}
