/** Signals that are nobody's voice, made by formula: 16 kHz, [-1, 1]. */
import { seeded } from '../support/random.ts';

export const rate = 16000;
const turn = 2 * Math.PI;

export type Signal = (seconds: number) => Float32Array;

/** A function of time in seconds, sampled. */
export const wave =
  (formula: (t: number, i: number) => number): Signal =>
  (seconds) =>
    Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => formula(i / rate, i));

export const scaled =
  (signal: Signal, factor: number): Signal =>
  (seconds) =>
    signal(seconds).map((sample) => factor * sample);

export const sine = (hertz: number, level: number): Signal => wave((t) => level * Math.sin(turn * hertz * t));

/** As an electric mains hums: the harmonics fall off. */
export const hum = (hertz: number, level: number): Signal =>
  wave(
    (t) =>
      level *
      [1, 0.5, 0.33, 0.1, 0.2, 0.05, 0.1].reduce(
        (sum, share, k) => sum + share * Math.sin(turn * hertz * (k + 1) * t + k),
        0,
      ) *
      0.5,
  );

/** From one frequency to the other over the whole length, evenly or by octaves. */
export function sweep(from: number, to: number, level: number, octaves: boolean): Signal {
  return (seconds) => {
    const ratio = Math.log(to / from);
    const phase = (t: number): number =>
      octaves
        ? (from * seconds * (Math.exp((ratio * t) / seconds) - 1)) / ratio
        : from * t + ((to - from) * t * t) / (2 * seconds);
    return wave((t) => level * Math.sin(turn * phase(t)))(seconds);
  };
}

export function whiteNoise(level: number, seed = 'white'): Signal {
  return (seconds) => {
    const { normal } = seeded(seed);
    return wave(() => level * normal())(seconds);
  };
}

/** -3 dB an octave: Kellet's sum of one-pole filters (P. Kellet, music-dsp list, 1999). `level` is about the RMS. */
export function pinkNoise(level: number, seed = 'pink'): Signal {
  return (seconds) => {
    const { normal } = seeded(seed);
    const poles = [0.99886, 0.99332, 0.969, 0.8665, 0.55, -0.7616];
    const gains = [0.0555179, 0.0750759, 0.153852, 0.3104856, 0.5329522, -0.016898];
    const states = poles.map(() => 0);
    let delayed = 0;
    return wave(() => {
      const white = normal();
      poles.forEach((pole, i) => (states[i] = pole * states[i] + gains[i] * white));
      const pink = states.reduce((sum, state) => sum + state, 0) + delayed + white * 0.5362;
      delayed = white * 0.115926;
      return Math.max(-1, Math.min(1, level * pink * 0.4));
    })(seconds);
  };
}

/** -6 dB an octave, kept from drifting. */
export function brownNoise(level: number, seed = 'brown'): Signal {
  return (seconds) => {
    const { normal } = seeded(seed);
    let state = 0;
    return wave(() => level * 3 * (state = 0.98 * state + 0.066 * normal()))(seconds);
  };
}

/** Single samples at full level, so many a second; a metronome's click has a short ring instead. */
export const clicks = (perSecond: number, level: number, ring = 0): Signal =>
  wave((_, i) => {
    const since = (i % Math.round(rate / perSecond)) / rate;
    return ring === 0 ? (since === 0 ? level : 0) : level * Math.exp(-since / ring) * Math.cos(turn * 1800 * since);
  });

/** A hard square wave: what full-scale clipping makes of a tone. */
export const square = (hertz: number, level: number): Signal =>
  wave((t) => level * Math.sign(Math.sin(turn * hertz * t) || 1));

export const clipped =
  (signal: Signal, gain: number): Signal =>
  (seconds) =>
    signal(seconds).map((sample) => Math.max(-1, Math.min(1, gain * sample)));

/** A short piece of something in digital silence, beginning at a share of the length. */
export const burst =
  (piece: Float32Array, at: number): Signal =>
  (seconds) => {
    const out = new Float32Array(Math.round(seconds * rate));
    out.set(piece, Math.round(at * (out.length - piece.length)));
    return out;
  };

export const mixed =
  (a: Signal, b: Signal): Signal =>
  (seconds) => {
    const under = b(seconds);
    return a(seconds).map((sample, i) => sample + under[i]);
  };
