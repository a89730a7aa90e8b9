/** A telephone line: 300 to 3400 Hz at 8 kHz, eight bits of mu-law. */

const taps = 301;

/** Linear-phase band pass of `taps` coefficients at 16 kHz: the difference of two low passes, Hamming window. */
const bandPass = Float32Array.from({ length: taps }, (_, i) => {
  const n = i - (taps - 1) / 2;
  const lowPass = (hertz: number): number =>
    n === 0 ? (2 * hertz) / 16000 : Math.sin((2 * Math.PI * hertz * n) / 16000) / (Math.PI * n);
  const hamming = 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (taps - 1));
  return hamming * (lowPass(3400) - lowPass(300));
});

/** 16 kHz in, 8 kHz out, delay taken out; the band pass is also what keeps the decimation free of aliases. */
export function telephoneBand(samples: Float32Array): Float32Array {
  const half = (taps - 1) / 2;
  const padded = new Float32Array(samples.length + 2 * half);
  padded.set(samples, half);
  return Float32Array.from({ length: Math.floor(samples.length / 2) }, (_, out) => {
    let sum = 0;
    for (let i = 0; i < taps; i++) sum += bandPass[i] * padded[2 * out + i];
    return sum;
  });
}

/** Coded by ITU-T G.711 mu-law and decoded again, sample by sample; in and out in [-1, 1]. */
export function mulaw(samples: Float32Array): Float32Array {
  return samples.map((sample) => decode(encode(Math.round(sample * 32768))) / 32768);
}

/** G.711 counts in 14 bits; as is usual the sample is taken at 16 bits, where the bias is 132 and the clip 32635. */
const bias = 132;
const clip = 32635;

function encode(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), clip) + bias;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return (sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa;
}

function decode(code: number): number {
  const exponent = (code >> 4) & 7;
  const magnitude = ((((code & 15) << 3) + bias) << exponent) - bias;
  return code & 0x80 ? -magnitude : magnitude;
}
