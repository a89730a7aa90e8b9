"""Music played by a General MIDI synthesiser: songs, hymns, dances, solos and dark pads, labelled `music`.

Recorded music of the data is thin and half of it comes from games. FluidSynth plays pieces that are drawn
here, with FluidR3's sampled instruments (MIT); voices sung by sing.py join some of them in the same key.
"""
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import mido
import numpy as np

from corpus import RATE
from effects import chance, rms
from sing import RANGES, levelled, music_clip, singers, spoken, voice
from synth import SCALES

FONT = '/usr/share/sounds/sf2/FluidR3_GM.sf2'
TICKS = 480
SECONDS = 12.0
# General MIDI programs, from 0.
PIANOS, ORGANS, GUITARS, BASSES = range(0, 8), range(16, 24), range(24, 32), range(32, 40)
STRINGS, CHOIRS, BRASSES, REEDS, PIPES = range(40, 52), range(52, 55), range(56, 64), range(64, 72), range(72, 80)
LEADS, PADS, FOLK, BELLS = range(80, 88), range(88, 104), range(104, 112), range(8, 16)
LEADING = (*PIANOS, *BELLS, *ORGANS, *GUITARS, *STRINGS, *CHOIRS, *BRASSES, *REEDS, *PIPES, *LEADS, *FOLK)
CHORDS = (*PIANOS, *ORGANS, *GUITARS, *range(48, 55), *BRASSES[5:], *PADS, 20, 21)
PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (5, 3, 0, 4), (0, 4, 5, 3), (0, 0, 3, 0, 4, 3, 0, 4), (1, 4, 0, 0), (0, 6, 5, 4), (0, 2, 3, 4), (0,), (0, 3))
DRUMS = 9


class Sheet:
    """Notes on the sixteen channels of a MIDI file."""

    def __init__(self, rng, tempo):
        self.rng, self.tempo = rng, tempo
        self.events = []        # (tick, order, message)
        self.channels = iter([c for c in range(16) if c != DRUMS])

    def part(self, program, volume=None):
        channel = next(self.channels)
        self.control(channel, 7, volume if volume is not None else self.rng.integers(60, 127))
        self.control(channel, 91, self.rng.choice([0, 30, self.rng.integers(0, 127)]))
        self.control(channel, 93, self.rng.choice([0, self.rng.integers(0, 100)]))
        self.events.append((0, 0, mido.Message('program_change', channel=channel, program=int(program))))
        return channel

    def control(self, channel, number, value):
        self.events.append((0, 0, mido.Message('control_change', channel=channel, control=number, value=int(value))))

    def note(self, channel, key, start, length, velocity):
        key, velocity = int(np.clip(key, 12, 115)), int(np.clip(velocity, 15, 127))
        begin = max(0, int((start + self.rng.normal(0, 0.008)) * TICKS))
        self.events.append((begin, 2, mido.Message('note_on', channel=channel, note=key, velocity=velocity)))
        self.events.append((begin + max(20, int(length * TICKS)), 1, mido.Message('note_off', channel=channel, note=key)))

    def save(self, path):
        file, track, now = mido.MidiFile(ticks_per_beat=TICKS), mido.MidiTrack(), 0
        track.append(mido.MetaMessage('set_tempo', tempo=mido.bpm2tempo(self.tempo)))
        for tick, _, message in sorted(self.events, key=lambda e: e[:2]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
        file.save(path)


def degree(scale, root, step):
    """Key of a step of the scale."""
    return root + 12 * (step // len(scale)) + scale[step % len(scale)]


def melody(rng, sheet, channel, scale, root, beats, rests, poly=1):
    """A wandering line in notes of half a beat to four."""
    at, step, unit = rng.choice([0.0, rng.uniform(0, 4)]), rng.integers(0, 8), rng.choice([0.25, 0.5, 0.5, 1.0, 2.0])
    legato, loud = rng.uniform(0.4, 1.1), rng.integers(60, 115)
    while at < beats:
        length = unit * rng.choice([1, 1, 1, 2, 2, 4])
        if not chance(rng, rests):
            for extra in range(poly):
                sheet.note(channel, degree(scale, root, int(step) + 2 * extra), at, length * legato, loud + rng.normal(0, 10))
        step = np.clip(step + rng.integers(-3, 4), -4, 14)
        at += length


def chords(rng, sheet, channel, scale, root, beats, bar):
    """A progression, held, struck or broken."""
    progression = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    style, size, loud = rng.integers(4), rng.integers(2, 5), rng.integers(50, 105)
    pulse = rng.choice([0.25, 0.5, 1.0])
    for index, at in enumerate(np.arange(0, beats, bar)):
        base = progression[index % len(progression)]
        keys = [degree(scale, root, base + 2 * i) for i in range(size)]
        if style == 0:
            for key in keys:
                sheet.note(channel, key, at, bar * 0.98, loud)
        elif style == 1:
            for beat in np.arange(0, bar, pulse):
                for key in keys:
                    sheet.note(channel, key, at + beat, pulse * 0.7, loud + rng.normal(0, 8))
        else:
            for i, beat in enumerate(np.arange(0, bar, pulse)):
                sheet.note(channel, keys[i % size] if style == 2 else keys[rng.integers(size)], at + beat, pulse * 1.5, loud + rng.normal(0, 8))
    return progression


def bass(rng, sheet, scale, root, beats, bar, progression):
    channel, pulse = sheet.part(rng.choice(BASSES)), rng.choice([0.5, 1.0, 2.0])
    for index, at in enumerate(np.arange(0, beats, bar)):
        key = degree(scale, root, progression[index % len(progression)])
        for beat in np.arange(0, bar, pulse):
            if not chance(rng, 0.15):
                sheet.note(channel, key + rng.choice([0, 0, 0, 7, 12]), at + beat, pulse * 0.9, rng.integers(70, 120))


def drums(rng, sheet, beats):
    """Kick, snare, hats, and now and then toms and cymbals, on a grid of sixteenths."""
    sheet.control(DRUMS, 7, rng.integers(50, 127))
    kit = ((36, rng.random(16) < 0.25), (rng.choice([38, 40, 37, 39]), np.isin(np.arange(16), rng.choice([4, 12, 10, 7, 15], 3))),
           (rng.choice([42, 44, 46, 51, 54, 69]), np.arange(16) % rng.choice([1, 2, 4]) == 0),
           (rng.choice([41, 45, 48, 60, 62, 64, 75]), rng.random(16) < 0.12))
    kit[0][1][0] = True
    for place in range(int(beats * 4)):
        for key, pattern in kit:
            if pattern[place % 16] and not chance(rng, 0.05):
                sheet.note(DRUMS, key, place / 4, 0.2, rng.integers(60, 125))
    if chance(rng, 0.3):
        sheet.note(DRUMS, 49, 0, 1, 110)


def compose(rng, path):
    """Draws a piece. Returns (scale, key of its root, whether somebody may sing along)."""
    tempo = rng.integers(55, 180)
    sheet, beats = Sheet(rng, tempo), SECONDS * tempo / 60
    scale, root, bar = SCALES[rng.integers(len(SCALES))], int(rng.integers(45, 57)), rng.choice([2, 3, 4, 4, 4])
    kind = rng.choice(['band', 'solo', 'orchestra', 'pad', 'choir', 'beat', 'folk'], p=[0.3, 0.16, 0.13, 0.13, 0.07, 0.11, 0.1])
    if kind == 'solo':
        program = rng.choice(LEADING)
        melody(rng, sheet, sheet.part(program, 110), scale, root + 12 * rng.integers(-1, 3), beats, rng.uniform(0, 0.3), rng.choice([1, 1, 2, 3]))
        if program in PIANOS or chance(rng, 0.2):
            chords(rng, sheet, sheet.part(program), scale, root - 12, beats, bar)
    elif kind == 'pad':
        for _ in range(rng.integers(1, 4)):
            chords(rng, sheet, sheet.part(rng.choice([*PADS, *STRINGS[8:12], *CHOIRS, 19, 20])), scale, root + 12 * rng.integers(-3, 2), beats, rng.choice([4, 8, 16]))
    elif kind in ('orchestra', 'choir'):
        family = [*CHOIRS] if kind == 'choir' else [*STRINGS[:12], *BRASSES[:7], *REEDS[4:], *PIPES[:3], 47, 14, 9]
        for octave in rng.integers(-1, 2, rng.integers(2, 5)):
            chords(rng, sheet, sheet.part(rng.choice(family)), scale, root + 12 * octave, beats, bar)
        melody(rng, sheet, sheet.part(rng.choice(family)), scale, root + 12, beats, 0.1, rng.choice([1, 2]))
    elif kind == 'beat':
        drums(rng, sheet, beats)
        if chance(rng, 0.7):
            bass(rng, sheet, scale, root - 12, beats, bar, PROGRESSIONS[rng.integers(len(PROGRESSIONS))])
    else:
        family = [*FOLK, 21, 22, 24, 25, 40, 73, 74, 71, 15] if kind == 'folk' else CHORDS
        progression = chords(rng, sheet, sheet.part(rng.choice(family)), scale, root + 12 * rng.integers(0, 2), beats, bar)
        if kind == 'band' or chance(rng, 0.4):
            bass(rng, sheet, scale, root - 12, beats, bar, progression)
        if chance(rng, 0.75 if kind == 'band' else 0.3):
            drums(rng, sheet, beats)
        if chance(rng, 0.7):
            melody(rng, sheet, sheet.part(rng.choice(family if kind == 'folk' else LEADING)), scale, root + 12, beats, rng.uniform(0, 0.4))
    sheet.save(path)
    return scale, root, kind != 'solo'


def play(rng, folder, number):
    """Int16-scale samples of a piece, mono at 16 kHz, and what compose says of it."""
    sheet, sound = folder / f'{number}.mid', folder / f'{number}.raw'
    scale, root, accompanies = compose(rng, sheet)
    subprocess.run(['fluidsynth', '-ni', '-q', '-g', '0.6', '-r', str(RATE), '-T', 'raw', '-O', 's16', '-o', 'synth.dynamic-sample-loading=1', '-F', str(sound), FONT, str(sheet)],
                   check=True, capture_output=True)
    samples = np.fromfile(sound, np.int16).astype(np.float32).reshape(-1, 2)
    sheet.unlink()
    sound.unlink()
    side = rng.uniform(0.2, 0.8)
    mono = samples[:, 0] * side + samples[:, 1] * (1 - side)
    return np.resize(mono, int(SECONDS * RATE)), scale, root, accompanies


def make_songs(job):
    """A file of pieces, some of them sung to by talkers of one corpus; the names of the corpora that went in."""
    target, count, seed, pool = job
    rng = np.random.default_rng(seed)
    pieces, corpora = [], []
    for number in range(count):
        x, scale, root, accompanies = play(rng, target.parent, f'{target.stem}-{number}')
        corpus = ''
        if accompanies and chance(rng, 0.5):
            singer = pool[rng.integers(len(pool))]
            corpus = singer.corpus
            voices = [singer] + [c for c in pool if c.speaker == singer.speaker][:rng.integers(0, 3)] * chance(rng, 0.3)
            sung = sum(voice(rng, spoken(c), len(x), *RANGES[c.adult_gender], scale, root % 12) for c in voices)
            x = x / rms(x) + sung / rms(sung) * 10 ** (rng.uniform(-8, 8) / 20)
        pieces.append(levelled(x))
        corpora.append(corpus)
    np.concatenate(pieces).tofile(target)
    target.with_suffix('.txt').write_text('\n'.join(corpora))


def band_clips(clips, cache, files=8, count=40, seed=23):
    """The cached pieces as clips of class music; `corpus` names the singers', if anybody sings."""
    pool = singers(clips)
    folder = Path(cache) / 'band'
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f'{i:03d}.i16' for i in range(files)]
    with ProcessPoolExecutor(2) as workers:
        list(workers.map(make_songs, [(t, count, [seed, i], pool) for i, t in enumerate(targets) if not t.with_suffix('.txt').exists()]))
    length = int(SECONDS * RATE)
    return [music_clip(pool[0], target, i, length, 'band', corpus)
            for target in targets for i, corpus in enumerate(target.with_suffix('.txt').read_text().split('\n'))]
