/**
 * Writes what is told once in the sources and needed in a second place, all of it in files *.generated.ts, which are
 * not under version control: registries of ops, kernels and ONNX handlers; the instructions of the CPU backend;
 * WebAssembly and shaders as code. usage: node --import tsx tools/generate.ts
 */
import { fileURLToPath } from 'node:url';
import { writeAssets } from './generate/assets.ts';
import { writeInstructions } from './generate/instructions.ts';
import { checkKinds } from './generate/kinds.ts';
import { writeRegistries } from './generate/registries.ts';

export async function generate(): Promise<void> {
  writeRegistries();
  checkKinds();
  await writeInstructions();
  writeAssets();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generate();
