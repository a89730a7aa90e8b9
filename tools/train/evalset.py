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

CONDITIONS = ('clean', 'noise10', 'quiet30', 'tel8k')
STEPS = 46            # the whole steps of three seconds
PER_GROUP = 60


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

    def rows(self, held_out):
        """Rows nobody trained on: those of held-out corpora if any are named, else dev and probe."""
        if held_out:
            return np.flatnonzero(np.isin(self.corpus, held_out))
        return np.flatnonzero(self.split != 'train')
