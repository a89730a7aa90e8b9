/**
 * The command line: what can be said, in words worth reading. What is done stands in a file a command, loaded only for
 * it.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { encodings } from '../audio/format.ts';
import { defaults } from '../options.ts';
import { deviceNames } from '../runtime/devices.ts';
import { exitCodes, reportError } from './errors.ts';
import { formatNames, formats } from './formats.ts';
import { channel, listAmong, listOf, namedValue, numberBetween, quantizations, wholeNumber } from './values.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;

/** Runs a command line; gives the exit code. Nothing is thrown. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that has seen enough (head, less) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : exitCodes.failed),
  );
  let exitCode: number = exitCodes.done;
  const program = createProgram((code) => (exitCode = code));
  try {
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return reportError(error);
  }
}

/** `finish` takes the exit code of the command that ran. */
export function createProgram(finish: (code: number) => void = () => {}): Command {
  const program = new Command('undertone')
    .description('Tells what is heard in audio: speech, music or other; a male or a female voice.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(--help tells more)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride();

  const command = (name: string, description: string): Command =>
    program.command(name).description(description).exitOverride();

  analysisOptions(
    command('chunk', 'one answer for each file, or for a part of it').argument(
      '<files...>',
      'audio: WAV, FLAC, MP3, Ogg, Opus, WebM, MP4, AIFF, CAF, AU or AMR; - is standard input',
    ),
  )
    .option('--start <s>', 'begin at this second', numberBetween(0, Infinity))
    .option('--end <s>', 'end at this second', numberBetween(0, Infinity))
    .option('--partial', 'use what can be read of a damaged file, with a warning')
    .option('--json', 'print JSON; a list for several files')
    .addHelpText(
      'after',
      examples(
        'undertone chunk call.wav',
        'undertone chunk call.wav --raw --start 12.5 --end 20 --json',
        'ffmpeg -v quiet -i film.mkv -f wav - | undertone chunk -',
      ),
    )
    .action(async (files, options) => finish(await (await import('./chunk.ts')).chunk(files, options)));

  analysisOptions(
    command('analyze', 'time series of files, folders and patterns').argument(
      '<files...>',
      'audio files, folders (searched with all below them) or patterns such as "calls/**/*.wav"',
    ),
  )
    .option(
      '--period <ms>',
      'one answer for this many milliseconds, a multiple of 64',
      wholeNumber(64, 86_400_000),
      defaults.outputPeriod,
    )
    .option('--start <s>', 'begin at this second of each file', numberBetween(0, Infinity))
    .option('--end <s>', 'end at this second of each file', numberBetween(0, Infinity))
    .option('--min-duration <ms>', 'runs that are shorter go to their longer neighbour', numberBetween(0, 86_400_000))
    .option('--summary', 'add the share of each result')
    .option('--transitions', 'add the runs of equal results, to 64 ms')
    .addOption(
      new Option('-f, --format <formats>', 'how to write the results; several, separated by commas, with --out')
        .choices(formatNames)
        .argParser(listAmong(formatNames))
        .default(['table'], 'table'),
    )
    .option('-o, --out <dir>', 'write one file for each input into this folder')
    .option('--resume', 'with --out: leave out what an earlier run with the same options has finished')
    .option('--partial', 'use what can be read of a damaged file, with a warning')
    .option('--jobs <n>', 'files at the same time', wholeNumber(1, 64), 4)
    .option('-q, --quiet', 'no progress and no closing table')
    .addHelpText(
      'after',
      `
Formats:
${formatNames.map((name) => `  ${name.padEnd(9)} ${formats[name].about}`).join('\n')}

Without --out the results go to standard output. Progress, warnings and errors go to standard error.
The exit code is 0 if all files were analysed, 1 if any was not, 2 if the command line makes no sense.
${examples(
  'undertone analyze interview.flac',
  'undertone analyze recordings/ --format csv > recordings.csv',
  'undertone analyze "shows/**/*.mp3" --format html --out pictures --resume',
)}`,
    )
    .action(async (files, options) => finish(await (await import('./analyze.ts')).analyze(files, options)));

  analysisOptions(command('listen', 'live: raw samples from standard input, an answer for each period'))
    .option('--rate <hz>', 'sample rate, by default 16000', wholeNumber(8000, 192_000))
    .option('--channels <n>', 'interleaved channels', wholeNumber(1, 256), 1)
    .addOption(
      new Option('--encoding <e>', 'what a sample is; mulaw and alaw are at 8000 Hz unless --rate says otherwise')
        .choices(encodings)
        .default('s16le'),
    )
    .option(
      '--period <ms>',
      'one answer for this many milliseconds, a multiple of 64',
      wholeNumber(64, 86_400_000),
      512,
    )
    .option('--changes', 'print only when a result changes')
    .option('--json', 'print a line of JSON for each period')
    .addHelpText(
      'after',
      examples(
        'arecord -q -t raw -f S16_LE -r 16000 -c 1 | undertone listen',
        'sox -d -q -t raw -e signed -b 16 -r 16000 -c 1 - | undertone listen --changes',
        'ffmpeg -v quiet -i http://radio/stream -f s16le -ar 16000 -ac 1 - | undertone listen --json',
      ),
    )
    .action(async (options) => finish(await (await import('./listen.ts')).listen(options)));

  command('devices', 'what can compute here, what cannot and why')
    .option('--json', 'print JSON')
    .action(async (options) => finish(await (await import('./devices.ts')).devices(options)));

  command('convert', 'turn an ONNX network into a model file')
    .argument('<in.onnx>', 'the network')
    .argument('<out.model>', 'the file to write')
    .option(
      '--meta <file>',
      'JSON with name, version, labels, sampleRate, features, framesPerStep, receptiveField, unknownCutoff, ' +
        'gate, warmupWeights and training',
    )
    .option('--network', 'write a plain network for undertone/network, not a model that listens to audio')
    .option('--dim <name=extent>', 'fix an open axis, or say which other one it equals', namedValue, {})
    .option('--input <name=value>', 'give an input its value once and for all, such as sr=16000', namedValue, {})
    .option('--no-verify', 'leave out the comparison with onnxruntime-node; the model file says so')
    .addOption(
      new Option('--quantize <type>', 'store kernels and matrices so; they are computed with in float32').choices(
        quantizations,
      ),
    )
    .option(
      '--evaluate <file>',
      'tell what that costs on labelled clips: a tab-separated list with a header row, a column "file" and one ' +
        "with the model's labels",
    )
    .option('--audio <dir>', 'where the clips are, if not beside the list')
    .addHelpText('after', examples('undertone convert speech.onnx speech.model --meta speech.meta.json'))
    .action(async (input, output, options) =>
      finish(await (await import('./convert.ts')).convertCommand(input, output, options)),
    );

  command('inspect', 'tell what a model file or an ONNX network holds')
    .argument('<files...>', 'a model file or an ONNX network; two model files with --diff')
    .option('--diff', 'tell two model files apart: metadata, nodes, and how far each tensor moved')
    .option(
      '--compare <file>',
      'run the model and an ONNX network on the same input and name the first node that departs',
    )
    .addHelpText(
      'after',
      examples(
        'undertone inspect weights/speech.model',
        'undertone inspect --diff old.model new.model',
        'undertone inspect speech.model --compare speech.onnx',
      ),
    )
    .action(async (files, options) => finish(await (await import('./inspect.ts')).inspectCommand(files, options)));

  command('completion', 'print a script that completes this command in a shell')
    .addArgument(program.createArgument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  bash  undertone completion bash > ~/.local/share/bash-completion/completions/undertone
  zsh   undertone completion zsh > "\${fpath[1]}/_undertone"
  fish  undertone completion fish > ~/.config/fish/completions/undertone.fish
`,
    )
    .action(async (shell) => {
      process.stdout.write((await import('./completion.ts')).completion(program, shell));
    });

  return program.addHelpText(
    'after',
    examples('undertone chunk call.wav', 'undertone analyze recordings/ --summary', 'undertone devices'),
  );
}

/** What all analyses take. */
function analysisOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-m, --models <names>', 'models, separated by commas')
        .argParser(listOf('a model name'))
        .default(['speech', 'gender'], 'speech,gender'),
    )
    .option('--channel <n>', 'hear this channel only, from 0 on, or mix, the mean of all', channel)
    .option('--raw', 'add the probability of each class')
    .option(
      '--volume-threshold <x>',
      'level below which a step is silent, 0 to 1',
      numberBetween(0, 1),
      defaults.volumeThreshold,
    )
    .addOption(
      new Option('-d, --device <name>', 'what computes')
        .choices(deviceNames)
        .default(defaults.device)
        .env('UNDERTONE_DEVICE'),
    )
    .option('--weights <dir>', 'a folder of model files in place of those that come with undertone');
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
