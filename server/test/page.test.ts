import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { ask, key, start } from './support/service.ts';

const test = suite('the page');
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const voice = fileURLToPath(new URL('../../samples/reading-room.wav', import.meta.url));
let server: Server;
let browser: Browser;
let page: Page;
const faults: string[] = [];

test.before(async () => {
  assert.ok(existsSync(executablePath), 'chromium is needed (apt-get install chromium)');
  server = await start();
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${voice}`,
    ],
  });
  page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(`${server.url}/#key=${key}`);
});
test.after(async () => {
  await browser.close();
  await server.close();
});

test('a file is drawn, with its shares', async () => {
  assert.not(page.url().includes(key));
  await page.setInputFiles('#file', voice);
  await page.waitForSelector('#result table');
  assert.match((await page.textContent('#status')) ?? '', /^reading-room\.wav, in [\d.]+ s\.$/);
  const text = (await page.textContent('#result')) ?? '';
  assert.match(text, /speechspeech\d+\.\d %/);
  assert.match(text, /genderfemale\d+\.\d %/);
  assert.ok((await page.locator('#result rect').count()) >= 2);
});

test('the microphone is heard', async () => {
  await page.click('#microphone');
  await page.locator('#result p', { hasText: /speech \(\d+ %\)/ }).waitFor();
  await page.locator('#result rect').nth(7).waitFor({ state: 'attached' });
  const { body } = await ask(server, '/metrics');
  assert.match(body, /undertone_calls_open\{kind="stream"\} 1/);
  await page.click('#microphone');
  await page.locator('#status', { hasText: 'Stopped.' }).waitFor();
  if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'], fullPage: true });
  assert.equal(faults, []);
});

test('a wrong key is said', async () => {
  await page.fill('#key', 'wrong');
  await page.setInputFiles('#file', voice);
  await page.waitForSelector('#status.error');
  assert.match((await page.textContent('#status')) ?? '', /a key is needed/);
});

test.run();
