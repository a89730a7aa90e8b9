/** The page to try the service with. */
import { readFile } from 'node:fs/promises';
import type { App } from '../app.ts';

const folder = new URL('../../../public/', import.meta.url);
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/recorder.js': ['recorder.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
} as const;

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function pageRoutes(app: App): Promise<void> {
  for (const [path, [file, type]] of Object.entries(files)) {
    const content = await readFile(new URL(file, folder));
    app.get(path, { schema: { hide: true } }, async (_, reply) =>
      reply
        .header('content-security-policy', policy)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .type(type)
        .send(content),
    );
  }
}
