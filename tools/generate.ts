/**
 * Writes what is told once in the sources and needed in a second place; nothing of it is under version control.
 *   registry.ts in five folders: every op, every backend's kernels by op, the ONNX handlers
 * usage: node --import tsx tools/generate.ts
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folders whose files export constants of a type, `export const NAME: TYPE`; for kernels NAME is the op's. */
const registries = [
  { folder: 'src/ops', type: 'Op' },
  { folder: 'src/backends/webgpu/kernels', type: 'Builder', ofKernels: true },
  { folder: 'src/backends/wasm/lower', type: 'Lower', ofKernels: true },
  { folder: 'src/backends/gpujs/steps', type: 'StepMaker', ofKernels: true },
  { folder: 'src/onnx/ops', type: 'Handlers' },
];

interface Registered {
  readonly name: string;
  readonly file: string;
}

/** All constants of this type in a folder, by name. */
function registered(folder: string, type: string): Registered[] {
  const exported = new RegExp(`^export const (\\w+): ${type} =`, 'gm');
  const found = readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .flatMap(({ name: file }) =>
      [...readFileSync(join(root, folder, file), 'utf8').matchAll(exported)].map(([, name]) => ({ name: name!, file })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  found.forEach(({ name, file }, i) => {
    if (found[i + 1]?.name === name)
      throw new Error(`${folder}: ${file} and ${found[i + 1]!.file} both export "${name}"`);
  });
  return found;
}

/** Written only where it changes, so that the time of the file tells when it did. */
function write(file: string, text: string): void {
  const path = join(root, file);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

function writeRegistries(): void {
  const ops = new Set(registered('src/ops', 'Op').map(({ name }) => name));
  for (const { folder, type, ofKernels } of registries) {
    const found = registered(folder, type);
    const stranger = ofKernels && found.find(({ name }) => !ops.has(name) && name !== 'movement');
    if (stranger) throw new Error(`${folder}/${stranger.file}: there is no op "${stranger.name}"`);
    const lines = found.map(({ name, file }) => `export { ${name} } from './${file}';\n`);
    write(
      `${folder}/registry.ts`,
      `// Made by tools/generate.ts: every \`export const NAME: ${type}\` here.\n${lines.join('')}`,
    );
  }
}

export function generate(): void {
  writeRegistries();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate();
