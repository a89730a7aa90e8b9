/**
 * Writes what the docs say of the command line from its definition: the table of formats in docs/command-line.md, and
 * the man page docs/undertone.1. usage: node --import tsx tools/write-docs.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command, Option } from 'commander';
import { formatNames, formats } from '../src/cli/formats.ts';
import { createProgram } from '../src/cli/program.ts';

const root = new URL('..', import.meta.url);

async function formatTable(): Promise<string> {
  const rows = await Promise.all(
    formatNames.map(async (name) => {
      const { joins } = (await formats[name].load()).format;
      return `| \`${name}\` | ${formats[name].about} | ${joins ? 'one after the other' : 'need `--out`'} |\n`;
    }),
  );
  return `| \`--format\` | what it is | several files |\n|---|---|---|\n${rows.join('')}`;
}

/** The text with what stands between `<!-- NAME -->` and `<!-- /NAME -->` replaced. */
function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the marks ${start.trim()} and ${end} are missing`);
  return text.slice(0, from + start.length) + content + text.slice(to);
}

/** roff: a line may not begin with a dot, and a hyphen is one that can be copied. */
const roff = (text: string): string =>
  text.trim().replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/gm, '\\&$&');

function manPage(program: Command): string {
  const options = (command: Command): string =>
    command
      .createHelp()
      .visibleOptions(command)
      .map((option) => `.TP\n.B ${roff(option.flags)}\n${roff(described(option))}\n`)
      .join('');
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const sections = commands.map((command) => {
    const usage = roff(`undertone ${command.name()} ${command.usage()}`);
    const after = helpAfter(command);
    const examples = after ? `.PP\n.nf\n${roff(after)}\n.fi\n` : '';
    return `.SS ${usage}\n${roff(command.description())}\n${options(command)}${examples}`;
  });
  return `.TH UNDERTONE 1 "" "undertone" "User Commands"
.SH NAME
undertone \\- ${roff(program.description())}
.SH SYNOPSIS
.B undertone
.I command
[options]
.SH COMMANDS
${sections.join('')}.SH ENVIRONMENT
.TP
.B UNDERTONE_DEVICE
The device where \\-\\-device names none.
.TP
.B NO_COLOR
No colours on terminals.
.SH EXIT STATUS
0 if all went well, 1 if a file or a device failed, 2 if the command line makes no sense, 130 after an interrupt.
`;
}

function described({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const choices = argChoices ? ` One of ${argChoices.join(', ')}.` : '';
  const standard = defaultValueDescription ?? (typeof defaultValue === 'boolean' ? undefined : defaultValue);
  return `${description}.${choices}${standard === undefined ? '' : ` Default: ${standard}.`}`;
}

/** What stands behind the list of options in a command's help. */
function helpAfter(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.slice(command.helpInformation().length);
}

const check = process.argv.includes('--check');
const page = readFileSync(new URL('docs/command-line.md', root), 'utf8');
const written: [string, string][] = [
  ['docs/command-line.md', between(page, 'formats', await formatTable())],
  ['docs/undertone.1', manPage(createProgram())],
];
for (const [name, text] of written) {
  const path = fileURLToPath(new URL(name, root));
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch {
    // Not there yet.
  }
  if (text === before) continue;
  if (check) {
    console.error(`${name} is not what the command line is: run npm run docs:cli`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
  }
}
