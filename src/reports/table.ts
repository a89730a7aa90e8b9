/** Text tables: columns as wide as their widest cell, words to the left, numbers to the right. */

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The column that gives way where the terminal is narrow. */
  readonly shrinks?: boolean;
}

/** Colours don't count as width; neither do they cross cells. `room`: columns of the terminal. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: (title: string) => string = (title) => title,
  room = Infinity,
): string {
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const excess = widths.reduce((sum, own) => sum + own + 2, -2) - room;
  const shrinking = columns.findIndex(({ shrinks }) => shrinks);
  if (excess > 0 && shrinking >= 0) widths[shrinking] = Math.max(narrowest, widths[shrinking] - excess);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(i === shrinking ? shortened(cell, widths[i]) : cell, widths[i], columns[i].align))
      .join('  ')
      .trimEnd();
  return [style(line(columns.map(({ title }) => title))), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** Of a column that gives way. */
const narrowest = 12;

/** The end of a path tells more than its beginning. */
function shortened(text: string, length: number): string {
  if (width(text) <= length) return text;
  const characters = [...text];
  while (width(characters.join('')) > length - 1) characters.shift();
  return `…${characters.join('')}`;
}

function pad(cell: string, length: number, align: Column['align'] = 'left'): string {
  const fill = ' '.repeat(Math.max(0, length - width(cell)));
  return align === 'right' ? fill + cell : cell + fill;
}

/** Columns a terminal takes for a text: colour codes none, wide East Asian characters and emoji two. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text.replace(/\x1b\[[0-9;]*m/g, '')) {
    const code = character.codePointAt(0)!;
    if (/\p{Mark}/u.test(character)) continue;
    columns += isWide(code) ? 2 : 1;
  }
  return columns;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
