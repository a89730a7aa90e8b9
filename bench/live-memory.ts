/**
 * Does a live stream of hours keep its memory? Simulated: audio in pieces of 20 ms as fast as it is taken.
 * usage: node --import tsx bench/live-memory.ts [HOURS]     (default 8)
 * Prints memory every ten minutes of audio; ends with 1 if resident memory was ever 5 MB above that after the first.
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
let first = 0;
let growth = 0;
for (let i = 0; i <= hours * 3600 * piecesPerSecond; i++) {
  const at = (i * piece) % (voice.length - piece);
  await stream.write(voice.subarray(at, at + piece));
  if (i === 0 || i % (600 * piecesPerSecond) !== 0) continue;
  const { heapUsed, external, rss } = process.memoryUsage();
  first ||= rss;
  const since = rss - first;
  growth = Math.max(growth, since);
  console.log(
    `${(i / piecesPerSecond / 3600).toFixed(2)} h  resident ${(rss / 1e6).toFixed(1)} MB (${since < 0 ? '' : '+'}${(since / 1e6).toFixed(2)})  heap and buffers ${((heapUsed + external) / 1e6).toFixed(1)} MB`,
  );
}
await stream.end();
await reading;
console.log(`${results} results, ${JSON.stringify(stream.overview().channels['0'].summary!.speech)}`);
await engine.dispose();
process.exitCode = growth < mostGrowth ? 0 : 1;
