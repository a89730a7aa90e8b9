/** How far a batch is, on a terminal; nothing anywhere else. */
import type { MultiBar } from 'cli-progress';
import { clock } from '../reports/report.ts';

export interface Progress {
  /** `bytes` of the file's `size` are read, which held `seconds` of audio. */
  at(file: string, bytes: number, seconds: number): void;
  /** The file is through, well or not. */
  end(file: string): void;
  /** Writes whole lines to standard output or error above the bar. */
  print(stream: NodeJS.WriteStream, text: string): void;
  stop(): void;
}

interface State {
  readonly size: number;
  bytes: number;
  seconds: number;
}

/** `sizes`: bytes of each file, 0 where it can't be told. */
export async function showProgress(sizes: ReadonlyMap<string, number>, enabled: boolean): Promise<Progress> {
  if (!enabled || process.stderr.isTTY !== true) {
    return { at: () => {}, end: () => {}, print: (stream, text) => void stream.write(text), stop: () => {} };
  }
  const { default: cliProgress } = await import('cli-progress');
  // A single bar would put the cursor back to where it was at the start, over what was printed since; several do not.
  const bars = new cliProgress.MultiBar(
    {
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      fps: 8,
      stream: process.stderr,
      barsize: 24,
      format: '{bar} {percent}  {files}  {speed}  {left}',
    },
    cliProgress.Presets.shades_classic,
  );
  return new Bar(sizes, bars);
}

class Bar implements Progress {
  readonly #bars: MultiBar;
  readonly #bar: ReturnType<MultiBar['create']>;
  readonly #files: Map<string, State>;
  readonly #total: number;
  readonly #began = performance.now();
  #ended = 0;

  constructor(sizes: ReadonlyMap<string, number>, bars: MultiBar) {
    this.#bars = bars;
    this.#files = new Map([...sizes].map(([file, size]) => [file, { size, bytes: 0, seconds: 0 }]));
    this.#total = Math.max(
      1,
      [...sizes.values()].reduce((a, b) => a + b, 0),
    );
    this.#bar = bars.create(this.#total, 0, this.#words(0));
  }

  at(file: string, bytes: number, seconds: number): void {
    const state = this.#files.get(file);
    if (!state) return;
    state.bytes = Math.min(bytes, state.size);
    state.seconds = seconds;
    this.#update();
  }

  end(file: string): void {
    const state = this.#files.get(file);
    if (state) state.bytes = state.size;
    this.#ended++;
    this.#update();
  }

  print(stream: NodeJS.WriteStream, text: string): void {
    process.stderr.write('\r\x1b[K');
    stream.write(text);
    this.#bars.update();
  }

  stop(): void {
    this.#bars.update();
    this.#bars.stop();
  }

  #update(): void {
    const bytes = this.#sum(({ bytes: own }) => own);
    this.#bar.update(bytes, this.#words(bytes));
  }

  #words(bytes: number): Record<string, string> {
    const elapsed = (performance.now() - this.#began) / 1000;
    const speed = this.#sum(({ seconds }) => seconds) / elapsed;
    const left = bytes > 0 ? (elapsed * (this.#total - bytes)) / bytes : undefined;
    return {
      percent: `${Math.floor((bytes / this.#total) * 100)} %`.padStart(5),
      files: `${this.#ended}/${this.#files.size} files`,
      speed: speed >= 1 && elapsed > 0.5 ? `${speed < 10 ? speed.toFixed(1) : Math.round(speed)} times real time` : '',
      left: left !== undefined && elapsed > 1 ? `${clock(left)} left` : '',
    };
  }

  #sum(of: (state: State) => number): number {
    let sum = 0;
    for (const state of this.#files.values()) sum += of(state);
    return sum;
  }
}
