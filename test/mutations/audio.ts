/** Sound into steps, steps into features. */
import { inFile } from './mutation.ts';

const resampler = 'test/audio/resampler.test.ts';
const pcm = 'test/audio/pcm.test.ts';
const input = 'test/audio/stream-input.test.ts';
const decode = 'test/audio/decode.test.ts';
const flac = 'test/audio/flac-frame.test.ts';
const formats = 'test/audio/formats.test.ts';
const definition = 'test/features/definition.test.ts';

export const audio = [
  ...inFile('src/audio/resampler.ts', [
    ['speex._speex_resampler_skip_zeros(handle)', 'void handle', resampler],
    ['this.#made += made;', '', resampler],
    ['this.#given += samples.length;', '', resampler],
    ['const quality = 7;', 'const quality = 1;', resampler],
    ['const qualityOnTheWay = 5;', 'const qualityOnTheWay = 0;', resampler],
    ['44100: [25200, 22400]', '44100: [16000, 22400]', resampler],
    ['out.subarray(made));\n      made', 'out);\n      made', resampler],
    ['out[i] = samples[i] * fullScale', 'out[i] = samples[i] * (fullScale - 1)', [resampler, input]],
  ]),
  ...inFile('src/audio/format.ts', [
    ['Math.round(((samples - seconds', 'Math.ceil(((samples - seconds', [resampler, pcm]],
  ]),
  ...inFile('src/audio/stream-input.ts', [
    ['this.#restLength = length % stepSamples;', '', input],
    ['this.#rest.set(samples.subarray(used));', '', input],
    ['this.#oddBytes = bytes.slice(bytes.length - odd);', '', input],
    ['if (kind !== (this.#kind ?? kind))', 'if (false)', input],
  ]),
  ...inFile('src/audio/g711.ts', [
    ['inverted & 0x80 ? magnitude : -magnitude', 'inverted & 0x80 ? -magnitude : magnitude', decode],
    ['<< 3) + 132)', '<< 3) + 33)', decode],
    ['exponent === 0 ? mantissa :', '', decode],
  ]),
  ...inFile('src/audio/sample-codec.ts', [
    ['(view.getUint8(at) - 128) / 128', 'view.getUint8(at) / 128', [decode, formats]],
    ['view.getInt8(at + 2) * 65536', 'view.getUint8(at + 2) * 65536', [decode, formats]],
    ['let i = 0, at = channel * width', 'let i = 0, at = 0', [decode, formats]],
    ['if (peak === 0) return undefined;', '', 'test/audio/sample-codec.test.ts'],
  ]),
  ...inFile('src/audio/flac-frame.ts', [
    ['- 6 * s[i - 2] - s[i - 4]', '- 6 * s[i - 2]', flac],
    ['b[i] = a[i] - b[i]', 'b[i] = b[i] - a[i]', flac],
    ['(Math.abs(b[i]) % 2)', '0', flac],
    ['samples[i] *= 2 ** wasted', 'samples[i] *= 1', flac],
    ['crc16(bytes, at, footer) !== ((bytes[footer] << 8) | bytes[footer + 1])', 'false', flac],
    ['(code >>> 1) ^ -(code & 1)', 'code >>> 1', flac],
    ['const end = (partition + 1) * length;', 'const end = (partition + 1) * length + order;', flac],
  ]),
  ...inFile('src/audio/chunked.ts', [
    ['this.#leave(size + format.padding(size))', 'this.#leave(size)', [decode, formats]],
    ['if (missing > harmlessLoss)', 'if (false)', decode],
    ['this.#openEnded ? Infinity : size', 'size', decode],
  ]),
  ...inFile('src/features/definition.ts', [
    ['(2 * Math.PI * i) / (length - 1)', '(2 * Math.PI * i) / length', definition],
    ['(right - bin) / (right - peak)', '(right - bin) / (right - left)', definition],
    ['((frame + 1) * hertz)', '(frame * hertz)', definition],
    ['(index + 1) * geometry.hop - geometry.frame', 'index * geometry.hop - geometry.frame', definition],
    ['700 * (Math.exp(mel / 1125) - 1)', '700 * Math.exp(mel / 1125)', definition],
  ]),
];
