/**
 * Packs the benchmarks for a machine that has Node, the product's own packages and `onnxruntime-node`, and no compiler.
 * usage: node --import tsx bench/support/pack.ts FOLDER
 * FOLDER gets bundle/run.mjs, the data it reads at the places it knows, and the compiled product for fresh processes.
 */
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { compile } from './compile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.argv[2];
if (!folder) {
  console.error('usage: node --import tsx bench/support/pack.ts FOLDER');
  process.exit(2);
}

/** In a bundle every module stands in one file; what a module reads beside itself must be found all the same. */
const placed: Plugin = {
  name: 'placed',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(root) || path.includes('node_modules')) return undefined;
      const text = await readFile(path, 'utf8');
      return {
        loader: 'ts',
        contents: text.replaceAll('import.meta.url', `new URL(${JSON.stringify(relative(root, path))}, packRoot).href`),
      };
    });
  },
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await build({
  entryPoints: [join(root, 'bench', 'run.ts')],
  outdir: join(folder, 'bundle'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  external: ['webgpu', 'onnxruntime-node', 'esbuild', 'gpu.js', 'benny'],
  plugins: [placed],
  // CommonJS packages in an ES module ask for require.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);\nconst packRoot = new URL('../', import.meta.url);",
  },
  logLevel: 'error',
});
for (const path of ['weights', 'samples', 'bench/onnx'])
  await cp(join(root, path), join(folder, path), { recursive: true });
await compile(join(folder, 'compiled'));
// benny's benchmark.js looks for its own packages at run time and can't be bundled; the fresh process with Meyda takes it as users do.
for (const name of new Set([...(await withDependencies('benny')), ...(await withDependencies('meyda'))]))
  await cp(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });

// The GPU package is no dependency of the product; of its platforms only this one's.
await cp(join(root, 'node_modules', 'webgpu'), join(folder, 'node_modules', 'webgpu'), {
  recursive: true,
  filter: (path) => !/webgpu\/dist\/(?!linux-x64)[^/]+$/.test(path),
});

/** A package and all that it needs, by name. */
async function withDependencies(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(name)) return found;
  found.add(name);
  const { dependencies = {} } = JSON.parse(
    await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8'),
  ) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) await withDependencies(dependency, found);
  return found;
}
