"""Singing made from speech: the vowels of a talker on the notes of a melody, labelled `music`.

Recordings of unaccompanied singing are thin. A source-filter resynthesis keeps a talker's spectral
envelope, slows it down, and drives it with pulses on a scale, with glides and vibrato; several such
voices make a choir. Made once, offline, into the cache.
"""
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import fft

from effects import RATE, chance, rms
from synth import SCALES

FRAME, HOP, LIFTER = 512, 128, 36
WINDOW = np.hanning(FRAME).astype(np.float32)


def envelopes(samples):
    """Cepstrally smoothed magnitude spectra of the frames, [frames, bins], and how voiced each is (0..1)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), FRAME)[::HOP] * WINDOW
    spectrum = np.abs(fft.rfft(frames)) + 1
    cepstrum = fft.irfft(np.log(spectrum))
    cepstrum[:, LIFTER:-LIFTER + 1] = 0
    smooth = np.exp(fft.rfft(cepstrum).real).astype(np.float32)
    low = np.square(spectrum[:, 3:40]).sum(1) / np.square(spectrum).sum(1)
    return smooth, np.clip((low - 0.35) * 4, 0, 1)


def overlap_add(pieces, count):
    """`count` samples from windowed frames, [frames, FRAME], one every HOP."""
    out = np.zeros(count, np.float32)
    for index, piece in enumerate(pieces):
        out[index * HOP:index * HOP + FRAME] += piece
    return out


def melody(rng, frames, low, high, scale, key):
    """f0 for each frame, the note lengths in frames, on a scale between two frequencies."""
    pace = rng.uniform(0.18, 0.9)
    notes = [key + 12 * octave + step for octave in range(9) for step in scale]
    notes = [n for n in notes if low <= 440 * 2 ** ((n - 69) / 12) <= high] or [60]
    index, pitch, lengths = rng.integers(len(notes)), [], []
    while len(pitch) < frames:
        length = max(8, int(pace * rng.choice([0.5, 1, 1, 2, 3]) * RATE / HOP))
        pitch += [notes[index]] * length
        lengths.append(length)
        index = int(np.clip(index + rng.integers(-3, 4), 0, len(notes) - 1))
    glide = np.hanning(rng.integers(6, 18))
    pitch = np.convolve(np.pad(pitch[:frames], 10, 'edge'), glide / glide.sum(), 'same')[10:-10]
    vibrato = rng.choice([0, rng.uniform(0.1, 0.9)]) * np.sin(2 * np.pi * rng.uniform(4.5, 6.8) * np.arange(frames) * HOP / RATE)
    return 440 * 2 ** ((pitch + vibrato - 69) / 12), lengths


def voice(rng, samples, count, low, high, scale, key):
    """One singer: `count` samples."""
    frames = count // HOP + FRAME // HOP
    smooth, voiced = envelopes(samples)
    f0, lengths = melody(rng, frames, low, high, scale, key)
    where, at = [], rng.uniform(0, len(smooth) / 2)
    for length in lengths:                          # each note reads on through the text, slowed down
        span = min(length * rng.uniform(0.1, 0.6), 40)
        where += list(at + np.linspace(0, span, length))
        at = (at + span) % max(1, len(smooth) - 45)
    where = np.minimum(np.array(where[:frames], int), len(smooth) - 1)
    total = (frames + FRAME // HOP) * HOP
    hertz = np.interp(np.arange(total), np.arange(frames) * HOP, f0)
    turn = np.cumsum(hertz / RATE)
    pulses = np.zeros(total, np.float32)
    starts = np.flatnonzero(np.diff(np.floor(turn)) > 0)
    pulses[starts] = np.sqrt(RATE / hertz[starts])
    breath = rng.standard_normal(total).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view
    gain = voiced[where][:, None]
    sung = fft.rfft(cut(pulses, FRAME)[::HOP][:frames] * WINDOW) * (0.15 + 0.85 * gain)
    airy = fft.rfft(cut(breath, FRAME)[::HOP][:frames] * WINDOW) * (1 - gain + 10 ** rng.uniform(-2, -0.8))
    pieces = fft.irfft((sung + airy * 0.5) * smooth[where]) * WINDOW
    out = overlap_add(pieces, total + FRAME)
    return out[FRAME:FRAME + count] / rms(out)


def spoken(clip):
    """The clip without its pauses."""
    samples = clip.samples()
    parts = [samples[a:b] for a, b in clip.segments]
    joined = np.concatenate(parts) if parts else samples
    return joined if len(joined) > RATE // 2 else samples


def singers(clips):
    """The training clips that are long enough to sing from."""
    return [c for c in clips if c.label == 'speech' and c.split == 'train' and c.length > 1.5 * RATE]


def levelled(x):
    """The piece as int16, 20 dB below full scale."""
    return np.clip(x * (0.1 * 32768 / rms(x)), -32768, 32767).astype(np.int16)


def music_clip(like, file, number, length, kind, corpus):
    """Piece `number` of a file of pieces as a clip of class music; `corpus`: the singers', empty where nobody sings."""
    return replace(like, file=file, start=number * length, length=length, label='music', gender='', speaker=kind,
                   category=f'{kind};vocals' if corpus else kind, segments=[], corpus=corpus)


RANGES = {'male': (85, 380), 'female': (170, 850), '': (110, 600)}


def song(rng, pool, seconds):
    """A soloist, or a choir of two to seven, from clips of one corpus. Returns samples and the corpus."""
    count = int(seconds * RATE)
    first = pool[rng.integers(len(pool))]
    scale, key = SCALES[rng.integers(len(SCALES))], rng.integers(0, 12)
    same = [clip for clip in pool if clip.corpus == first.corpus]
    choir = [first] + [same[rng.integers(len(same))] for _ in range(rng.integers(1, 7) if chance(rng, 0.3) else 0)]
    mix = np.zeros(count, np.float32)
    for singer in choir:
        mix += voice(rng, spoken(singer), count, *RANGES[singer.adult_gender], scale, key) * rng.uniform(0.4, 1)
    return levelled(mix), first.corpus


def sung_clips(clips, cache, number=800, seconds=6.0, seed=11):
    """The cached songs as clips of class music, corpus named for the talkers' corpus."""
    pool = singers(clips)
    target = Path(cache) / 'sung.i16'
    names = Path(cache) / 'sung.txt'
    if not names.exists():
        rng = np.random.default_rng(seed)
        made = [song(rng, pool, seconds) for _ in range(number)]
        np.concatenate([samples for samples, _ in made]).tofile(target)
        names.write_text('\n'.join(corpus for _, corpus in made))
    length = int(seconds * RATE)
    return [music_clip(pool[0], target, i, length, 'sung', corpus) for i, corpus in enumerate(names.read_text().split('\n'))]
