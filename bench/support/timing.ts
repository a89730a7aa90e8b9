/** Timing that stands a busy machine: contestants take turns, each turn gives a median, and ratios are made within a round. */
import b from 'benny';

export interface Pace {
  readonly rounds: number;
  /** Seconds that one contestant runs in one round. */
  readonly seconds: number;
}

export const unhurried: Pace = { rounds: 9, seconds: 0.25 };
export const quick: Pace = { rounds: 3, seconds: 0.06 };

/** By contestant, in seconds: the median of each round. */
export type Times<K extends string> = Readonly<Record<K, readonly number[]>>;

type Contestant = () => unknown;

/** Runs contestants against each other, the order turned round every time, so that drift hits all alike. */
export async function race<K extends string>(
  name: string,
  contestants: Readonly<Record<K, Contestant>>,
  { rounds, seconds }: Pace,
): Promise<Times<K>> {
  const names = Object.keys(contestants) as K[];
  const times = Object.fromEntries(names.map((one) => [one, [] as number[]])) as Record<K, number[]>;
  for (const contestant of names) await contestants[contestant]();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? names : [...names].reverse();
    const cases = order.map((one) =>
      b.add(one, contestants[one] as () => Promise<void>, {
        minTime: Math.min(0.02, seconds / 3),
        maxTime: seconds,
        minSamples: 3,
      }),
    );
    const { results } = await quietly(() => b.suite(`${name} ${round + 1}/${rounds}`, ...cases));
    for (const result of results) times[result.name as K].push(result.details.median);
  }
  return times;
}

/** How many times faster `own` is than `peer`: the median over rounds of the ratio within a round. */
export function speedup<K extends string>(times: Times<K>, own: K, peer: K): number {
  return median(times[own].map((time, round) => times[peer][round] / time));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the two nearest values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Seconds of single calls, one after another, after a warm-up. For quantiles, which benny's averages would hide. */
export async function latencies(
  call: Contestant,
  { calls, warmup = 10 }: { calls: number; warmup?: number },
): Promise<number[]> {
  for (let i = 0; i < warmup; i++) await call();
  const seconds: number[] = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await call();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}

/** benny says on the console which suite starts; with many short rounds that buries the results. */
async function quietly<T>(act: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await act();
  } finally {
    console.log = log;
  }
}
