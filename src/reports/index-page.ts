/** A page that lists the pages of a batch, with the shares of each file. */
import { shareBar, themeRules } from './html.ts';
import { pageStyle } from './html-style.ts';
import { clock, speechFirst } from './report.ts';
import { escaped } from './svg-parts.ts';

export interface IndexEntry {
  readonly file: string;
  /** Length of the audio. */
  readonly seconds: number;
  /** Its page, as a link from the index; relative, so that it holds wherever the folder goes. */
  readonly link: string;
  readonly shares: readonly {
    readonly channel: string;
    readonly fractions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  }[];
}

export function indexPage(entries: readonly IndexEntry[]): string {
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
${entries.map(row).join('\n')}
</tbody></table></main>
</body>
</html>
`;
}

const labelOf = (key: string): string => key.replace(/_fraction$/, '');

function row({ file, seconds, link, shares }: IndexEntry): string {
  const bars = shares.flatMap(({ fractions }) =>
    speechFirst(Object.entries(fractions), ([model]) => model).map(([, own]) => shareBar(own)),
  );
  return `<tr><td><a href="${link}">${escaped(file)}</a></td><td class="number">${clock(seconds)}</td><td>${bars.join('')}</td></tr>`;
}
