/** Colours of the pictures, on light and on dark paper. Told apart by people who see red and green alike. */

export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly results: Readonly<Record<string, string>>;
}

export const light: Palette = {
  paper: '#ffffff',
  panel: '#f6f7fa',
  ink: '#1b2130',
  muted: '#667085',
  line: '#e3e6ec',
  results: {
    speech: '#2e6be6',
    music: '#e8961e',
    other: '#8f98aa',
    silence: '#d5dae3',
    female: '#b5359c',
    male: '#0f8f83',
    unknown: '#8f98aa',
    no_speech: '#d5dae3',
  },
};

export const dark: Palette = {
  paper: '#12151c',
  panel: '#1a1e27',
  ink: '#eef1f6',
  muted: '#98a2b3',
  line: '#2b313d',
  results: {
    speech: '#6b9dff',
    music: '#f5b352',
    other: '#7d8798',
    silence: '#343b49',
    female: '#e479cf',
    male: '#3cc8b8',
    unknown: '#7d8798',
    no_speech: '#343b49',
  },
};

/** Labels of models that are not known here take turns. */
const spare = ['#7a5af0', '#c2571a', '#3a8f3a', '#b0357a', '#5b7a99', '#8a7a1f'];

/** Names and text for style sheets and classes: letters, digits and dashes only. */
export function className(label: string): string {
  return `r-${label.replace(/[^A-Za-z0-9]/g, '-')}`;
}

/** One rule a label for whatever is filled or drawn in its colour, and the colours of paper, text and lines. */
export function paletteRules(palette: Palette, labels: readonly string[], scope = ''): string {
  const prefix = scope ? `${scope} ` : '';
  const rules = [
    ...Object.entries({ paper: palette.paper, panel: palette.panel, ink: palette.ink, muted: palette.muted }).map(
      ([name, colour]) => `${prefix}.${name}{fill:${colour}}`,
    ),
    `${prefix}.rule{stroke:${palette.line}}`,
    ...labels.map((label, i) => {
      const colour = palette.results[label] ?? spare[i % spare.length];
      const selector = `${prefix}.${className(label)}`;
      return `${selector}{fill:${colour}}${selector}.wave,${selector}.trace{fill:none;stroke:${colour}}`;
    }),
  ];
  return rules.join('');
}
