/** The registry of a folder: what its files export of one type. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, write } from './write.ts';

/** Folders whose files export constants of a type, `export const NAME: TYPE`; for kernels NAME is the op's. */
const folders = [
  { folder: 'src/ops', type: 'Op' },
  { folder: 'src/backends/webgpu/kernels', type: 'Builder', ofKernels: true },
  { folder: 'src/backends/wasm/lower', type: 'Lower', ofKernels: true },
  { folder: 'src/backends/gpujs/steps', type: 'StepMaker', ofKernels: true },
  { folder: 'src/onnx/ops', type: 'Handlers' },
  { folder: 'test/ops/table', type: 'OpRows', ofKernels: true },
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
      [...readFileSync(join(root, folder, file), 'utf8').matchAll(exported)].map(([, name]) => ({ name, file })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  found.forEach(({ name, file }, i) => {
    if (found[i + 1]?.name === name)
      throw new Error(`${folder}: ${file} and ${found[i + 1].file} both export "${name}"`);
  });
  return found;
}

/** Throws where two files export one name, or a kernel that is of no op. */
export function writeRegistries(): void {
  const ops = new Set(registered('src/ops', 'Op').map(({ name }) => name));
  for (const { folder, type, ofKernels } of folders) {
    const found = registered(folder, type);
    const stranger = ofKernels && found.find(({ name }) => !ops.has(name) && name !== 'movement');
    if (stranger) throw new Error(`${folder}/${stranger.file}: there is no op "${stranger.name}"`);
    const lines = found.map(({ name, file }) => `export { ${name} } from './${file}';\n`);
    write(
      `${folder}/registry.generated.ts`,
      `// Made by tools/generate.ts: every \`export const NAME: ${type}\` here.\n${lines.join('')}`,
    );
  }
}
