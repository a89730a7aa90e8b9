/** Which device computes, and why. `auto` takes a hardware GPU, else the CPU, and never a software GPU. */
import type { Backend, WeightPrecision } from '../backends/backend.ts';
import { DeviceUnavailableError } from '../errors.ts';
import { platform } from '../platform/index.ts';

export const deviceNames = ['auto', 'webgpu', 'cpu', 'gpu.js'] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface DeviceOptions {
  /** Device webgpu only. */
  readonly weightPrecision?: WeightPrecision | undefined;
}

export interface DeviceInfo {
  readonly backend: Exclude<DeviceName, 'auto'>;
  /** What computes: the GPU adapter's name, or the CPU's instruction set. */
  readonly adapter: string;
  /** Why this device was chosen, in a sentence. */
  readonly reason: string;
}

export interface OpenDevice {
  readonly backend: Backend;
  readonly info: DeviceInfo;
}

export interface DeviceReport {
  readonly name: Exclude<DeviceName, 'auto'>;
  readonly available: boolean;
  /** The adapter, or why there is none and how to get one. */
  readonly detail: string;
}

// Backends are imported when they are asked for: a CPU user never loads Dawn, a GPU user never loads gpu.js.
const openers = {
  webgpu: async (allowSoftware: boolean, { weightPrecision }: DeviceOptions = {}): Promise<Backend> =>
    (await import('../backends/webgpu/index.ts')).openWebGPU({ allowSoftware, weightPrecision }),
  cpu: async (): Promise<Backend> => (await import('../backends/wasm/index.ts')).openWasm(),
  'gpu.js': async (): Promise<Backend> => {
    const { openGpuJs } = await import('../backends/gpujs/index.ts');
    // Its WebAssembly mode is twice as fast as its JavaScript; where there is no WebAssembly the latter is what
    // remains.
    return openGpuJs({ mode: 'webasm' }).catch(() => openGpuJs({ mode: 'cpu' }));
  },
};

/**
 * Opens the device of this name. A named device that is not there is a DeviceUnavailableError, never another device.
 */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<OpenDevice> {
  if (name !== 'auto') {
    const backend = await openers[name](true, options);
    return opened(backend, name, 'it was asked for by name');
  }
  const why: string[] = [];
  for (const candidate of ['webgpu', 'cpu', 'gpu.js'] as const) {
    const missing = candidate === 'webgpu' ? platform.whyNoGpu() : undefined;
    if (missing) {
      why.push(`webgpu: ${missing}`);
      continue;
    }
    try {
      const backend = await openers[candidate](false, options);
      const reason =
        candidate === 'webgpu'
          ? 'the first choice of auto: a hardware GPU is there'
          : `the next choice of auto: ${why.join('; ')}`;
      return opened(backend, candidate, reason);
    } catch (error) {
      if (!(error instanceof DeviceUnavailableError)) throw error;
      why.push(`${candidate}: ${error.reason}`);
    }
  }
  throw new DeviceUnavailableError(
    'auto',
    why.join('; '),
    'The gpu.js fallback needs only its package to be installed.',
  );
}

function opened(backend: Backend, name: Exclude<DeviceName, 'auto'>, reason: string): OpenDevice {
  return { backend, info: { backend: name, adapter: backend.adapter, reason } };
}

/** Every device with whether it can be opened here. A software GPU counts as there: it can be named. */
export async function listDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const name of ['webgpu', 'cpu', 'gpu.js'] as const) {
    try {
      const backend = await openers[name](true);
      reports.push({ name, available: true, detail: backend.adapter });
      backend.dispose();
    } catch (error) {
      if (!(error instanceof DeviceUnavailableError)) throw error;
      reports.push({ name, available: false, detail: `${error.reason}. ${error.remedy}` });
    }
  }
  return reports;
}
