/** The sample that ships with the project: a woman's voice, int16 at 16 kHz. */
import { readFile } from 'node:fs/promises';

export async function sampleVoice(): Promise<Int16Array> {
  const file = await readFile(new URL('../../samples/reading-room.wav', import.meta.url));
  const start = file.indexOf('data', 12, 'latin1') + 8;
  return new Int16Array(
    file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length - ((file.length - start) % 2)),
  );
}
