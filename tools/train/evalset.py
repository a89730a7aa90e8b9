"""The evaluation set: clips of at most three seconds in four conditions, features made once.

`clean`, `noise10` (white noise, 10 dB SNR), `quiet30` (-30 dB), `tel8k` (8 kHz, mu-law, 300-3400 Hz).
Rows are dev clips, the probe, and up to PER_GROUP training clips a corpus, class and gender for the
corpora that a run holds out.
"""
from pathlib import Path

import numpy as np
import torch
from scipy import fft

import effects
from corpus import CLASSES, GENDERS, RATE, load_clips
from features import STEP, log_mel, step_level
from psola import median_pitch, pitch_track

CONDITIONS = ('clean', 'noise10', 'quiet30', 'tel8k')
STEPS = 46            # the whole steps of three seconds
PER_GROUP = 60
# Median pitch in Hz, from which each band of a gender begins.
PITCH_BANDS = {'male': (0, 150, 180), 'female': (0, 150, 180)}
# What a category of `other` or `music` says of its kind, by the first word that occurs in it.
KIND_WORDS = {'laughter': ('laugh',), 'cries and screams': ('scream', 'cry', 'pain'), 'coughs, mouths': ('cough', 'sneez', 'mouth', 'breath', 'snor'),
              'crowds': ('crowd', 'applause', 'clap', 'cheer'), 'sirens, alarms, horns': ('siren', 'alarm', 'horn'),
              'phones, beeps, bells': ('phone', 'beep', 'bell', 'chime', 'alert', 'ui sound'), 'knocks and impacts': ('knock', 'impact', 'footstep', 'door', 'tap'),
              'large animals': ('cow', 'sheep', 'goat', 'donkey', 'horse', 'pig', 'dog', 'cat', 'rooster', 'animal'),
              'birds, insects, frogs': ('bird', 'insect', 'frog', 'cricket', 'crow', 'hen'), 'motors and machines': ('engine', 'vehicle', 'machine', 'motor', 'drill', 'vacuum', 'saw', 'helicopter', 'train'),
              'water and weather': ('water', 'rain', 'wind', 'thunder', 'sea', 'weather', 'fire'),
              'single instruments': ('single note', 'instrument', 'piano', 'guitar'), 'singing': ('vocals',)}


def kind_of(label, category):
    """The kind of a clip that is no speech, else ''."""
    if label == 'speech':
        return ''
    for kind, words in KIND_WORDS.items():
        if any(word in category for word in words):
            return kind
    return f'other {label}' if label == 'music' else 'other sounds'


def choose(clips, rng):
    """Indices of the rows: all dev clips and a sample of the training clips."""
    groups = {}
    for index, clip in enumerate(clips):
        if clip.split == 'train':
            groups.setdefault((clip.corpus, clip.label, clip.gender, clip.child), []).append(index)
    rows = [i for i, clip in enumerate(clips) if clip.split != 'train']
    for members in groups.values():
        rows += list(rng.permutation(members)[:PER_GROUP])
    return sorted(int(i) for i in rows)


def crop(rng, clip):
    """Up to three seconds: from just before the first speech, or from a random place."""
    room = max(0, clip.length - 3 * RATE)
    if clip.label == 'speech' and clip.segments:
        start = int(np.clip(clip.segments[0][0] - 0.2 * RATE, 0, room))
    else:
        start = int(rng.integers(0, room + 1))
    return clip.samples()[start:start + STEPS * STEP].astype(np.float32)


def degrade(x, condition, rng):
    """One condition; int16-scale samples in and out, rounded and clipped."""
    if condition == 'noise10':
        x = x + rng.standard_normal(len(x)).astype(np.float32) * (effects.rms(x) * 10 ** -0.5)
    elif condition == 'quiet30':
        x = x * 10 ** -1.5
    elif condition == 'tel8k':
        x = effects.telephone(fft.rfft(x, effects.FFT_SIZE), len(x), 10)
    return np.clip(np.round(x), -32768, 32767)


def build(clips, condition, seed=3):
    """features f16 [n, STEPS * 4, 64], level f32 [n, STEPS], count [n] (whole steps)."""
    rng = np.random.default_rng(seed)
    x = np.zeros((len(clips), STEPS * STEP), np.float32)
    count = np.zeros(len(clips), np.int64)
    for row, clip in enumerate(clips):
        part = degrade(crop(rng, clip), condition, np.random.default_rng([seed, row]))
        x[row, :len(part)] = part
        count[row] = max(1, len(part) // STEP)
    samples = torch.from_numpy(x)
    with torch.no_grad():
        logmel = torch.cat([log_mel(part).half() for part in samples.split(64)])
    return {'features': logmel.numpy(), 'level': step_level(samples).numpy(), 'count': count}


class EvalSet:
    """Rows as arrays, and the features of each condition, from the cache or made now."""

    def __init__(self, data, cache, table='index.tsv'):
        clips = load_clips(data, cache, table)
        self.clips = [clips[i] for i in choose(clips, np.random.default_rng(2))]
        folder = Path(cache) / 'eval' / Path(table).stem
        folder.mkdir(parents=True, exist_ok=True)
        self.conditions = {}
        for condition in CONDITIONS:
            path = folder / f'{condition}.npz'
            if not path.exists():
                np.savez(path, **build(self.clips, condition))
            self.conditions[condition] = dict(np.load(path))
        self.label = np.array([CLASSES.index(c.label) for c in self.clips])
        self.gender = np.array([GENDERS.index(c.adult_gender) if c.adult_gender else -1 for c in self.clips])
        self.corpus = np.array([c.corpus for c in self.clips])
        self.split = np.array([c.split for c in self.clips])
        self.kind = np.array([kind_of(c.label, c.category) for c in self.clips])
        self.band = self.bands(folder / 'pitch.npy')

    def bands(self, path):
        """The pitch band of each adult talker, such as `male from 150 Hz`, '' where there is none."""
        if not path.exists():
            np.save(path, np.array([median_pitch(pitch_track(crop(np.random.default_rng(3), c))) or 0.0 if c.adult_gender else 0.0 for c in self.clips]))
        names = []
        for clip, hertz in zip(self.clips, np.load(path)):
            starts = [start for start in PITCH_BANDS.get(clip.adult_gender, ()) if hertz > 0 and hertz >= start]
            names.append(f'{clip.adult_gender} from {starts[-1]} Hz' if starts else '')
        return np.array(names)

    def rows(self, held_out):
        """Rows nobody trained on: those of held-out corpora if any are named, else dev and probe."""
        if held_out:
            return np.flatnonzero(np.isin(self.corpus, held_out))
        return np.flatnonzero(self.split != 'train')
