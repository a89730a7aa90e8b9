/** Every option: its default, what is refused, and what an unknown name is told. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, UnknownOptionError } from '../src/errors.ts';
import { settleBytes, settleChunk, settleEngine, settleFile, settleStream } from '../src/options.ts';
import { platform } from '../src/platform/index.ts';

const models = ['Speech'];
const data = new Int16Array(0);

function refused(call: () => unknown, message: RegExp, kind: new (...args: never[]) => Error = ArgumentError): void {
  assert.throws(call, (error: Error) => {
    assert.instance(error, kind);
    assert.match(error.message, message);
    return true;
  });
}

test('what is left out gets its default', () => {
  const none = undefined;
  assert.equal(settleEngine({}), {
    ...{ device: 'auto', weights: none, threads: platform.cores(), weightPrecision: 'f32' },
  });
  const analysis = { models, includeRawValues: false, volumeThreshold: 0.005, signal: none };
  const layout = { sampleRate: 16000, channels: 1, encoding: none };
  const series = {
    ...analysis,
    ...{ outputPeriod: 1024, channel: none, includeSummary: false, includeTransitions: false, minDuration: 0 },
  };
  assert.equal(settleChunk({ models, data }), { ...analysis, ...layout, data, channel: 0 });
  assert.equal(settleFile({ models }), {
    ...series,
    ...{
      start: 0,
      end: Infinity,
      useChunking: true,
      partial: false,
      invalidSamples: 'silence',
      onWarning: none,
      onProgress: none,
    },
  });
  assert.equal(settleBytes({ models, data }), { ...series, ...layout, data, useChunking: true });
  assert.equal(settleStream({ models }), {
    ...series,
    ...layout,
    ...{ invalidSamples: 'silence', onWarning: none, resume: none },
  });
});

test('what is given is kept, and an option that is undefined was left out', () => {
  const given = { models, outputPeriod: 64, channel: 'mix', includeSummary: true, volumeThreshold: 0 } as const;
  const settled = settleStream({ ...given, channels: 2, sampleRate: undefined });
  for (const [name, value] of Object.entries(given)) assert.is(settled[name as keyof typeof settled], value, name);
  assert.is(settled.sampleRate, 16000);
  assert.is(settleStream({ models, encoding: 'mulaw' }).sampleRate, 8000);
  assert.is(settleStream({ models, encoding: 'mulaw', sampleRate: 16000 }).sampleRate, 16000);
});

test('periods are multiples of 64 ms', () => {
  for (const outputPeriod of [64, 1024, 64 * 1e6])
    assert.is(settleFile({ models, outputPeriod }).outputPeriod, outputPeriod);
  for (const outputPeriod of [0, 63, 65, 1000, -64, NaN, Infinity, '1024', 2 ** 60, null] as number[])
    refused(() => settleFile({ models, outputPeriod }), /^outputPeriod: got .*multiple of 64/);
});

test('what is out of range is refused by name, with what came and what is allowed', () => {
  const calls: Record<string, (options: object) => unknown> = {
    chunk: (options) => settleChunk({ models, data, ...options }),
    file: (options) => settleFile({ models, ...options }),
    bytes: (options) => settleBytes({ models, data, ...options }),
    stream: (options) => settleStream({ models, ...options }),
    engine: (options) => settleEngine(options),
  };
  for (const [names, option, values, message] of [
    ['chunk file bytes stream', 'includeRawValues', [1, 'no', null], /true or false/],
    ['chunk file bytes stream', 'volumeThreshold', [-0.1, 1.1, NaN, '0'], /a number from 0 to 1/],
    ['chunk file bytes stream', 'signal', [{}, null, 1], /an AbortSignal/],
    ['chunk file bytes stream', 'channel', [-1, 1.5, '0', 'left'], /a whole number from 0 /],
    ['chunk bytes stream', 'channel', [1], /from 0 to 0, since the audio has 1 channel, or 'mix'$/],
    ['chunk bytes stream', 'sampleRate', [7999, 192001, 0, NaN, '16000', 16000.5], /of Hz from 8000 to 192000/],
    ['chunk bytes stream', 'channels', [0, 257, 1.5, '2'], /a whole number from 1 to 256/],
    ['chunk bytes stream', 'encoding', ['s24', 1], /one of "s16le", "f32le", "mulaw", "alaw"/],
    ['file bytes stream', 'includeSummary', [1, 'yes'], /true or false/],
    ['file bytes stream', 'includeTransitions', [1, 'yes'], /true or false/],
    ['file bytes', 'useChunking', ['no'], /true or false/],
    ['file bytes stream', 'minDuration', [-1, NaN, Infinity, '64'], /a number of ms from 0 on/],
    ['file', 'start', [-1, NaN, '1'], /a number of seconds from 0 on/],
    ['file', 'end', [-1, NaN, '1'], /a number of seconds from 0 on/],
    ['file', 'end', [0], /later than start, 0/],
    ['file', 'partial', [1], /true or false/],
    ['file', 'onProgress', [1], /a function/],
    ['file stream', 'onWarning', ['log'], /a function/],
    ['file stream', 'invalidSamples', ['skip'], /one of "silence", "error"/],
    ['engine', 'device', ['cuda', null], /one of "auto", "webgpu", "cpu", "gpu.js"/],
    ['engine', 'threads', [0, 65, 1.5, -1, NaN, '2'], /a whole number from 1 to 64/],
    ['engine', 'weightPrecision', ['f64'], /one of "f32", "f16"/],
  ] as const) {
    for (const name of names.split(' ')) {
      for (const value of values) {
        refused(() => calls[name]({ [option]: value }), new RegExp(`^${option}: got .*${message.source}`));
      }
    }
  }
  for (const call of Object.values(calls)) assert.ok(call({}));
  for (const options of [undefined, null, 'cpu', 5])
    refused(() => settleFile(options as never), /^options: got .*an object/);
});

test('one of several channels must be named for a chunk', () => {
  refused(() => settleChunk({ models, data, channels: 2 }), /^channel: got undefined, .*from 0 to 1, or 'mix'/);
  assert.is(settleChunk({ models, data, channels: 2, channel: 1 }).channel, 1);
});

test('an unknown name is refused with the one that was meant', () => {
  for (const [option, meant] of [
    ['include_summary', 'includeSummary'],
    ['includesummary', 'includeSummary'],
    ['includeSumary', 'includeSummary'],
    ['samplerate', 'sampleRate'],
    ['sample_rate', 'sampleRate'],
    ['outputperiods', 'outputPeriod'],
    ['model', 'models'],
  ]) {
    refused(
      () => settleStream({ models, [option]: 1 } as never),
      new RegExp(`^${option}: did you mean ${meant}\\?$`),
      UnknownOptionError,
    );
  }
  refused(() => settleStream({ models, colour: 1 } as never), /^colour: there is no such option; there are models, /);
  // Of another call.
  refused(() => settleChunk({ models, data, outputPeriod: 64 } as never), /^outputPeriod: there is no such option/);
  refused(() => settleEngine({ thread: 2 } as never), /^thread: did you mean threads\?$/);
});

test.run();
