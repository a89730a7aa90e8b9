/** Run in a process of its own: the same with Meyda and onnxruntime-node. argv: folder of ONNX files, PCM file, decisions as JSON. Prints JSON. */
import { readFileSync } from 'node:fs';
import type { Decisions } from '../support/by-hand.ts';

const [onnx, pcmFile, decisionsJson] = process.argv.slice(2) as [string, string, string];
const decisions = JSON.parse(decisionsJson) as Decisions;
const bytes = readFileSync(pcmFile);
const data = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

const start = performance.now();
const { ByHand } = await import('../support/by-hand.ts');
const imported = performance.now();
const peer = await ByHand.open(onnx);
const answer = JSON.parse(await peer.analyze(data, decisions)) as object;
const first = performance.now();
for (let i = 0; i < 100; i++) await peer.analyze(data, decisions);
const rss = process.memoryUsage().rss;
console.log(JSON.stringify({ answer, importMs: imported - start, firstMs: first - imported, rssMb: rss / 2 ** 20 }));
