/** Run in a process of its own: from nothing to the first answer. argv: dist folder, weights, PCM file, device. Prints JSON. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [dist, weights, pcmFile, device] = process.argv.slice(2) as [string, string, string, 'cpu' | 'webgpu'];
const bytes = readFileSync(pcmFile);
const data = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

const start = performance.now();
const { Engine } = (await import(pathToFileURL(`${dist}/index.js`).href)) as typeof import('../../src/index.ts');
const imported = performance.now();
const engine = await Engine.create({ device, weights });
const call = () =>
  engine.processAudioChunk({
    data,
    models: [engine.models.Speech, engine.models.Gender],
    includeRawValues: true,
    volumeThreshold: 0,
  });
const answer = await call();
const first = performance.now();
for (let i = 0; i < 100; i++) await call();
const rss = process.memoryUsage().rss;
await engine.dispose();
console.log(JSON.stringify({ answer, importMs: imported - start, firstMs: first - imported, rssMb: rss / 2 ** 20 }));
