/** Figures of merit on the 64 ms grid: does a model know in which steps somebody speaks? Pure functions. */

export const stepSeconds = 0.064;

export interface Span {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
}

/** Share of each of `steps` steps that lies within the spans, which do not overlap. */
export function sharesOf(spans: readonly Span[], steps: number): number[] {
  const shares = new Array<number>(steps).fill(0);
  for (const { start, end } of spans)
    for (let step = Math.floor(start / stepSeconds); step < Math.min(steps, Math.ceil(end / stepSeconds)); step++) {
      const overlap = Math.min(end, (step + 1) * stepSeconds) - Math.max(start, step * stepSeconds);
      shares[step] += Math.max(0, overlap) / stepSeconds;
    }
  return shares;
}

/**
 * Area under the receiver operating characteristic: how often a step of speech scores higher than one without, ties
 * counting half (the Mann-Whitney statistic). NaN where one of the two is missing.
 */
export function areaUnderCurve(scores: readonly number[], speech: readonly boolean[]): number {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let [positives, ranks] = [0, 0];
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && scores[order[last + 1]] === scores[order[first]]) last++;
    const rank = (first + last) / 2 + 1;
    for (let i = first; i <= last; i++)
      if (speech[order[i]]) {
        positives++;
        ranks += rank;
      }
    first = last + 1;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

export interface Borders {
  /** For each span, ms from where it begins until the step is over that first says so; undefined where none does. */
  readonly onsets: readonly (number | undefined)[];
  /** The same for where it ends. */
  readonly ends: readonly (number | undefined)[];
}

/** So many steps behind its end a span is looked for; and one before its onset. */
const reach = 8;

/** `scores`: p(speech) of each step; a step from `threshold` on says speech. */
export function bordersOf(scores: readonly number[], spans: readonly Span[], threshold = 0.5): Borders {
  const find = (from: number, to: number, wanted: boolean, border: number): number | undefined => {
    for (let step = Math.max(0, from); step < Math.min(to, scores.length); step++)
      if (scores[step] >= threshold === wanted) return 1000 * ((step + 1) * stepSeconds - border);
    return undefined;
  };
  const firstOf = ({ start }: Span): number => Math.floor(start / stepSeconds);
  const lastOf = ({ end }: Span): number => Math.ceil(end / stepSeconds) - 1;
  return {
    onsets: spans.map((span) => find(firstOf(span) - 1, lastOf(span) + 1, true, span.start)),
    ends: spans.map((span) => find(lastOf(span), lastOf(span) + reach, false, span.end)),
  };
}

export interface Errors {
  /** ms; NaN where nothing was found. */
  readonly median: number;
  readonly ninety: number;
  /** Share of borders that were found. */
  readonly found: number;
}

/** Median and 90th percentile of what was found. */
export function errorsOf(borders: readonly (number | undefined)[]): Errors {
  const found = borders.filter((error) => error !== undefined).sort((a, b) => a - b);
  const at = (share: number): number => found[Math.min(found.length - 1, Math.floor(share * found.length))] ?? NaN;
  return { median: at(0.5), ninety: at(0.9), found: found.length / borders.length };
}
