/** Dawn, and the traces that a GPU and its driver leave on a machine. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** An optional package: by a name that bundlers do not follow, so that what has no GPU can be bundled without it. */
const dawn = 'webgpu';

export async function openGpu(flags: readonly string[]): Promise<GPU> {
  const { create } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ dawn)) as typeof import('webgpu');
  return create([...flags]);
}

/** Linux shows GPUs as device files; without one Dawn would only print the Vulkan loader's warnings. */
export function whyNoGpu(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return undefined;
  const devices = ['/dev/dri', '/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg', '/dev/kfd'];
  return devices.some((path) => existsSync(path)) ? undefined : 'this machine has no GPU device';
}

/** On Linux, whether any Vulkan driver is registered; asking first keeps the loader's warnings off the screen. */
export function whyNoGpuDriver(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const {
    VK_DRIVER_FILES,
    VK_ICD_FILENAMES,
    VK_ADD_DRIVER_FILES,
    XDG_CONFIG_HOME,
    XDG_DATA_HOME,
    XDG_CONFIG_DIRS,
    XDG_DATA_DIRS,
  } = process.env;
  const named = VK_DRIVER_FILES || VK_ICD_FILENAMES;
  if (named)
    return named.split(':').some((path) => existsSync(path))
      ? undefined
      : `VK_DRIVER_FILES names ${named}, which is not there`;
  if (VK_ADD_DRIVER_FILES) return undefined;
  // Where the loader looks: LoaderDriverInterface.md of Khronos' Vulkan-Loader, "Driver Discovery on Linux".
  const folders = [
    XDG_CONFIG_HOME || join(homedir(), '.config'),
    ...(XDG_CONFIG_DIRS || '/etc/xdg').split(':'),
    '/usr/local/etc',
    '/etc',
    XDG_DATA_HOME || join(homedir(), '.local/share'),
    ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':'),
  ];
  const found = folders.some((folder) => {
    const path = join(folder, 'vulkan/icd.d');
    return existsSync(path) && readdirSync(path).some((file) => file.endsWith('.json'));
  });
  return found ? undefined : 'no Vulkan driver is installed';
}
