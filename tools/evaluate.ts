/**
 * Accuracy through the product itself: how often the engine's answer for a chunk is right.
 *
 * `npm run evaluate -- --help` lists the options.
 *
 * What a score means:
 * - A clip of several channels is their mean, brought to 16 kHz; a clip is one chunk, its first SECONDS. Clips shorter
 * than one
 *   step (64 ms) can't be judged; they are counted and named. Conditions are made after that, seeded by the clip's file name.
 * - Class: the engine's own result for Speech. `silence` is wrong for speech and music, and right for `other`, which
 * holds
 *   everything that is neither. The volume threshold is the product's default, but 0 for quiet30.
 * - Gender: clips whose true class is speech and whose gender is given; the larger of the two raw probabilities, so
 * that the gate
 *   (no_speech, silence) and `unknown` do not hide or add gender errors. The gated figure counts what a user sees: any result
 *   but the true one is wrong.
 * - balanced: mean recall over the classes that occur. ece: expected calibration error of the raw probabilities, 15
 * bins, every clip
 *   alike (eceBalanced: every class alike).
 * - pitch: recall of gender by the median of the talker's fundamental frequency.
 * - riskCoverage: gender with the least confident share left unanswered; `unknown` is what the cut-off in the model
 * file does. - A list of segments is judged in steps of 64 ms: area under the curve of p(speech) against the steps of
 * which at least half is
 *   labelled `speech`; onsets and ends, in ms from the border until the step is over that first says so.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { Engine } from '../src/engine.ts';
import { UndertoneError } from '../src/errors.ts';
import { type DeviceName, deviceNames } from '../src/runtime/devices.ts';
import { type ConditionName, conditionNames, conditions } from './evaluate/conditions.ts';
import { type Listening, type ListeningPlan, listen } from './evaluate/hear.ts';
import { EvaluationError, type LabelledClip, readLabels } from './evaluate/labels.ts';
import { reportOf } from './evaluate/report.ts';
import { screenReport, stepsReport } from './evaluate/screen.ts';
import { listsSegments, readSegments } from './evaluate/segments.ts';
import { judgeSteps } from './evaluate/steps.ts';

const usage =
  'usage: npm run evaluate -- DIR LABELS.tsv|SEGMENTS.tsv [--conditions clean,noise10,quiet30,tel8k] [--seconds 3] [--lengths 0.25,0.5,1,2] [--window first|loudest] [--device d] [--weights DIR] [--json OUT] [--plots DIR]';

const help = `${usage}

How often the engine's answer for a chunk is right.

  DIR            folder of audio files (WAV, or whatever undertone decodes)
  LABELS.tsv     header row, then one clip a row: file (within DIR), class (speech, music, other), gender (male, female or
                 nothing), corpus; other columns are passed over
  SEGMENTS.tsv   or: file, start, end (seconds), label; do Speech and SpeechRT know, step by step, where "speech" is?
  --conditions   clean, noise10 (white noise at 10 dB SNR), quiet30 (-30 dB), tel8k (300-3400 Hz, 8 kHz, mu-law); default all
  --seconds      a clip is its first so many seconds; default 3
  --lengths      shorter stretches judged too; default 0.25,0.5,1,2; none for none
  --window       which stretch stands for a shorter length: first (default) or loudest
  --device       ${deviceNames.join(', ')}; default auto
  --weights      folder of model files in place of the packaged ones
  --json OUT     writes the whole report; --plots DIR writes it as SVG`;

interface Request extends ListeningPlan {
  readonly folder: string;
  readonly list: string;
  readonly device: DeviceName;
  readonly weights: string | undefined;
  readonly json: string | undefined;
  readonly plots: string | undefined;
}

/** What the command line asks for; undefined where it asks for help. */
function parseRequest(args: string[]): Request | undefined {
  const option = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      conditions: option,
      seconds: option,
      lengths: option,
      window: option,
      device: option,
      weights: option,
      json: option,
      plots: option,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const [folder, list] = positionals;
  if (!folder || !list || positionals.length > 2) throw new EvaluationError(usage);
  return {
    folder,
    list,
    conditions:
      values.conditions === undefined
        ? conditionNames
        : values.conditions.split(',').map((name) => oneOf(conditionNames, name.trim(), '--conditions')),
    seconds: duration(values.seconds ?? '3', '--seconds'),
    lengths:
      values.lengths === 'none'
        ? []
        : (values.lengths ?? '0.25,0.5,1,2').split(',').map((length) => duration(length, '--lengths')),
    window: oneOf(['first', 'loudest'] as const, values.window ?? 'first', '--window'),
    device: oneOf(deviceNames, values.device ?? 'auto', '--device'),
    weights: values.weights,
    json: values.json,
    plots: values.plots,
  };
}

function oneOf<T extends string>(allowed: readonly T[], value: string, name: string): T {
  const found = allowed.find((one) => one === value);
  if (!found)
    throw new EvaluationError(`${name}: there is no ${JSON.stringify(value)}; there are ${allowed.join(', ')}`);
  return found;
}

function duration(text: string, name: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.064 && seconds <= 3600))
    throw new EvaluationError(`${name}: got ${JSON.stringify(text)}, but it must be seconds from 0.064 (one step) on`);
  return seconds;
}

/** A bar where somebody is looking; nothing in a log. */
async function withProgress(engine: Engine, clips: readonly LabelledClip[], request: Request): Promise<Listening> {
  if (!process.stderr.isTTY) return listen(engine, clips, request);
  const bar = new SingleBar({
    format: 'listening {bar} {value}/{total} clips, {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(clips.length, 0);
  try {
    return await listen(engine, clips, request, () => bar.increment());
  } finally {
    bar.stop();
  }
}

async function main(): Promise<void> {
  const request = parseRequest(process.argv.slice(2));
  if (!request) {
    console.log(help);
    return;
  }
  const text = await readFile(request.list, 'utf8').catch(() => '');
  const recordings = listsSegments(text) ? await readSegments(text, request.list, request.folder) : undefined;
  const clips = recordings ? [] : await readLabels(request.list, request.folder);
  const engine = await Engine.create({
    device: request.device,
    ...(request.weights === undefined ? {} : { weights: request.weights }),
  });
  try {
    for (const name of ['Speech', 'Gender'])
      if (!engine.isModelAvailable(name))
        throw new EvaluationError(`the model ${name} is not there; an accuracy report needs Speech and Gender`);
    const { backend, adapter } = engine.device;
    if (recordings) {
      console.log(`${recordings.length} recordings on ${backend} (${adapter})`);
      const report = await judgeSteps(engine, recordings, request.conditions);
      console.log(stepsReport(report));
      if (request.json !== undefined) await writeFile(request.json, `${JSON.stringify({ steps: report }, null, 1)}\n`);
      return;
    }
    console.log(`${clips.length} clips, the first ${request.seconds} s of each, on ${backend} (${adapter})`);
    for (const name of request.conditions) console.log(`  ${name}: ${conditions[name].description}`);

    const started = performance.now();
    const listening = await withProgress(engine, clips, request);
    const seconds = (performance.now() - started) / 1000;
    const report = reportOf(listening, request.seconds);
    console.log(`${screenReport(report)}\n${seconds.toFixed(1)} s`);
    if (listening.tooShort.length > 0)
      console.log(`not judged, shorter than one step: ${listening.tooShort.map(({ file }) => file).join(', ')}`);

    if (request.json !== undefined)
      await writeFile(request.json, `${JSON.stringify(whole(request, engine, clips, listening, report), null, 1)}\n`);
    if (request.plots !== undefined) {
      // The charting library takes longer to load than all the rest.
      const { writePlots } = await import('./evaluate/plots.ts');
      console.log(`plots: ${(await writePlots(report, request.plots)).length} files in ${request.plots}`);
    }
  } finally {
    await engine.dispose();
  }
}

function whole(
  request: Request,
  engine: Engine,
  clips: readonly LabelledClip[],
  listening: Listening,
  report: ReturnType<typeof reportOf>,
): object {
  return {
    conditions: report,
    clips: clips.length,
    tooShort: listening.tooShort.map(({ file }) => file),
    seconds: request.seconds,
    window: request.window,
    device: engine.device,
    models: Object.fromEntries(Object.values(engine.models).map(({ name, version }) => [name, version])),
    made: Object.fromEntries(request.conditions.map((name: ConditionName) => [name, conditions[name].description])),
  };
}

main().catch((error: NodeJS.ErrnoException) => {
  // A wrong call is one clear line; only what nobody foresaw deserves a stack.
  const foreseen =
    error instanceof EvaluationError || error instanceof UndertoneError || typeof error.code === 'string';
  console.error(foreseen ? error.message : error.stack);
  process.exitCode = 1;
});
