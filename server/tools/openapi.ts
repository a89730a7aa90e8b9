/**
 * Writes openapi.json as the service itself gives it, and the client's types from it; with --check only compares.
 * usage: node --import tsx tools/openapi.ts [--check]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaults, startServer } from '../src/index.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const server = await startServer({ ...defaults, port: 0, open: true, logLevel: 'silent', threads: 1, device: 'cpu' });
const description = await (await fetch(`${server.url}/openapi.json`)).json();
await server.close();
const folder = mkdtempSync(join(tmpdir(), 'undertone-openapi-'));
const json = join(folder, 'openapi.json');
const types = join(folder, 'schema.ts');
writeFileSync(json, `${JSON.stringify(description, null, 2)}\n`);
const cli = ['node_modules', 'client/node_modules']
  .map((place) => at(`${place}/openapi-typescript/bin/cli.js`))
  .find(existsSync);
if (!cli) throw new Error('openapi-typescript is not installed');
execFileSync(process.execPath, [cli, json, '-o', types], { stdio: ['ignore', 'ignore', 'inherit'] });
const stale: string[] = [];
for (const [made, kept] of [
  [json, at('openapi.json')],
  [types, at('client/src/schema.ts')],
] as const) {
  const text = readFileSync(made, 'utf8');
  if (existsSync(kept) && readFileSync(kept, 'utf8') === text) continue;
  if (process.argv.includes('--check')) stale.push(kept);
  else writeFileSync(kept, text);
}
rmSync(folder, { recursive: true });
if (stale.length > 0) {
  console.error(`not as the service gives it, run npm run openapi: ${stale.join(', ')}`);
  process.exit(1);
}
process.exit(0);
