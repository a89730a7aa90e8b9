"""SpeechRT's pool: four-second items of one kind each, as features, that batches mix with each other.

Talkers carry, for each hop of 16 ms, the share of speech and the trust in it that teachers.py gives. They are alone,
so that the teachers' word holds; what is laid under them comes from the other items, when a batch is made.

    features  float16 [n, HOPS, 64]
    share     uint8   [n, HOPS]    share of speech times 255
    trust     uint8   [n, HOPS]    trust in it times 255
    kind      uint8   [n]          0 music, 1 other, 2 speech
    crowd     uint8   [n]          1 voices of many, 2 no sound of the world, 3 laughter, crying, other voiced bursts
    corpora   uint64  [n, 2]       one bit a corpus
"""
import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch

import effects
from calls import calls
from corpus import CLASSES, RATE, load_clips
from effects import chance, rms
from features import HOP, STEP, log_mel
from kinds import tonal_kind, voiced_kind
from synth import synthetic_music, synthetic_other
from teachers import Teachers

STEPS = 64
COUNT = STEPS * STEP
HOPS = COUNT // HOP
SHARD = 512
MUSIC, OTHER, SPEECH = range(3)
SHARES = ((SPEECH, 0.5), (MUSIC, 0.19), (OTHER, 0.31))
EXPRESSIVE = 3.0  # how often an expressive voice is drawn for once of a common one


class Talkers:
    """Clips of speech: a corpus by the square root of its hours, then a speaker, then a clip."""

    def __init__(self, clips):
        corpora = {}
        for clip in clips:
            corpora.setdefault(clip.corpus, {}).setdefault(clip.speaker, []).append(clip)
        self.groups = [list(speakers.values()) for speakers in corpora.values()]
        hours = np.array(
            [
                np.sqrt(sum(c.length for s in g for c in s)) * (EXPRESSIVE**0.5 if '-3' in g[0][0].file.stem else 1)
                for g in self.groups
            ]
        )
        self.weights = hours / hours.sum()

    def draw(self, rng):
        group = self.groups[rng.choice(len(self.groups), p=self.weights)]
        return group[rng.integers(len(group))]


class Sounds(Talkers):
    """Clips that are no speech: a corpus, then one of its categories, then a clip."""

    def __init__(self, clips):
        corpora = {}
        for clip in clips:
            corpora.setdefault(clip.corpus, {}).setdefault(clip.category, []).append(clip)
        self.groups = [list(kinds.values()) for kinds in corpora.values()]
        hours = np.array([np.sqrt(sum(c.length for s in g for c in s)) for g in self.groups])
        self.weights = hours / hours.sum()

    def clip(self, rng):
        group = self.draw(rng)
        return group[rng.integers(len(group))]


class Material:
    def __init__(self, data, cache):
        clips = load_clips(data, cache)
        self.teachers = Teachers(cache)
        self.pauses = {}
        names = sorted({c.corpus for c in clips})
        for row, clip in enumerate(clips):
            clip.row = row
            clip.bit = np.zeros(2, np.uint64)
            index = names.index(clip.corpus)
            clip.bit[index // 64] = np.uint64(1) << np.uint64(index % 64)
        train = [c for c in clips if c.split == 'train' and c.length > 0.2 * RATE]
        self.speech = Talkers([c for c in train if c.label == 'speech' and c.row in self.teachers])
        self.music = Sounds([c for c in train if c.label == 'music'])
        self.other = Sounds([c for c in train if c.label == 'other'])
        self.vocals = Sounds([c for c in train if c.label == 'music' and c.vocals])


def stretch(values, count):
    """Values of hops laid over `count` hops."""
    at = (np.arange(count) + 0.5) * len(values) / count - 0.5
    return np.interp(at, np.arange(len(values)), values)


def pausing(material, clip):
    """Hops of pauses between the first and the last speech of a clip."""
    if clip.row not in material.pauses:
        share = material.teachers.labels(clip.row, clip.samples())[0]
        on = np.flatnonzero(share > 0.5)
        material.pauses[clip.row] = int((share[on[0] : on[-1]] < 0.3).sum()) if len(on) else 0
    return material.pauses[clip.row]


def breath(rng, x, share):
    """A breath within a pause, 20 to 38 dB under the talker: noise that swells and fades. In place."""
    quiet = np.concatenate([[0], share < 0.1, [0]]).astype(int)
    edges = np.flatnonzero(np.diff(quiet))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a >= 10]
    if not runs or not x.any():
        return
    first, last = runs[rng.integers(len(runs))]
    count = int(min(rng.uniform(0.12, 0.5) * RATE, (last - first - 2) * HOP))
    at = first * HOP + int(rng.integers(HOP, (last - first - 1) * HOP - count + 1))
    noise = effects.coloured(rng, count, rng.uniform(-1, 5)) * np.sin(np.linspace(0, np.pi, count)) ** rng.uniform(
        0.5, 2
    )
    x[at : at + count] += (noise * rms(x) * 10 ** (-rng.uniform(20, 38) / 20)).astype(np.float32)


def talker(rng, material):
    """Clips of one talker, one after another, those with pauses more often. Returns samples, share, trust, corpora."""
    clips = material.speech.draw(rng)
    speed = rng.uniform(0.88, 1.14) if chance(rng, 0.5) else 1.0
    x, share, trust = np.zeros(COUNT, np.float32), np.zeros(HOPS), np.full(HOPS, 0.8)
    hop = int(rng.exponential(0.3) * RATE / HOP) if chance(rng, 0.5) else 0
    while hop < HOPS:
        clip = clips[rng.integers(len(clips))]
        if chance(rng, 0.5):
            clip = max((clips[i] for i in rng.integers(len(clips), size=3)), key=lambda c: pausing(material, c))
        raw = clip.samples()
        mine, sure = material.teachers.labels(clip.row, raw)
        length = min(len(mine), int((HOPS - hop) * speed) + 1)
        if length < 3:
            break
        first = int(rng.integers(0, len(mine) - length + 1))
        part = raw[first * HOP : (first + length) * HOP].astype(np.float32)
        if speed != 1.0:
            part = effects.resample(part, speed)
        hops = min(len(part) // HOP, HOPS - hop)
        if hops < 1:
            break
        level = rms(part)
        x[hop * HOP : (hop + hops) * HOP] = part[: hops * HOP] * (1000 / level if level > 1 else 1)
        share[hop : hop + hops], trust[hop : hop + hops] = stretch(mine[first : first + length], hops), stretch(
            sure[first : first + length], hops
        )
        if first > 0:
            trust[hop] = 0  # cut from the middle: its first hop begins with a jump
        if length < len(mine) - first and hop + hops < HOPS:
            trust[hop + hops] = 0
        hop += hops + (int(rng.exponential(0.35) * RATE / HOP) if chance(rng, 0.7) else 0)
    if chance(rng, 0.3):
        breath(rng, x, share)
    return x, share, trust, clip.bit


def row_of_clips(rng, draw, speed):
    """Clips one after another until the item is full. Returns samples and corpora."""
    x, bits, at = np.zeros(COUNT, np.float32), np.zeros(2, np.uint64), 0
    gap = rng.choice([0.0, 0.3, 1.0])
    while at < COUNT:
        clip = draw()
        need = int((COUNT - at) * speed) + 2
        first = int(rng.integers(0, max(1, clip.length - need)))
        part = clip.samples()[first : first + need].astype(np.float32)
        if speed != 1.0:
            part = effects.resample(part, speed)
        part = part[: COUNT - at]
        level = rms(part)
        x[at : at + len(part)] = part * (1000 / level if level > 1 else 1)
        bits |= clip.bit
        at += len(part) + int(rng.uniform(0, gap) * RATE)
    return x, bits


def crowd(rng, material):
    """Eight and more talkers at once: `other`."""
    x, bits = np.zeros(COUNT, np.float32), np.zeros(2, np.uint64)
    for _ in range(rng.integers(8, 16)):
        clips = material.speech.draw(rng)
        y, more = row_of_clips(rng, lambda: clips[rng.integers(len(clips))], 1.0)
        x, bits = x + y * rng.uniform(0.3, 1), bits | more
    return x, bits


def unreal(rng):
    """No sound of the world: tones, sweeps, steps of level, clicks, bursts, sharp edges and silences between."""
    x, at = np.zeros(COUNT, np.float32), int(rng.uniform(0, 0.8) * RATE)
    same = chance(rng, 0.5)
    seed, gap = rng.integers(1 << 30), rng.choice([0.0, 0.2, 0.8])
    while at < COUNT:
        one = sharp(np.random.default_rng(seed) if same else rng)[: COUNT - at]
        x[at : at + len(one)] = one
        at += len(one) + int(rng.exponential(gap) * RATE) + 1
    if chance(rng, 0.4):
        x = x + effects.coloured(rng, COUNT) * 10 ** rng.uniform(-4, -1)
    return x


def sharp(rng):
    count = int(np.exp(rng.uniform(np.log(0.02), np.log(2.5))) * RATE)
    t = np.arange(count) / RATE
    kind = rng.integers(6)
    if kind == 0:
        return np.full(count, 1.0) if chance(rng, 0.4) else effects.white(rng, count).copy()
    if kind == 1:
        click = np.zeros(count)
        click[:: max(1, int(RATE / np.exp(rng.uniform(np.log(1), np.log(400)))))] = rng.uniform(1, 20)
        return click
    if kind == 2:
        return effects.coloured(rng, count)
    low, high = np.sort(np.exp(rng.uniform(np.log(20), np.log(8000), 2)))
    hertz = np.geomspace(low, high, count) if chance(rng, 0.6) else np.linspace(low, high, count)
    hertz = np.full(count, low) if kind == 3 else hertz[::-1] if chance(rng, 0.4) else hertz
    turn = 2 * np.pi * np.cumsum(hertz) / RATE
    harmonics = int(rng.integers(1, 25)) if chance(rng, 0.35) else 1
    wave = sum(
        np.sin(k * turn) / k ** rng.uniform(0, 1.5) for k in range(1, harmonics + 1) if k * hertz.max() < 8000 or k == 1
    )
    wave = np.sign(wave) if chance(rng, 0.1) else wave
    return (
        wave
        * (1 + (0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 30) * t) if chance(rng, 0.15) else 0))
        / (rms(wave) + 1e-3)
    )


def sound(rng, material):
    """An item of `other`. Returns samples, crowd, corpora."""
    r = rng.random()
    none = np.zeros(2, np.uint64)
    if r < 0.14:
        return unreal(rng), 2, none
    if r < 0.25:
        return synthetic_other(rng, COUNT), 0, none
    if r < 0.31:
        return tonal_kind(rng, COUNT), 0, none
    if r < 0.37:
        x, bits = crowd(rng, material)
        return x, 1, bits
    if r < 0.58:
        clips = material.speech.draw(rng)
        clip = clips[rng.integers(len(clips))]
        if clip.length > RATE:
            voice = clip.samples()[: 4 * RATE].astype(np.float32)
            return (
                (calls(rng, voice, COUNT), 0, clip.bit) if r < 0.44 else (voiced_kind(rng, voice, COUNT), 3, clip.bit)
            )
    x, bits = row_of_clips(rng, lambda: material.other.clip(rng), rng.choice([1.0, np.exp(rng.uniform(-0.5, 0.5))]))
    return x, 0, bits


def song(rng, material):
    """An item of music. Returns samples and corpora."""
    if chance(rng, 0.12):
        return synthetic_music(rng, COUNT), np.zeros(2, np.uint64)
    source = material.vocals if chance(rng, 0.4) else material.music
    return row_of_clips(rng, lambda: source.clip(rng), rng.choice([1.0, np.exp(rng.uniform(-0.3, 0.3))]))


def make_item(rng, material):
    """Samples at int16 scale, share, trust, kind, crowd, corpora."""
    kind = rng.choice([k for k, _ in SHARES], p=[p for _, p in SHARES])
    share, trust, many = np.zeros(HOPS), np.ones(HOPS), 0
    if kind == SPEECH:
        x, share, trust, bits = talker(rng, material)
        x = add_floor(rng, x)
    elif kind == MUSIC:
        x, bits = song(rng, material)
    else:
        x, many, bits = sound(rng, material)
    if not chance(rng, 0.15):
        if chance(rng, 0.15):
            x = effects.press(rng, x)
        x = effects.channel(rng, x)
    return effects.finish(rng, x, rng.uniform(-38, -8)), share, trust, kind, many, bits


def add_floor(rng, x):
    """The faint noise of a microphone, so that a gap between clips is seldom digital silence."""
    if chance(rng, 0.3):
        return x
    return x + effects.coloured(rng, COUNT) * rms(x) * np.float32(10 ** (-rng.uniform(25, 65) / 20))


def make_shard(task):
    folder, seed, index = task
    target = Path(folder) / f'{index:04d}'
    if (target / 'done').exists():
        return
    torch.set_num_threads(1)
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, index, 77])
    items = [make_item(rng, MATERIAL) for _ in range(SHARD)]
    x = torch.from_numpy(np.stack([item[0] for item in items]))
    with torch.no_grad():
        logmel = torch.cat([log_mel(part).half() for part in x.split(32)])
    for name, column in zip(('share', 'trust'), list(zip(*items))[1:3]):
        np.save(target / f'{name}.npy', np.round(np.array(column) * 255).astype(np.uint8))
    for name, kind, column in zip(('kind', 'crowd', 'corpora'), (np.uint8, np.uint8, np.uint64), list(zip(*items))[3:]):
        np.save(target / f'{name}.npy', np.array(column, kind))
    np.save(target / 'features.npy', logmel.numpy())
    (target / 'done').touch()


MATERIAL = None


def build(data, cache, count, seed=1, workers=1):
    global MATERIAL
    MATERIAL = Material(data, cache)
    start = time.time()
    tasks = [(Path(cache) / 'rt', seed, index) for index in range(count)]
    with multiprocessing.get_context('fork').Pool(workers) as pool:
        for number, _ in enumerate(pool.imap(make_shard, tasks), 1):
            print(f'rt: {number}/{count} shards, {time.time() - start:.0f} s', flush=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--shards', type=int, default=136)
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    build(options.data, options.cache, options.shards, options.seed, options.workers)
