import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** Where and with what a benchmark ran; stands beside its numbers. */
export function machine(): Record<string, string | number> {
  const version = (name: string): string => {
    try {
      return (JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      return 'not installed';
    }
  };
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    'memory, GB': Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    ...Object.fromEntries(['webgpu', 'onnxruntime-node', 'meyda'].map((name) => [name, version(name)])),
    date: new Date().toISOString(),
  };
}
