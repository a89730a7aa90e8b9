"""Batches from the pool, with cheap augmentation on the features.

ln(1 + power) can be undone, so gain, equaliser and mixing are exact up to cross terms in the power
domain; that multiplies the variety of the pool at almost no cost.
"""
from pathlib import Path

import numpy as np
import torch

from features import FILTERS, FRAMES_PER_STEP
from pool import IGNORE, MUSIC, OTHER, SPEECH, STEPS

# Rounding to int16 leaves noise of variance 1/12; the squared window sums to 192.
ROUNDING = FILTERS.sum(0) * (192 / 12)
PER_STEP = ('steps', 'voiced', 'loud', 'talker')
FIELDS = ('steps', 'voiced', 'gender', 'corpora', 'whole', 'loud', 'expressive', 'made')
UNUSED = ('corpora', 'expressive', 'made')      # fields that choose items and do not go into a batch


def halves(bits):
    """A set of corpora as the two words that the pool stores."""
    return np.array([bits & 0xFFFFFFFFFFFFFFFF, bits >> 64], np.uint64)


class Pool:
    """All shards of the folders; features stay memory-mapped. `without_effort` leaves out talkers of another vocal effort."""

    def __init__(self, folders, held_bits=0, limit=None, without_effort=False):
        shards = [p.parent for folder in folders for p in sorted(Path(folder).glob('*/done'))[:limit]]
        self.features = [np.load(s / 'features.npy', mmap_mode='r') for s in shards]
        columns = {name: np.concatenate([np.load(s / f'{name}.npy') for s in shards]) for name in FIELDS}
        self.size = len(self.features[0])
        self.__dict__.update({name: columns[name] for name in FIELDS})
        keep = ((self.corpora & halves(held_bits)) == 0).all(1)
        if without_effort:
            keep &= self.made != 2
        acted = self.expressive == 1
        self.items = {
            'speech': np.flatnonzero(keep & ((self.whole == SPEECH) | (self.whole == IGNORE))),
            'music': np.flatnonzero(keep & (self.whole == MUSIC)),
            'other': np.flatnonzero(keep & (self.whole == OTHER))}
        for index, gender in enumerate(('male', 'female')):
            mine = keep & (self.gender == index)
            self.items[gender] = np.flatnonzero(mine & ~acted)
            # With every acted corpus held out the common voices stand in.
            self.items[f'expressive {gender}'] = np.flatnonzero(mine & acted) if (mine & acted).any() else self.items[gender]

    def take(self, index):
        x = np.stack([self.features[i // self.size][i % self.size] for i in index])
        batch = {name: torch.from_numpy(getattr(self, name)[index].astype(np.int64)) for name in FIELDS if name not in UNUSED}
        batch['talker'] = batch['gender'][:, None].repeat(1, STEPS)
        batch['pure'] = torch.ones(len(index), dtype=torch.bool)       # one item from its start on
        return torch.from_numpy(x).float(), batch


def shares(task, expressive=0.5):
    """What a batch of a task is made of; `expressive`: the share of a gender's talkers that is acted or shouted."""
    if task == 'speech':
        return (('speech', 0.36), ('music', 0.28), ('other', 0.36))
    return (*((name, 0.41 * part) for gender in ('male', 'female') for name, part in ((gender, 1 - expressive), (f'expressive {gender}', expressive))),
            ('music', 0.05), ('other', 0.13))


def draw(pool, task, size, rng, expressive=0.5):
    """A batch of a task: [size, T, 64] and its targets."""
    index = np.concatenate([rng.choice(pool.items[kind], round(size * share)) for kind, share in shares(task, expressive)])
    return pool.take(index)


def uniform(size, low, high):
    return torch.rand(size) * (high - low) + low


def augment(x, batch, task):
    """Mix, colour and mask a batch; splice or join some of it, its targets too. Returns the features."""
    size = len(x)
    power = torch.expm1(x)
    if task == 'speech':
        power = warp(power)
        power = mix_in(power, batch['whole'], torch.randperm(size))
    else:
        power = mix_in(power, torch.where(batch['gender'] >= 0, SPEECH, IGNORE), torch.randperm(size), batch['whole'])
    power = colour(power)
    x = mask(torch.log1p(power))
    chance = torch.rand(())
    if chance < 0.4:
        x = splice(x, batch, size // 3)
    elif chance < 0.6:
        x = join(x, batch)
    return x


def warp(power):
    """Stretch the mel axis of a third of the items: other voices, other instruments, other machines."""
    scale = torch.where(torch.rand(len(power)) < 0.35, uniform(len(power), 0.82, 1.2), torch.ones(len(power)))
    source = (torch.arange(64) * scale[:, None]).round().long().clamp(max=63)
    return power.gather(2, source[:, None].expand_as(power))


def mix_in(power, whole, order, beds=None):
    """Lay `other` under a quarter of the items: any SNR under other, sensible ones under speech and music."""
    bed_whole = (whole if beds is None else beds)[order]
    low = torch.tensor([5.0, -15.0, 1.0])
    snr = torch.where(whole < 3, low[whole.clamp(max=2)] + torch.rand(len(power)) * 24, torch.tensor(30.0))
    energy = power.mean((1, 2)) + 1
    gain = energy / energy[order] * 10 ** (-snr / 10)
    use = (torch.rand(len(power)) < 0.3) & (bed_whole == OTHER) & (whole < 3)
    return power + (gain * use)[:, None, None] * power[order]


def colour(power):
    """Gain and a smooth equaliser on the power, with the rounding noise that a quiet int16 signal has."""
    size = len(power)
    decibel = torch.where(torch.rand(size) < 0.5, uniform(size, -22, 6), torch.zeros(size))[:, None].repeat(1, 64)
    place = torch.linspace(0, 1, 64)
    for _ in range(2):
        shape = torch.cos(place * uniform((size, 1), 1, 9) + uniform((size, 1), 0, 6.3))
        decibel = decibel + shape * uniform((size, 1), 0, 5) * (torch.rand(size, 1) < 0.5)
    factor = 10 ** (decibel / 10)
    floor = ROUNDING * (1 - factor).clamp(0, 1)[:, None] * -torch.log(torch.rand_like(power).clamp(min=1e-4)) * (power > 0)
    return power * factor[:, None] + floor


def mask(x):
    """Blank bands and short stretches of time."""
    size, frames, bands = x.shape
    for _ in range(2):
        width, start = uniform((size, 1), 0, 9) * (torch.rand(size, 1) < 0.4), uniform((size, 1), 0, bands)
        band = torch.arange(bands)
        hidden = (band >= start) & (band < start + width)
        x = torch.where(hidden[:, None], x.amin(2, keepdim=True), x)
    width, start = uniform((size, 1), 0, 14) * (torch.rand(size, 1) < 0.3), uniform((size, 1), 0, frames)
    frame = torch.arange(frames)
    hidden = (frame >= start) & (frame < start + width)
    return torch.where(hidden[..., None], x.mean(1, keepdim=True), x)


def splice(x, batch, count):
    """The last part of an item, then the first part of another: transitions inside a crop."""
    cut = int(torch.randint(8, STEPS - 8, ()))
    rows = torch.randperm(len(x))[:count]
    partner = rows.roll(1)
    x = x.clone()
    x[rows] = torch.cat([x[rows][:, cut * FRAMES_PER_STEP:], x[partner][:, :cut * FRAMES_PER_STEP]], 1)
    for name in PER_STEP:
        column = batch[name]
        column[rows] = torch.cat([column[rows][:, cut:], column[partner][:, :cut]], 1)
    batch['pure'][rows] = False
    return x


def join(x, batch):
    """Half as many items of twice the length: long runs of one class are not all a network hears."""
    half = len(x) // 2
    order = torch.randperm(half * 2)
    first, second = order[:half], order[half:]
    for name in PER_STEP:
        batch[name] = torch.cat([batch[name][first], batch[name][second]], 1)
    for name in ('gender', 'whole', 'pure'):
        batch[name] = batch[name][first]
    return torch.cat([x[first], x[second]], 1)
