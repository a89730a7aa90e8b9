/**
 * A folder of recordings to a table: a row a file, the share of each result.
 * usage: node --import tsx examples/folder-to-csv.ts FOLDER > shares.csv
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine, UndertoneError } from 'undertone';

const folder = process.argv[2] ?? 'samples';
const engine = await Engine.create();
console.log('file,speech,music,other,silence,male,female');
for (const file of (await readdir(folder)).sort()) {
  try {
    const { channels } = await engine.processFile(join(folder, file), {
      models: [engine.models.Speech, engine.models.Gender],
      channel: 0,
      includeSummary: true,
    });
    const { speech, gender } = channels[0].summary ?? {};
    if (!speech || !gender) continue;
    const shares = [
      speech.speech_fraction,
      speech.music_fraction,
      speech.other_fraction,
      speech.silence_fraction,
      gender.male_fraction,
      gender.female_fraction,
    ];
    console.log([JSON.stringify(file), ...shares].join());
  } catch (error) {
    // A file that is no audio, or damaged: the error names it and says what is wrong.
    if (!(error instanceof UndertoneError)) throw error;
    console.error(error.message);
  }
}
await engine.dispose();
