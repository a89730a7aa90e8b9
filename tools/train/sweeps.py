"""Tones and sweeps: a rising tone of less than a second has the shape of a spoken glide, and no tone has a gender."""
import numpy as np
import torch

from effects import RATE, chance, coloured, finish
from features import STEP, log_mel, step_level
from pool import OTHER, STEPS

COUNT = STEPS * STEP
LOUD = 0.005


def sweep(rng):
    """Three seconds: a tone, or sweeps of 0.15 s to 3 s, up or down, by octaves or by hertz, alone or again and again."""
    count = int(rng.choice([rng.uniform(0.15, 1.1), rng.uniform(0.5, 3)], p=[0.75, 0.25]) * RATE)
    low, high = np.sort(np.exp(rng.uniform(np.log(20), np.log(8000), 2)))
    high = max(high, min(4 * low, 8000))
    hertz = np.geomspace(low, high, count) if chance(rng, 0.6) else np.linspace(low, high, count)
    if chance(rng, 0.35):
        hertz = hertz[::-1]
    if chance(rng, 0.25):
        hertz = np.full(count, low)
    tone = np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
    if chance(rng, 0.1):
        tone = np.sign(tone)
    gap = 0 if chance(rng, 0.5) else int(rng.uniform(0, 0.6) * RATE)
    round_ = np.concatenate([tone, np.zeros(gap)])
    x = np.tile(round_, COUNT // len(round_) + 1)[:COUNT].astype(np.float32)
    if chance(rng, 0.3):
        x[count:] = 0
    if chance(rng, 0.4):
        x = x + coloured(rng, COUNT) * 10 ** rng.uniform(-4, -1)
    return finish(rng, x)


class Sweeps:
    """A bank of items to put into batches in place of some."""

    def __init__(self, size=768, seed=3):
        rng = np.random.default_rng(seed)
        samples = torch.from_numpy(np.stack([sweep(rng) for _ in range(size)]))
        self.features = log_mel(samples)
        self.loud = (step_level(samples) >= LOUD).long()

    def put_into(self, x, batch, share, rng):
        """Replaces a share of the batch, in place."""
        rows = torch.from_numpy(rng.choice(len(x), round(share * len(x)), replace=False))
        index = torch.from_numpy(rng.choice(len(self.features), len(rows), replace=False))
        x[rows] = self.features[index]
        batch['loud'][rows] = self.loud[index]
        for name, value in (('steps', OTHER), ('whole', OTHER), ('voiced', 0), ('gender', -1), ('talker', -1)):
            batch[name][rows] = value
