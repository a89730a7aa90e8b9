import { openWebGPU, type WebGPUBackend, type WebGPUOptions } from '../../src/backends/webgpu/index.ts';
import { DeviceUnavailableError } from '../../src/errors.ts';

/** Names by which a software GPU gives itself away; its times say nothing about GPUs. */
const softwareGpu = /swiftshader|llvmpipe|lavapipe/i;

export function isSoftwareGpu(adapter: string): boolean {
  return softwareGpu.test(adapter);
}

/** A GPU of any kind, a software one too; undefined where there is none. */
export async function openAnyGpu(options: WebGPUOptions = {}): Promise<WebGPUBackend | undefined> {
  try {
    return await openWebGPU({ allowSoftware: true, ...options });
  } catch (error) {
    if (error instanceof DeviceUnavailableError) return undefined;
    throw error;
  }
}
