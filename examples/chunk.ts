/**
 * One answer for a chunk of samples.
 * usage: node --import tsx examples/chunk.ts
 */
import { readFile } from 'node:fs/promises';
import { Engine } from 'undertone';

const engine = await Engine.create();
// 16 kHz, 16 bits, one channel: what stands behind the header of the WAV file.
const wav = await readFile(new URL('../samples/reading-room.wav', import.meta.url));
const { results } = await engine.processAudioChunk({
  data: wav.subarray(44, 44 + 2 * 16000),
  models: [engine.models.Speech, engine.models.Gender],
});
console.log(results.speech.result, results.speech.confidence);
console.log(results.gender.result, results.gender.confidence);
await engine.dispose();
