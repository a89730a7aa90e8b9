/** A model of two labels as a line between them: how far towards which, period by period, where somebody speaks. */
import { type ChannelReport, type FileReport, periodEnd } from './report.ts';
import { className } from './svg-palette.ts';
import { escaped, plot, plotWidth, text } from './svg-parts.ts';

interface Place {
  readonly scale: (seconds: number) => number;
  readonly top: number;
  readonly height: number;
}

interface Point {
  readonly from: number;
  readonly to: number;
  /** From -1 (surely the lower label) to 1 (surely the upper one). */
  readonly value: number;
}

/** More points than this are averaged. */
const mostPoints = 1000;

/** Nothing if the model has more than two labels, or no raw values to draw. */
export function voiceLine(
  { time_series }: ChannelReport,
  model: string,
  report: FileReport,
  { scale, top, height }: Place,
): string | undefined {
  const labels = Object.keys(time_series.find(({ raw }) => raw?.[model])?.raw?.[model] ?? {});
  if (labels.length !== 2) return undefined;
  const [lower, upper] = labels as [string, string];
  const voiced = new Set([lower, upper, 'unknown']);
  const stretches: Point[][] = [[]];
  time_series.forEach(({ timestamp, results, raw }, i) => {
    const probabilities = raw?.[model];
    if (!probabilities || !voiced.has(results[model].result)) {
      if (stretches.at(-1)!.length > 0) stretches.push([]);
      return;
    }
    stretches.at(-1)!.push({
      from: timestamp / 1000,
      to: periodEnd(report, time_series, i) / 1000,
      value: probabilities[upper] - probabilities[lower],
    });
  });
  const middle = top + height / 2;
  const y = (value: number): string => (middle - value * (height / 2 - 2)).toFixed(1);
  const x = (seconds: number): string => scale(seconds).toFixed(1);
  const factor = Math.ceil(time_series.length / mostPoints);
  const lines = stretches
    .filter((points) => points.length > 0)
    .map((points) => thinned(points, factor))
    .map((points) => {
      // Steps: a period has one value, from its start to its end.
      const steps = points.map(({ to, value }) => `V${y(value)}H${x(to)}`).join('');
      return { start: x(points[0].from), first: y(points[0].value), steps };
    });
  const areas = lines.map(({ start, steps }) => `M${start} ${middle}${steps}V${middle}Z`).join('');
  const traces = lines.map(({ start, first, steps }) => `M${start} ${first}${steps}`).join('');
  const id = `${className(model)}-${Math.round(top)}`;
  const half = (label: string, from: number): string =>
    `<clipPath id="${id}-${className(label)}"><rect x="${plot.left}" y="${from}" width="${plotWidth}" height="${height / 2}"/></clipPath>` +
    `<g clip-path="url(#${id}-${className(label)})"><g class="time"><path class="${className(label)}" opacity=".18" d="${areas}"/><path class="${className(label)} trace" d="${traces}"/></g></g>`;
  return [
    `<g data-voice="${escaped(model)}">`,
    `<rect class="panel" x="${plot.left}" y="${top}" width="${plotWidth}" height="${height}" rx="6"/>`,
    `<path class="rule" d="M${plot.left} ${middle}H${plot.left + plotWidth}" fill="none" stroke-dasharray="3 4"/>`,
    text(plot.left - 10, top + 14, upper, 'muted name'),
    text(plot.left - 10, top + height - 6, lower, 'muted name'),
    half(upper, top),
    half(lower, middle),
    '</g>',
  ].join('');
}

function thinned(points: readonly Point[], factor: number): Point[] {
  if (factor <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / factor) }, (_, i) => {
    const group = points.slice(i * factor, (i + 1) * factor);
    return {
      from: group[0].from,
      to: group.at(-1)!.to,
      value: group.reduce((sum, { value }) => sum + value, 0) / group.length,
    };
  });
}
