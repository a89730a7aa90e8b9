"""SpeechRT's batches: talkers over music, noise and crowds, mixed in the power domain, with soft targets for each step.

ln(1 + power) can be undone, so that gain, equaliser, band limits and mixing are exact up to cross terms.
"""
from pathlib import Path

import numpy as np
import torch

from features import BANDS, FILTERS, FRAMES_PER_STEP, RATE, log_mel
from rt_pool import HOPS, MUSIC, OTHER, SPEECH, STEPS

ROUNDING = FILTERS.sum(0) * (192 / 12)  # rounding to int16 has variance 1/12; the squared window sums to 192
CENTRES = 700 * (torch.exp(torch.arange(1, BANDS + 1) * (np.log(1 + RATE / 2 / 700) / (BANDS + 1))) - 1)
FIELDS = ('share', 'trust', 'kind', 'crowd', 'corpora')


class Pool:
    """All shards that are done; features stay memory-mapped."""

    def __init__(self, cache, held=()):
        shards = [p.parent for p in sorted((Path(cache) / 'rt').glob('*/done'))]
        self.features = [np.load(s / 'features.npy', mmap_mode='r') for s in shards]
        for name in FIELDS:
            setattr(self, name, np.concatenate([np.load(s / f'{name}.npy') for s in shards]))
        self.size = len(self.features[0])
        bits = np.zeros(2, np.uint64)
        for index in held:
            bits[index // 64] |= np.uint64(1) << np.uint64(index % 64)
        keep = ((self.corpora & bits) == 0).all(1)
        self.talkers = np.flatnonzero(keep & (self.kind == SPEECH))
        self.songs = np.flatnonzero(keep & (self.kind == MUSIC))
        self.sounds = np.flatnonzero(keep & (self.kind == OTHER))
        self.crowds = np.flatnonzero(keep & (self.crowd == 1))
        self.bursts = np.flatnonzero(keep & (self.crowd == 3))

    def power(self, index):
        """[n, HOPS, BANDS] band powers of items."""
        return torch.expm1(
            torch.from_numpy(np.stack([self.features[i // self.size][i % self.size] for i in index])).float()
        )

    def column(self, name, index):
        return torch.from_numpy(getattr(self, name)[index].astype(np.float32)) / 255


class Hiss:
    """Stationary noise of any tilt."""

    def __init__(self, size=48, seed=9):
        x = np.random.default_rng(seed).standard_normal((size, HOPS * 256)).astype(np.float32) * 1000
        with torch.no_grad():
            self.power = torch.expm1(log_mel(torch.from_numpy(x)))

    def draw(self, count, rng):
        tilt = torch.from_numpy(rng.choice([0, 0, -3, -6, 3], (count, 1)) + rng.normal(0, 1.5, (count, 1))).float()
        gain = 10 ** (tilt * torch.log2(CENTRES.clamp(min=60) / 1000) / 10)
        return self.power[rng.integers(len(self.power), size=count)] * gain[:, None]


def uniform(rng, size, low, high):
    return torch.from_numpy(rng.uniform(low, high, size)).float()


def level(power, weight=None):
    """Mean power of each item over hops, of weight if given, [n]."""
    each = power.sum(2)
    if weight is None:
        return each.mean(1) + 1
    return (each * weight).sum(1) / (weight.sum(1) + 1e-3) + 1


def add(power, mine, other, snr):
    """`other` under `power` at a ratio in dB; `mine` is the level of power."""
    gain = mine / level(other) * 10 ** (-snr / 10)
    return power + other * gain[:, None, None], gain


def draw(pool, size, rng, hiss):
    """A batch: features [n, HOPS, BANDS], target [n, STEPS, 3], weight [n, STEPS]."""
    counts = (round(size * 0.52), round(size * 0.18))
    counts = (*counts, size - sum(counts))
    index = [rng.choice(items, n) for items, n in zip((pool.talkers, pool.songs, pool.sounds), counts)]
    if len(pool.bursts):  # voiced bursts are what is taken for speech most
        index[2][: counts[2] // 6] = rng.choice(pool.bursts, counts[2] // 6)
    n = counts[0]
    power, share, trust = pool.power(index[0]), pool.column('share', index[0]), pool.column('trust', index[0])
    r = rng.random(n)
    bed = np.select([r < 0.34, r < 0.68, r < 0.88], [-1, OTHER, MUSIC], 3)
    source = {OTHER: pool.sounds, MUSIC: pool.songs, 3: pool.crowds}
    limits = {OTHER: (-3, 25), MUSIC: (1, 22), 3: (4, 20)}
    rest = np.where(bed == MUSIC, MUSIC, OTHER)
    masked = torch.zeros(n, HOPS)
    talk = level(power, share)
    for kind, items in source.items():
        rows = np.flatnonzero(bed == kind)
        if not len(rows):
            continue
        under = pool.power(rng.choice(items, len(rows)))
        mixed, gain = add(power[rows], talk[rows], under, uniform(rng, len(rows), *limits[kind]))
        masked[rows] = (power[rows].sum(2) < 0.12 * gain[:, None] * under.sum(2)).float()
        power[rows] = mixed
    target = torch.zeros(n, HOPS, 3)
    target[..., SPEECH] = share
    target[torch.arange(n), :, torch.from_numpy(rest)] = 1 - share
    trust = trust * (1 - 0.7 * masked * (share > 0.3).float())

    songs, sounds = pool.power(index[1]), pool.power(index[2])
    songs = layered(songs, pool, rng, 0.25, (0, 25))
    sounds = layered(sounds, pool, rng, 0.35, (-12, 25))
    power = torch.cat([power, songs, sounds])
    whole = torch.tensor([MUSIC] * counts[1] + [OTHER] * counts[2])
    target = torch.cat([target, torch.nn.functional.one_hot(whole, 3)[:, None].expand(-1, HOPS, -1).float()])
    heard = power[n:].sum(2)
    trust = torch.cat(
        [trust, torch.where(heard < 1e-3 * heard.mean(1, keepdim=True), 0.15, 1.0)]
    )  # silence within music is either

    rows = np.flatnonzero(rng.random(size) < 0.3)
    power[rows], _ = add(
        power[rows],
        level(power[rows]),
        hiss.draw(len(rows), rng),
        torch.from_numpy(
            rng.choice([0, 1], len(rows)) * rng.uniform(15, 25, len(rows)) + rng.uniform(-1, 20, len(rows))
        ).float(),
    )
    x = torch.log1p(colour(power, rng))
    chance = rng.random()
    if chance < 0.45:
        x, target, trust = splice(x, target, trust, rng, size // 2)
    elif chance < 0.7:
        x, target, trust = join(x, target, trust, rng)
    return x, *steps(target, trust)


def layered(power, pool, rng, share, limits):
    rows = np.flatnonzero(rng.random(len(power)) < share)
    if len(rows):
        power[rows], _ = add(
            power[rows],
            level(power[rows]),
            pool.power(rng.choice(pool.sounds, len(rows))),
            uniform(rng, len(rows), *limits),
        )
    return power


def colour(power, rng):
    """Gain, a smooth equaliser, a telephone's band, and the rounding noise that a quiet int16 signal has."""
    size = len(power)
    decibel = uniform(rng, (size, 1), -30, 8) * torch.from_numpy(rng.random((size, 1)) < 0.6) + torch.zeros(size, BANDS)
    place = torch.linspace(0, 1, BANDS)
    for _ in range(2):
        shape = torch.cos(place * uniform(rng, (size, 1), 1, 9) + uniform(rng, (size, 1), 0, 6.3))
        decibel = decibel + shape * uniform(rng, (size, 1), 0, 5) * torch.from_numpy(rng.random((size, 1)) < 0.5)
    low = 0.5 * uniform(rng, (size, 1), 100, 400) + 100
    narrow = torch.from_numpy(rng.random((size, 1)) < 0.2)
    outside = 24 * torch.log2((low / CENTRES).clamp(min=1)) + 90 * torch.log2(
        (CENTRES / uniform(rng, (size, 1), 3300, 3900)).clamp(min=1)
    )
    decibel = decibel - narrow * outside
    factor = 10 ** (decibel / 10)
    floor = ROUNDING * -torch.log(torch.from_numpy(rng.random(power.shape)).float().clamp(min=1e-4)) * (power > 0)
    return power * factor[:, None] + floor * (1 - factor).clamp(0, 1)[:, None]


def splice(x, target, trust, rng, count):
    """The last part of an item, then the first part of another."""
    cut = int(rng.integers(8, STEPS - 8)) * FRAMES_PER_STEP + int(rng.integers(FRAMES_PER_STEP))
    rows = torch.from_numpy(rng.permutation(len(x))[:count])
    partner = rows.roll(1)
    for values in (x, target, trust):
        values[rows] = torch.cat([values[rows][:, cut:], values[partner][:, :cut]], 1)
    return x, target, trust


def join(x, target, trust, rng):
    """Half as many items of twice the length."""
    order = torch.from_numpy(rng.permutation(len(x) // 2 * 2)).reshape(2, -1)
    return tuple(torch.cat([values[order[0]], values[order[1]]], 1) for values in (x, target, trust))


def steps(target, trust):
    """Targets and weights of hops to those of steps: pauses and borders weigh most."""
    size, hops, classes = target.shape
    target = target.reshape(size, -1, FRAMES_PER_STEP, classes).mean(2)
    weight = trust.reshape(size, -1, FRAMES_PER_STEP).mean(2)
    share = target[..., SPEECH]
    change = torch.nn.functional.pad((share[:, 1:] - share[:, :-1]).abs(), (1, 0))
    near = torch.nn.functional.max_pool1d(change[:, None], 5, 1, 2)[:, 0]
    around = torch.nn.functional.max_pool1d(share[:, None], 17, 1, 8)[:, 0]
    pause = (share < 0.5) & (around > 0.6)
    return target, weight * (1 + 1.5 * near) * torch.where(pause, 1.8, 1.0)
