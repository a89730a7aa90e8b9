/** Small pieces of music, played by formula: chords, a tune with a timbre, drums, and all together. */
import { seeded } from '../support/random.ts';
import { rate, type Signal } from './signals.ts';

const turn = 2 * Math.PI;
const hertzOf = (midi: number): number => 440 * 2 ** ((midi - 69) / 12);

/** Sound of one note: t seconds after its start. */
type Timbre = (hertz: number, t: number) => number;

/** Even decay, upper partials first: a piano of sorts. */
const struck: Timbre = (hertz, t) =>
  [1, 0.6, 0.35, 0.2, 0.12, 0.07].reduce(
    (sum, share, k) =>
      sum + share * Math.exp(-t * (1.5 + 1.2 * k)) * Math.sin(turn * hertz * (k + 1) * (1 + 0.0004 * k * k) * t),
    0,
  );
/** Slow to speak, with vibrato: strings. */
const bowed: Timbre = (hertz, t) =>
  Math.min(1, t * 8) *
  [1, 0.7, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1].reduce(
    (sum, share, k) =>
      sum + share * Math.sin(turn * hertz * (k + 1) * t + 0.02 * (k + 1) * hertz * 0.06 * Math.sin(turn * 5.5 * t)),
    0,
  ) *
  0.5;
/** Odd partials only: an organ's stopped pipe, a clarinet. */
const blown: Timbre = (hertz, t) =>
  Math.min(1, t * 20) *
  [1, 0.4, 0.25, 0.1].reduce((sum, share, k) => sum + share * Math.sin(turn * hertz * (2 * k + 1) * t), 0) *
  0.6;

interface Note {
  readonly start: number;
  readonly length: number;
  readonly midi: number;
  readonly level: number;
}

function play(notes: readonly Note[], timbre: Timbre): Signal {
  return (seconds) => {
    const out = new Float32Array(Math.round(seconds * rate));
    for (const { start, length, midi, level } of notes) {
      const first = Math.round(start * rate);
      const count = Math.min(out.length - first, Math.round(length * rate));
      for (let i = 0; i < count; i++)
        out[first + i] += level * Math.min(1, (count - i) / 400) * timbre(hertzOf(midi), i / rate);
    }
    return out;
  };
}

function chordNotes(chords: readonly (readonly number[])[], length: number, level: number): Note[] {
  return chords.flatMap((chord, i) => chord.map((midi) => ({ start: i * length, length, midi, level })));
}

const cadence = [
  [60, 64, 67, 48],
  [57, 60, 64, 45],
  [53, 57, 60, 41],
  [55, 59, 62, 43],
];
const minor = [
  [57, 60, 64, 33],
  [62, 65, 69, 38],
  [52, 56, 59, 40],
  [57, 60, 64, 45],
];
const tune = [0, 2, 4, 5, 7, 7, 9, 9, 9, 9, 7, 5, 5, 5, 5, 4, 4, 2, 2, 0].map((step, i) => ({
  start: i * 0.22,
  length: 0.22,
  midi: 67 + step,
  level: 0.25,
}));
const slowTune = [0, 3, 7, 5, 3, 2, 0, -2].map((step, i) => ({
  start: i * 0.45,
  length: 0.5,
  midi: 62 + step,
  level: 0.3,
}));
const arpeggio = cadence.flatMap((chord, c) =>
  [0, 1, 2, 1, 0, 2].map((n, i) => ({ start: c * 0.9 + i * 0.15, length: 0.5, midi: chord[n] + 12, level: 0.25 })),
);

/** Kick on the beat, snare between, hi-hat on every half. */
function drums(beatsPerMinute: number): Signal {
  return (seconds) => {
    const { normal } = seeded(`drums ${beatsPerMinute}`);
    const beat = 60 / beatsPerMinute;
    return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
      const t = i / rate;
      const inBeat = t % beat;
      const isSnare = Math.floor(t / beat) % 2 === 1;
      const inHalf = t % (beat / 2);
      const kick = 0.7 * Math.exp(-inBeat * 18) * Math.sin(turn * (45 * inBeat + 3 * (1 - Math.exp(-inBeat * 30))));
      const snare = isSnare ? Math.exp(-inBeat * 22) * (0.25 * normal() + 0.2 * Math.sin(turn * 190 * inBeat)) : 0;
      return kick + snare + 0.08 * Math.exp(-inHalf * 60) * normal();
    });
  };
}

function mix(...parts: Signal[]): Signal {
  return (seconds) => {
    const voices = parts.map((part) => part(seconds));
    return voices[0].map((_, i) => voices.reduce((sum, voice) => sum + voice[i], 0));
  };
}

/** Peak at -4 dB, as recorded music stands. */
const mastered =
  (signal: Signal): Signal =>
  (seconds) => {
    const samples = signal(seconds);
    const peak = samples.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 1e-9);
    return samples.map((sample) => (0.63 * sample) / peak);
  };

export const pieces: Readonly<Record<string, Signal>> = Object.fromEntries(
  Object.entries({
    'piano chords': play(chordNotes(cadence, 0.9, 0.2), struck),
    'string chords': play(chordNotes(minor, 0.8, 0.15), bowed),
    'organ chords': play(chordNotes(cadence, 0.75, 0.15), blown),
    'piano tune': play(tune, struck),
    'clarinet tune': play(slowTune, blown),
    'string tune over chords': mix(play(slowTune, bowed), play(chordNotes(minor, 0.9, 0.1), struck)),
    arpeggios: play(arpeggio, struck),
    'band at 100': mix(drums(100), play(chordNotes(cadence, 1.2, 0.12), struck), play(tune, blown)),
    'band at 130': mix(drums(130), play(chordNotes(minor, 0.92, 0.12), bowed), play(arpeggio, struck)),
    'drums at 120': drums(120),
  }).map(([name, signal]) => [name, mastered(signal)]),
);
