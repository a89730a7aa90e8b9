/** The picture as one page that needs nothing else: no script, font or style from anywhere. */
import { fileName } from '../platform/paths.ts';
import { pageScript } from './html-script.ts';
import { pageStyle } from './html-style.ts';
import {
  type ChannelReport,
  clock,
  type FileReport,
  percent,
  type ReportFormat,
  runsOf,
  speechFirst,
} from './report.ts';
import { barStep, baseRules, colouring, drawTimeline, rows, tickSteps } from './svg.ts';
import type { Envelope } from './svg-envelope.ts';
import { className, dark, light, type Palette, paletteRules } from './svg-palette.ts';
import { escaped, plot, plotWidth } from './svg-parts.ts';

/** A page of more rows than this is no help to a reader; the other formats hold them all. */
const mostRows = 1000;

export function toHtml(report: FileReport, envelopes: Readonly<Record<string, Envelope>> = {}): string {
  const { body, height, labels } = drawTimeline(report, envelopes, { framed: false });
  const name = fileName(report.file);
  const channels = Object.keys(report.channels).length;
  const facts = [
    clock(report.seconds),
    ...(channels > 1 ? [`${channels} channels`] : []),
    `one answer every ${report.period} ms`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(name)} · undertone</title>
<style>${pageStyle}${baseRules}${themeRules(labels)}</style>
</head>
<body>
<header><div><h1>${escaped(name)}</h1><p>${facts.map(escaped).join(' · ')}</p></div><button id="theme" type="button" aria-label="Light or dark" title="Light or dark"><svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="10" cy="10" r="7.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M10 2.8a7.2 7.2 0 0 1 0 14.4z" fill="currentColor"/></svg></button></header>
<main>
<figure id="timeline" tabindex="0" aria-label="Timeline; the arrow keys move through it, plus and minus zoom">
<svg viewBox="0 0 ${plot.width} ${height}" role="img" aria-label="What is heard over time">
${body}
<rect id="selection" y="0" height="${height - 26}" visibility="hidden"/>
<path id="cursor" d="M0 0V${height - 26}" visibility="hidden"/>
</svg>
<p class="hint">Drag to look closer, double-click to see all</p>
<div id="tip" role="status" hidden></div>
</figure>
<div class="tools"><audio id="sound" controls preload="metadata" src="${encodeURIComponent(name)}" hidden></audio><button id="csv" type="button">Save as CSV</button><button id="labels" type="button">Save as labels</button></div>
<section class="shares">${shares(report)}</section>
<details><summary>Segments</summary>${segments(report)}</details>
</main>
<script id="data" type="application/json">${JSON.stringify(dataOf(report, envelopes)).replaceAll('<', '\\u003c')}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

/** The reader's system decides, unless the button was pressed. */
export function themeRules(labels: readonly string[]): string {
  const rules = (palette: Palette, root: string): string =>
    `${root}{--paper:${palette.paper};--panel:${palette.panel};--ink:${palette.ink};--muted:${palette.muted};--line:${palette.line}}` +
    `${paletteRules(palette, labels, root)}${labels.map((label) => `${root} .chip.${className(label)}{background:${palette.results[label] ?? palette.muted}}`).join('')}`;
  return `${rules(light, ':root')}@media (prefers-color-scheme:dark){${rules(dark, ':root:not([data-theme=light])')}}${rules(dark, ':root[data-theme=dark]')}`;
}

/** A bar a channel and model, as long as its shares, with the numbers below. */
function shares(report: FileReport): string {
  const several = Object.keys(report.channels).length > 1;
  return Object.entries(report.channels)
    .flatMap(([channel, { summary }]) =>
      speechFirst(Object.entries(summary ?? {}), ([model]) => model).map(([model, fractions]) => {
        const parts = partsOf(fractions);
        const list = parts.map(({ label, fraction }) => `<li>${chip(label)}<b>${percent(fraction)}</b></li>`).join('');
        return `<article><h2>${escaped(several ? `${model}, channel ${channel}` : model)}</h2>${shareBar(fractions)}<ul>${list}</ul></article>`;
      }),
    )
    .join('');
}

type Fractions = Readonly<Record<string, number>>;

/** What is there, the largest first. */
function partsOf(fractions: Fractions): { label: string; fraction: number }[] {
  return Object.entries(fractions)
    .map(([key, fraction]) => ({ label: key.replace(/_fraction$/, ''), fraction }))
    .filter(({ fraction }) => fraction > 0)
    .sort((a, b) => b.fraction - a.fraction);
}

/** The shares of one model as a bar. */
export function shareBar(fractions: Fractions): string {
  const parts = partsOf(fractions).map(
    ({ label, fraction }) =>
      `<i class="chip ${className(label)}" style="flex-grow:${fraction}" title="${escaped(`${label.replaceAll('_', ' ')} ${percent(fraction)}`)}"></i>`,
  );
  return `<div class="bar">${parts.join('')}</div>`;
}

function chip(label: string): string {
  return `<i class="chip ${className(label)}"></i><span>${escaped(label.replaceAll('_', ' '))}</span>`;
}

function segments(report: FileReport): string {
  const several = Object.keys(report.channels).length > 1;
  const segments = [...runsOf(report)]
    .flatMap(({ channel, model, runs }) => runs.map((run) => ({ ...run, channel, model })))
    .sort((a, b) => a.timestamp_start - b.timestamp_start || (a.model < b.model ? -1 : 1));
  const cells = segments
    .slice(0, mostRows)
    .map(({ timestamp_start, timestamp_end, result, confidence, channel, model }) => {
      const times = [timestamp_start, timestamp_end]
        .map((time) => `<td class="number">${clock(time / 1000, 2)}</td>`)
        .join('');
      return `<tr>${several ? `<td>${escaped(channel)}</td>` : ''}<td>${escaped(model)}</td>${times}<td class="label">${chip(result)}</td><td class="number">${confidence.toFixed(2)}</td></tr>`;
    });
  const rest = segments.length > mostRows ? `<p>The first ${mostRows} of ${segments.length}.</p>` : '';
  return `<table><thead><tr>${several ? '<th>channel</th>' : ''}<th>model</th><th class="number">from</th><th class="number">to</th><th>heard</th><th class="number">confidence</th></tr></thead><tbody>${cells.join('')}</tbody></table>${rest}`;
}

/** What the script needs to tell what is under the pointer and to draw a part of it larger; times in milliseconds. */
function dataOf(report: FileReport, envelopes: Readonly<Record<string, Envelope>>): unknown {
  const all = [...runsOf(report)];
  const channel = ([name, { time_series }]: [string, ChannelReport]) => {
    const models = speechFirst(Object.keys(time_series[0]?.results ?? {}), (model) => model);
    const colours = colouring(all.filter((entry) => entry.channel === name))?.runs ?? [];
    return {
      name,
      models: models.map((model) => [model, Object.keys(time_series[0].raw?.[model] ?? {})]),
      periods: time_series.map(({ timestamp, results, raw }) => [
        timestamp,
        ...models.map((model) => [results[model].result, results[model].confidence, Object.values(raw?.[model] ?? {})]),
      ]),
      colours: colours.map(({ timestamp_end, result }) => [timestamp_end, className(result)]),
      wave: envelopes[name] && waveOf(envelopes[name]),
    };
  };
  return {
    seconds: report.seconds,
    left: plot.left,
    width: plotWidth,
    whole: plot.width,
    bar: barStep,
    wave: rows.wave,
    ticks: tickSteps,
    channels: Object.entries(report.channels).map(channel),
  };
}

/** Peaks as bytes, the loudest one 255. */
function waveOf({ bucketSeconds, peaks }: Envelope) {
  const loudest = peaks.reduce((a, b) => Math.max(a, b), 0.02);
  return {
    bucket: bucketSeconds,
    peaks: btoa(String.fromCharCode(...peaks.map((peak) => Math.round((peak / loudest) * 255)))),
  };
}

export const format: ReportFormat = {
  extension: 'html',
  needs: { raw: true, transitions: true, summary: true, waveform: true },
  joins: false,
  write: (report, { envelopes }) => toHtml(report, envelopes),
};
