/**
 * Live from a microphone: a line whenever what is heard changes. Recording is done by arecord (ALSA) or sox; any program that
 * writes raw samples will do, named behind the script.
 * usage: node --import tsx examples/microphone.ts [COMMAND ARGUMENT ...]
 */
import { spawn } from 'node:child_process';
import { Engine } from 'undertone';

const [command, ...args] =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['arecord', '-q', '-t', 'raw', '-f', 'S16_LE', '-r', '16000', '-c', '1'];

const engine = await Engine.create();
const recorder = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
let last = '';
const periods = engine.processStream(recorder.stdout, {
  models: [engine.models.Speech, engine.models.Gender],
  outputPeriod: 512,
});
for await (const { timestamp, results } of periods) {
  const heard = `${results.speech.result}, ${results.gender.result.replace('_', ' ')}`;
  if (heard !== last) console.log(`${(timestamp / 1000).toFixed(2)} s  ${heard}`);
  last = heard;
}
await engine.dispose();
