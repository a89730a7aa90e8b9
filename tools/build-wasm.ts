/**
 * Makes the CPU backend's own modules in dist/ one small file.
 * usage: node --import tsx tools/build-wasm.ts
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const distBackend = join(root, 'dist/backends/wasm');

/** Leaves imports of what is not in the folder as they are, seen from the folder itself. */
function outside(folder: string): Plugin {
  return {
    name: 'outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path, kind }) => {
        if (kind === 'entry-point') return undefined;
        const seen = relative(folder, join(resolveDir, path));
        return seen.startsWith('..') ? { path: seen, external: true } : undefined;
      });
    },
  };
}

/**
 * The backend's modules in `from` as one, minified, not yet written; what lies outside the folder is imported as
 * before.
 */
export function bundle(from: string, extension: 'js' | 'ts'): Promise<BuildResult<{ write: false }>> {
  return build({
    entryPoints: [join(from, `index.${extension}`), join(from, `pool.${extension}`)],
    outdir: from,
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'warning',
    chunkNames: 'shared-[hash]',
    plugins: [outside(from)],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { outputFiles } = await bundle(distBackend, 'js');
  for (const file of readdirSync(distBackend, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.js')) rmSync(join(distBackend, file));
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}
