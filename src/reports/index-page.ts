/** A page that lists the pages of a batch, with the shares of each file. */
import { relative, sep } from 'node:path';
import { shareBar, themeRules } from './html.ts';
import { pageStyle } from './html-style.ts';
import { clock, speechFirst } from './report.ts';
import { escaped } from './svg-parts.ts';

export interface IndexEntry {
  readonly file: string;
  /** Length of the audio. */
  readonly seconds: number;
  /** Path of its page. */
  readonly page: string;
  readonly shares: readonly {
    readonly channel: string;
    readonly fractions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  }[];
}

/** `folder`: where the index will be, for links that hold wherever the folder goes. */
export function indexPage(entries: readonly IndexEntry[], folder: string): string {
  const labels = new Set(
    entries.flatMap(({ shares }) =>
      shares.flatMap(({ fractions }) => Object.values(fractions).flatMap((own) => Object.keys(own).map(labelOf))),
    ),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${entries.length} files · undertone</title>
<style>${pageStyle}${themeRules([...labels])}a{color:inherit}td{vertical-align:top}.bar{width:220px;margin:5px 0}</style>
</head>
<body>
<header><div><h1>${entries.length} files</h1><p>${clock(entries.reduce((sum, { seconds }) => sum + seconds, 0))} of audio</p></div></header>
<main><table><thead><tr><th>file</th><th class="number">length</th><th>shares</th></tr></thead><tbody>
${entries.map((entry) => row(entry, folder)).join('\n')}
</tbody></table></main>
</body>
</html>
`;
}

const labelOf = (key: string): string => key.replace(/_fraction$/, '');

function row({ file, seconds, page, shares }: IndexEntry, folder: string): string {
  const link = relative(folder, page).split(sep).map(encodeURIComponent).join('/');
  const bars = shares.flatMap(({ fractions }) =>
    speechFirst(Object.entries(fractions), ([model]) => model).map(([, own]) => shareBar(own)),
  );
  return `<tr><td><a href="${link}">${escaped(file)}</a></td><td class="number">${clock(seconds)}</td><td>${bars.join('')}</td></tr>`;
}
