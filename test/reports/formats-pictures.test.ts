/** The pictures, as text and, where Chromium is installed, as a browser draws them. */
import { execFile } from 'node:child_process';
import { accessSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHtml } from '../../src/reports/html.ts';
import { runsOf } from '../../src/reports/report.ts';
import { toSvg } from '../../src/reports/svg.ts';
import { EnvelopeBuilder, peakBetween } from '../../src/reports/svg-envelope.ts';
import { sampleReport } from './sample-report.ts';

const report = sampleReport();
const envelope = envelopeOf(report.seconds);
const envelopes = { 0: envelope, 1: envelope };
const runs = [...runsOf(report)].flatMap(({ runs: own }) => own);

test('svg: a block for every run, the names escaped, one file without references', () => {
  const svg = toSvg({ ...report, file: 'a <b> & "c".wav' }, envelopes);
  assert.is(svg.match(/data-result=/g)!.length, runs.length);
  assert.match(svg, /a &#60;b&#62; &#38; &#34;c&#34;\.wav/);
  assert.not.match(svg, /NaN|Infinity|undefined|(?:href|src)=/);
});

test('svg: an hour of quick changes stays small, an empty report is drawn all the same', () => {
  const changes = Array.from({ length: 56250 }, (_, i) => ({
    timestamp_start: i * 64,
    timestamp_end: (i + 1) * 64,
    result: i % 3 ? 'speech' : 'music',
    confidence: 0.9,
  }));
  const svg = toSvg({
    file: 'long.wav',
    seconds: 3600,
    period: 64,
    channels: { 0: { time_series: [], transitions: { speech: changes } } },
  });
  assert.ok(svg.length < 400_000, `${svg.length} characters`);
  assert.match(toSvg({ file: 'none.wav', seconds: 0, period: 1024, channels: {} }), /^<svg/);
});

test('waveform: peaks hold whatever the length, memory does not grow', () => {
  const builder = new EnvelopeBuilder(16000);
  const block = new Float32Array(16000).fill(0.1);
  block[8000] = -0.9;
  for (let second = 0; second < 300; second++)
    builder.add(second === 123 ? block : block.map((value) => Math.max(0, value)));
  const { peaks, bucketSeconds } = builder.finish();
  assert.ok(peaks.length <= 4096);
  assert.ok(Math.abs(peakBetween({ peaks, bucketSeconds }, 123, 124) - 0.9) < 1e-6);
  assert.ok(Math.abs(peakBetween({ peaks, bucketSeconds }, 200, 290) - 0.1) < 1e-6);
  assert.is(builder.seconds, 300);
});

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].map(onPath).find(Boolean);
if (!chromium) console.log('pictures in a browser: skipped, no chromium is installed');
const inBrowser = chromium ? test : test.skip;

inBrowser('html in Chromium: every run is drawn where it belongs, hovering tells what is there, no error', async () => {
  const seen = await inChromium(
    toHtml(report, envelopes),
    `
    const figure = document.getElementById('timeline');
    const box = figure.querySelector('svg').getBoundingClientRect();
    const at = (seconds) => box.left + box.width * (76 + (seconds / ${report.seconds}) * 1020) / 1120;
    figure.dispatchEvent(new PointerEvent('pointermove', { clientX: at(1.5), clientY: 200, bubbles: true }));
    const tip = document.getElementById('tip');
    const card = tip.getBoundingClientRect();
    const blocks = [...document.querySelectorAll('[data-channel="0"] [data-band=speech] rect')].map((block) => {
      const { left, right, height } = block.getBoundingClientRect();
      return { result: block.dataset.result, from: left, to: right, height, fill: getComputedStyle(block).fill };
    });
    const wave = document.querySelector('.r-speech.wave').getBoundingClientRect();
    const paper = () => getComputedStyle(document.documentElement).backgroundColor;
    const before = paper();
    document.getElementById('theme').click();
    const after = paper();
    figure.focus();
    figure.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }));
    const end = tip.querySelector('time').textContent;
    const ticks = () => [...document.querySelectorAll('[data-axis] text')].map((tick) => tick.textContent);
    const drag = (type, seconds) => figure.dispatchEvent(new PointerEvent(type, { clientX: at(seconds), clientY: 200, bubbles: true, button: 0, pointerType: 'mouse' }));
    const bars = () => document.querySelector('[data-channel="0"] [data-wave]').innerHTML;
    const whole = { ticks: ticks(), bars: bars() };
    drag('pointerdown', 1.024);
    drag('pointermove', 3.072);
    drag('pointerup', 3.072);
    const closer = document.querySelectorAll('[data-channel="0"] [data-band=speech] rect')[1].getBoundingClientRect();
    const zoomed = { from: closer.left, ticks: ticks(), other: bars() !== whole.bars };
    figure.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
    const again = { ticks: ticks(), transform: document.querySelector('.time').getAttribute('transform') };
    return {
      whole: whole.ticks, zoomed, again,
      blocks, at: [at(0), at(${report.seconds})], tip: tip.textContent, hovered: card.left > at(1.5) && card.right < innerWidth,
      wave: wave.height, papers: [before, after], end,
      voices: document.querySelectorAll('[data-voice=gender] .trace').length, shares: [...document.querySelectorAll('.shares li')].map((item) => item.textContent),
      rows: document.querySelectorAll('tbody tr').length, errors: window.errors,
    };`,
  );
  assert.equal(seen.errors, []);
  const expected = report.channels[0].transitions!.speech;
  assert.equal(
    seen.blocks.map(({ result }) => result),
    expected.map(({ result }) => result),
  );
  const [left, right] = seen.at;
  seen.blocks.forEach(({ from, to, height }, i) => {
    const place = (milliseconds: number): number => left + ((right - left) * milliseconds) / 1000 / report.seconds;
    assert.ok(
      Math.abs(from - place(expected[i].timestamp_start)) < 1.5 &&
        Math.abs(to - place(expected[i].timestamp_end)) < 2.5,
      `block ${i}`,
    );
    assert.ok(height > 10);
  });
  assert.is(new Set(seen.blocks.map(({ fill }) => fill)).size, new Set(expected.map(({ result }) => result)).size);
  assert.ok(seen.wave > 20 && seen.hovered);
  assert.match(seen.tip, /channel 0/);
  assert.is.not(seen.papers[0], seen.papers[1]);
  assert.is(seen.end, '0:05.50');
  assert.is(seen.voices, 4);
  assert.equal(seen.whole, [
    '0:00.0',
    '0:00.5',
    '0:01.0',
    '0:01.5',
    '0:02.0',
    '0:02.5',
    '0:03.0',
    '0:03.5',
    '0:04.0',
    '0:04.5',
    '0:05.0',
    '0:05.5',
  ]);
  assert.equal(seen.zoomed.ticks, ['0:01.5', '0:02.0', '0:02.5', '0:03.0']);
  assert.ok(Math.abs(seen.zoomed.from - left) < 1.5 && seen.zoomed.other);
  assert.equal(seen.again, { ticks: seen.whole, transform: 'matrix(1 0 0 1 0 0)' });
  assert.ok(seen.shares.includes('speech62 %'));
  assert.is(seen.rows, runs.length);
});

interface Seen {
  readonly blocks: { result: string; from: number; to: number; height: number; fill: string }[];
  readonly at: [number, number];
  readonly papers: [string, string];
  readonly shares: string[];
  readonly errors: string[];
  readonly tip: string;
  readonly end: string;
  readonly hovered: boolean;
  readonly wave: number;
  readonly voices: number;
  readonly whole: string[];
  readonly zoomed: { from: number; ticks: string[]; other: boolean };
  readonly again: { ticks: string[]; transform: string };
  readonly rows: number;
}

/** Loads the page, runs `probe` in it and reads what it gives out of the page's text. */
async function inChromium(page: string, probe: string): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'undertone-'));
  try {
    const file = join(folder, 'page.html');
    const watch =
      '<script>window.errors = []; addEventListener("error", (event) => errors.push(event.message));</script>';
    const ask = `<script>{ const seen = (() => {${probe}})(); const out = document.createElement('pre'); out.id = 'seen'; out.textContent = encodeURIComponent(JSON.stringify(seen)); document.body.append(out); }</script>`;
    await writeFile(file, page.replace('<style>', `${watch}<style>`).replace('</body>', `${ask}</body>`));
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'profile')}`,
      '--window-size=1200,1000',
      '--dump-dom',
      pathToFileURL(file).href,
    ];
    const { stdout } = await promisify(execFile)(chromium!, options, { timeout: 180_000, maxBuffer: 1 << 26 });
    return JSON.parse(decodeURIComponent(/<pre id="seen">([^<]*)/.exec(stdout)![1])) as Seen;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function onPath(name: string): string | undefined {
  return process.env
    .PATH!.split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path);
        return true;
      } catch {
        return false;
      }
    });
}

function envelopeOf(seconds: number) {
  const builder = new EnvelopeBuilder(8000);
  builder.add(Float32Array.from({ length: seconds * 8000 }, (_, i) => Math.sin(i / 9) * Math.abs(Math.sin(i / 3000))));
  return builder.finish();
}

test.run();
