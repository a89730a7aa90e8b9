/** Colours for terminals that take them; none where output goes to a file or NO_COLOR is set. */
import pc from 'picocolors';

export const stdoutStyle = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true);
export const stderrStyle = pc.createColors(pc.isColorSupported && process.stderr.isTTY === true);

const colours: Readonly<Record<string, 'blue' | 'yellow' | 'magenta' | 'cyan' | 'gray'>> = {
  speech: 'blue',
  music: 'yellow',
  female: 'magenta',
  male: 'cyan',
  other: 'gray',
  silence: 'gray',
  no_speech: 'gray',
  unknown: 'gray',
};

/** A result in its colour. */
export function paint(result: string, words = result.replaceAll('_', ' ')): string {
  const colour = colours[result];
  return colour ? stdoutStyle[colour](words) : words;
}

/** A bar of ten cells for a number from 0 to 1. */
export function bar(value: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, value)) * 80);
  return ('█'.repeat(eighths >> 3) + ' ▏▎▍▌▋▊▉'[eighths & 7]).trimEnd();
}

/** A text whose control characters are shown in place of obeyed: a file's name must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
