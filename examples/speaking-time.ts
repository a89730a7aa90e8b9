/**
 * How much of a recording is speech, and how women and men share the speaking time.
 * usage: node --import tsx examples/speaking-time.ts FILE
 */
import { Engine } from 'undertone';

const engine = await Engine.create();
const { channels } = await engine.processFile(process.argv[2] ?? 'samples/call.flac', {
  models: [engine.models.Speech, engine.models.Gender],
  includeSummary: true,
});
for (const [channel, { summary }] of Object.entries(channels)) {
  if (!summary) continue;
  const { speech, gender } = summary;
  // Of the time that is not silent; of the voices that were told apart.
  const talk = speech.speech_fraction / (1 - speech.silence_fraction);
  const women = gender.female_fraction / (gender.male_fraction + gender.female_fraction);
  console.log(`channel ${channel}: ${percent(talk)} speech; women speak ${percent(women)} of the time`);
}
await engine.dispose();

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : 'none';
}
