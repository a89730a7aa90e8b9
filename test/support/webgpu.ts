/**
 * Opens WebGPU for tests: on the driver that VK_DRIVER_FILES names, else on the software GPU that
 * tools/software-gpu.sh fetches, else on whatever the machine has.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openWebGPU, type WebGPUBackend, type WebGPUOptions } from '../../src/backends/webgpu/index.ts';
import { DeviceUnavailableError } from '../../src/errors.ts';

const softwareDriver = fileURLToPath(new URL('../../.cache/swiftshader/vk_swiftshader_icd.json', import.meta.url));
if (!process.env.VK_DRIVER_FILES && existsSync(softwareDriver)) process.env.VK_DRIVER_FILES = softwareDriver;

/**
 * The backend, or undefined with a plain message where there is no adapter, so that tests are left out; with
 * UNDERTONE_REQUIRE_WEBGPU=1 that is an error instead.
 */
export async function webgpuForTests(options: WebGPUOptions = {}): Promise<WebGPUBackend | undefined> {
  try {
    return await openWebGPU({ allowSoftware: true, ...options });
  } catch (error) {
    if (!(error instanceof DeviceUnavailableError) || process.env.UNDERTONE_REQUIRE_WEBGPU === '1') throw error;
    console.log(`WebGPU tests are left out: ${error.message}. For a software GPU, run tools/software-gpu.sh.`);
    return undefined;
  }
}

/** Counts every create call on a device from now on. */
export function countObjects(device: GPUDevice): Map<string, number> {
  const made = new Map<string, number>();
  const methods = device as unknown as Record<string, (...given: unknown[]) => unknown>;
  const names = [
    'createBuffer',
    'createBindGroup',
    'createBindGroupLayout',
    'createPipelineLayout',
    'createShaderModule',
    'createComputePipeline',
    'createComputePipelineAsync',
    'createCommandEncoder',
    'createQuerySet',
    'createTexture',
    'createSampler',
  ];
  for (const name of names) {
    const create = methods[name].bind(device);
    methods[name] = (...given) => {
      made.set(name, (made.get(name) ?? 0) + 1);
      return create(...given);
    };
  }
  return made;
}
