/** Completion scripts, made of the commands as they are defined. */
import type { Argument, Command, Option } from 'commander';

export function completion(program: Command, shell: string): string {
  const commands = program.commands.filter((command) => command.name() !== 'help');
  return { bash, zsh, fish }[shell]!(program, commands);
}

const optionsOf = (command: Command): Option[] => command.createHelp().visibleOptions(command);
const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);
const takesFile = (option: Option): boolean => /<(dir|file)>/.test(option.flags);
const choicesOf = ({ argChoices }: Option | Argument): readonly string[] | undefined => argChoices;

function bash(program: Command, commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const words = optionsOf(command).flatMap(flagsOf).join(' ');
    const choices = command.registeredArguments.flatMap((argument) => choicesOf(argument) ?? []).join(' ');
    return `    ${command.name()}) words="${words}"; choices="${choices}" ;;`;
  });
  const values = uniqueOptions(commands)
    .filter((option) => choicesOf(option))
    .map(
      (option) =>
        `    ${flagsOf(option).join('|')}) COMPREPLY=($(compgen -W "${choicesOf(option)!.join(' ')}" -- ` +
        '"$current")); return ;;',
    );
  const folders = uniqueOptions(commands).filter(takesFile).flatMap(flagsOf).join('|');
  return `# bash completion of undertone
_undertone() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words choices
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name()).join(' ')} help ${optionsOf(program).flatMap(flagsOf).join(' ')}" -- "$current"))
    return
  fi
  case "$previous" in
${values.join('\n')}
    ${folders}) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _undertone undertone
`;
}

function zsh(_: Command, commands: readonly Command[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (text: string): string => text.replace(/[[\]:]/g, '\\$&');
  const value = (option: Option): string => {
    if (!option.required) return '';
    const choices = choicesOf(option);
    const values = choices ? `(${choices.join(' ')})` : takesFile(option) ? '_files -/' : '';
    return `:${described(option.attributeName())}:${values}`;
  };
  const cases = commands.map((command) => {
    const options = optionsOf(command).flatMap((option) =>
      flagsOf(option).map((flag) => `      ${quoted(`${flag}[${described(option.description)}]${value(option)}`)}`),
    );
    const argument = command.registeredArguments.map(
      (each) => `      ${quoted(`*:${each.name()}:${choicesOf(each) ? `(${choicesOf(each)!.join(' ')})` : '_files'}`)}`,
    );
    return `    ${command.name()})\n      _arguments ${[...options, ...argument].join(' \\\n').trim()} ;;`;
  });
  return `#compdef undertone
_undertone() {
  local -a commands
  commands=(
${commands.map((command) => `    ${quoted(`${command.name()}:${command.description()}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$name" in
${cases.join('\n')}
  esac
}
_undertone "$@"
`;
}

function fish(program: Command, commands: readonly Command[]): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const flags = (option: Option): string =>
    [option.short && `-s ${option.short.slice(1)}`, option.long && `-l ${option.long.slice(2)}`]
      .filter(Boolean)
      .join(' ');
  const lines = commands.flatMap((command) => {
    const here = quoted(`__fish_seen_subcommand_from ${command.name()}`);
    const options = optionsOf(command).map((option) => {
      const choices = choicesOf(option);
      const value = choices ? ` -x -a ${quoted(choices.join(' '))}` : option.required ? ' -r' : '';
      return `complete -c undertone -n ${here} ${flags(option)}${value} -d ${quoted(option.description)}`;
    });
    const words = command.registeredArguments.flatMap((argument) => choicesOf(argument) ?? []);
    return [
      `complete -c undertone -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
      ...(words.length > 0 ? [`complete -c undertone -n ${here} -f -a ${quoted(words.join(' '))}`] : []),
      ...options,
    ];
  });
  const own = optionsOf(program).map(
    (option) => `complete -c undertone -n __fish_use_subcommand ${flags(option)} -d ${quoted(option.description)}`,
  );
  return `# fish completion of undertone\n${[...own, ...lines].join('\n')}\n`;
}

/** Options of the same name take the same values in every command. */
function uniqueOptions(commands: readonly Command[]): Option[] {
  const options = new Map<string, Option>();
  for (const command of commands)
    for (const option of optionsOf(command)) options.set(option.long ?? option.short!, option);
  return [...options.values()];
}
