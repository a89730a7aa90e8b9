/** The time series of a file as a picture: waveform, a band for each model, the voice as a line, and how it adds up. */
import { fileName } from '../platform/paths.ts';
import {
  clock,
  type FileReport,
  modelsOf,
  percent,
  type ReportFormat,
  type Run,
  runsOf,
  speechFirst,
} from './report.ts';
import { type Envelope, peakBetween } from './svg-envelope.ts';
import { className, dark, light, paletteRules } from './svg-palette.ts';
import { escaped, plot, plotWidth, text } from './svg-parts.ts';
import { voiceLine } from './svg-voice.ts';

export const rows = { title: 64, wave: 96, band: 16, voice: 76, gap: 12, axis: 30, heading: 26, legend: 34 } as const;

export interface Drawing {
  readonly body: string;
  readonly height: number;
  /** Every result that may be drawn. */
  readonly labels: readonly string[];
}

export interface DrawOptions {
  /** File name and length on top, legend below; the page has its own. */
  readonly framed: boolean;
}

/** The model whose results colour the waveform. */
export function colouring<T extends { readonly model: string }>(entries: readonly T[]): T | undefined {
  return speechFirst(entries, ({ model }) => model)[0];
}

/** Inner elements of the picture. `envelopes` by channel; without one the channel has no waveform. */
export function drawTimeline(
  report: FileReport,
  envelopes: Readonly<Record<string, Envelope>>,
  { framed }: DrawOptions,
): Drawing {
  const parts: string[] = [
    `<clipPath id="plot"><rect x="${plot.left}" y="-20" width="${plotWidth}" height="99999"/></clipPath>`,
  ];
  const all = [...runsOf(report)];
  const scale = (seconds: number): number =>
    plot.left + (report.seconds > 0 ? seconds / report.seconds : 0) * plotWidth;
  let y = framed ? rows.title : 8;
  if (framed) parts.push(title(report));
  for (const [channel, output] of Object.entries(report.channels)) {
    const own = speechFirst(
      all.filter((entry) => entry.channel === channel),
      ({ model }) => model,
    );
    if (Object.keys(report.channels).length > 1) {
      parts.push(text(plot.left, y + 14, `Channel ${channel}`, 'muted heading'));
      y += rows.heading;
    }
    parts.push(`<g data-channel="${channel}">`);
    const envelope = envelopes[channel];
    const colours = colouring(own);
    if (envelope && colours) {
      parts.push(waveform(envelope, colours.runs, report.seconds, y));
      y += rows.wave + rows.gap;
    }
    for (const { model, runs } of own) {
      parts.push(text(plot.left - 10, y + 12, model, 'muted name'), band(model, runs, scale, y));
      y += rows.band + rows.gap;
    }
    for (const model of modelsOf(output)) {
      const line = voiceLine(output, model, report, { scale, top: y, height: rows.voice });
      if (!line) continue;
      parts.push(line);
      y += rows.voice + rows.gap;
    }
    parts.push('</g>');
    y += 4;
  }
  parts.push(axis(report.seconds, scale, y - 8));
  y += rows.axis - 8;
  if (framed) {
    const { body, height } = legend(report, y + 8);
    parts.push(body);
    y += height + 8;
  }
  return {
    body: parts.join('\n'),
    height: y,
    labels: [
      ...new Set([...all.flatMap(({ runs }) => runs.map(({ result }) => result)), ...Object.keys(light.results)]),
    ],
  };
}

/** One SVG file that stands on its own, on light or dark paper as its reader has it. */
export function toSvg(report: FileReport, envelopes: Readonly<Record<string, Envelope>> = {}): string {
  const { body, height, labels } = drawTimeline(report, envelopes, { framed: true });
  const style = `${baseRules}${paletteRules(light, labels)}@media (prefers-color-scheme:dark){${paletteRules(dark, labels)}}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${plot.width} ${height}" width="${plot.width}" height="${height}" role="img" aria-label="${escaped(fileName(report.file))}">
<style>${style}</style>
<rect class="paper" width="${plot.width}" height="${height}" rx="12"/>
${body}
</svg>
`;
}

export const baseRules =
  'text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}.name{text-anchor:end}.title{font-size:17px;font-weight:650}' +
  '.heading{font-weight:600}.middle{text-anchor:middle}.wave{stroke-width:1.7;stroke-linecap:round;fill:none}.trace{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}';

function title(report: FileReport): string {
  const channels = Object.keys(report.channels).length;
  const subtitle = `${clock(report.seconds)}${channels > 1 ? ` · ${channels} channels` : ''}`;
  return text(plot.left, 30, fileName(report.file), 'ink title') + text(plot.left, 49, subtitle, 'muted');
}

/** From one bar of the waveform to the next. */
export const barStep = 3;

/** Rounded bars around a middle line, each in the colour of what is heard there. */
function waveform(envelope: Envelope, runs: readonly Run[], seconds: number, top: number): string {
  const count = Math.floor(plotWidth / barStep);
  const middle = top + rows.wave / 2;
  const loudest = Math.max(
    0.02,
    ...Array.from({ length: count }, (_, i) =>
      peakBetween(envelope, (i / count) * seconds, ((i + 1) / count) * seconds),
    ),
  );
  const paths = new Map<string, string[]>();
  for (let i = 0, at = 0; i < count; i++) {
    const from = (i / count) * seconds;
    while (at < runs.length - 1 && runs[at].timestamp_end / 1000 <= from + seconds / count / 2) at++;
    const label = runs[at]?.result ?? 'silence';
    const half = Math.max(
      0.6,
      (peakBetween(envelope, from, from + seconds / count) / loudest) ** 0.8 * (rows.wave / 2 - 1),
    );
    if (!paths.has(label)) paths.set(label, []);
    paths
      .get(label)!
      .push(`M${(plot.left + (i + 0.5) * barStep).toFixed(1)} ${(middle - half).toFixed(1)}v${(2 * half).toFixed(1)}`);
  }
  const drawn = [...paths].map(([label, moves]) => `<path class="${className(label)} wave" d="${moves.join('')}"/>`);
  return `<g data-wave="${middle}">${drawn.join('')}</g>`;
}

/** More runs than this can't be told apart by eye; each pixel then takes what fills most of it. */
const mostRuns = 2000;

function band(model: string, runs: readonly Run[], scale: (seconds: number) => number, top: number): string {
  const drawn = runs.length > mostRuns ? perPixel(runs, scale) : runs;
  const blocks = drawn.map(({ timestamp_start, timestamp_end, result, confidence }) => {
    const [from, to] = [scale(timestamp_start / 1000), scale(timestamp_end / 1000)];
    // A thin line of paper between neighbours; one that is narrower than a pixel needs its width.
    const width = Math.max(0.4, to - from - (to - from > 4 ? 1 : 0));
    return `<rect class="${className(result)}" data-result="${escaped(result)}" x="${from.toFixed(2)}" y="${top}" width="${width.toFixed(2)}" height="${rows.band}" rx="${to - from > 6 ? 3 : 0}" opacity="${(0.45 + 0.55 * confidence).toFixed(2)}"/>`;
  });
  return `<g clip-path="url(#plot)"><g class="time" data-band="${escaped(model)}">${blocks.join('')}</g></g>`;
}

function perPixel(runs: readonly Run[], scale: (seconds: number) => number): Run[] {
  const end = runs.at(-1)!.timestamp_end;
  const pixel = end / Math.ceil(scale(end / 1000) - plot.left);
  const drawn: Run[] = [];
  for (let from = 0, at = 0; from < end; from += pixel) {
    const shares = new Map<string, { share: number; confidence: number }>();
    while (at > 0 && runs[at].timestamp_start > from) at--;
    for (; at < runs.length && runs[at].timestamp_start < from + pixel; at++) {
      const { timestamp_start, timestamp_end, result, confidence } = runs[at];
      const share = Math.min(timestamp_end, from + pixel) - Math.max(timestamp_start, from);
      if (share > (shares.get(result)?.share ?? 0)) shares.set(result, { share, confidence });
    }
    at = Math.max(0, at - 1);
    const [result, { confidence }] = [...shares].sort(([, a], [, b]) => b.share - a.share)[0] ?? [
      'silence',
      { confidence: 1 },
    ];
    const last = drawn.at(-1);
    if (last?.result === result) drawn[drawn.length - 1] = { ...last, timestamp_end: from + pixel };
    else drawn.push({ timestamp_start: from, timestamp_end: from + pixel, result, confidence });
  }
  return drawn;
}

/** Seconds between ticks that people count in. */
export const tickSteps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

function axis(seconds: number, scale: (seconds: number) => number, top: number): string {
  const step = tickSteps.find((each) => seconds / each <= 12) ?? Math.ceil(seconds / 10 / 3600) * 3600;
  const parts = [
    `<path class="rule" d="M${plot.left} ${top + 0.5}H${plot.left + plotWidth}" fill="none"/><g data-axis="${top}">`,
  ];
  for (let i = 0; i * step <= seconds; i++) {
    const x = scale(i * step);
    parts.push(
      `<path class="rule" d="M${x.toFixed(1)} ${top}v5" fill="none"/>`,
      text(x, top + 19, clock(i * step, step < 1 ? 1 : 0), 'muted middle'),
    );
  }
  return `${parts.join('')}</g>`;
}

/** A row a channel and model: each label with its share of the time. */
function legend(report: FileReport, top: number): { body: string; height: number } {
  const parts: string[] = [];
  let y = top;
  for (const [channel, output] of Object.entries(report.channels)) {
    for (const [model, fractions] of speechFirst(Object.entries(output.summary ?? {}), ([name]) => name)) {
      const several = Object.keys(report.channels).length > 1;
      parts.push(text(plot.left - 10, y + 15, several ? `${model} ${channel}` : model, 'muted name'));
      let x: number = plot.left;
      const shares = Object.entries(fractions)
        .filter(([, fraction]) => fraction > 0)
        .sort(([, a], [, b]) => b - a);
      for (const [key, fraction] of shares) {
        const label = key.replace(/_fraction$/, '');
        const words = `${label.replaceAll('_', ' ')}  ${percent(fraction)}`;
        parts.push(
          `<rect class="${className(label)}" x="${x}" y="${y + 5}" width="11" height="11" rx="3"/>`,
          text(x + 17, y + 15, words, 'ink'),
        );
        x += 17 + words.length * 6.7 + 24;
      }
      y += rows.legend - 8;
    }
  }
  return { body: parts.join(''), height: y - top + 12 };
}

export const format: ReportFormat = {
  extension: 'svg',
  needs: { raw: true, transitions: true, summary: true, waveform: true },
  joins: false,
  write: (report, { envelopes }) => toSvg(report, envelopes),
};
