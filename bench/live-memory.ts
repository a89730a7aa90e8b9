/**
 * Does a live stream of hours keep its memory? Simulated: audio in pieces of 20 ms as fast as it is taken.
 * usage: node --expose-gc --import tsx bench/live-memory.ts [HOURS]     (default 8)
 * Prints memory every ten minutes of audio; ends with 1 if the heap and the buffers outside it grew by 5 MB after the first.
 */
import { Engine } from '../src/index.ts';
import { sampleVoice } from '../test/support/sample.ts';

const hours = Number(process.argv[2] ?? 8);
const piecesPerSecond = 50;
const mostGrowth = 5e6;

const engine = await Engine.create();
const voice = await sampleVoice();
const stream = await engine.openStream({ models: [engine.models.Speech, engine.models.Gender], includeSummary: true });
let results = 0;
const reading = (async () => {
  for await (const _ of stream) results++;
})();

const piece = 16000 / piecesPerSecond;
let baseline = 0;
let growth = 0;
for (let i = 0; i <= hours * 3600 * piecesPerSecond; i++) {
  const at = (i * piece) % (voice.length - piece);
  await stream.write(voice.subarray(at, at + piece));
  if (i === 0 || i % (600 * piecesPerSecond) !== 0) continue;
  global.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  // Resident memory moves by pages that the system lends and takes back; what the process holds on to is this.
  const held = heapUsed + external;
  baseline ||= held;
  growth = held - baseline;
  const time = `${(i / piecesPerSecond / 3600).toFixed(2)} h`;
  console.log(`${time}  held ${(held / 1e6).toFixed(1)} MB (${growth < 0 ? '' : '+'}${(growth / 1e6).toFixed(2)})  resident ${(rss / 1e6).toFixed(1)} MB`);
}
await stream.end();
await reading;
console.log(`${results} results, ${JSON.stringify(stream.overview().channels['0']!.summary!.speech)}`);
await engine.dispose();
process.exitCode = growth < mostGrowth ? 0 : 1;
