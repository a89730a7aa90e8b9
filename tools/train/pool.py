"""The pool: augmented three-second items as log-mel features with their targets, made shard by shard.

An item is speech, music or other after mixing, channel and level. Making features ahead keeps training
cheap: both networks, and every fold of the search, read the same pool. Each item records the corpora
that went into it, so that a held-out corpus leaves no trace, not even as noise.

    features  float16 [n, FRAMES, 64]
    steps     uint8   [n, STEPS]    class of each step, IGNORE where unsure
    voiced    uint8   [n, STEPS]    1 where the talker speaks
    loud      uint8   [n, STEPS]    1 where the level is at least 0.005
    gender    int8    [n]           0 male, 1 female, -1 none or child or mixed
    corpora   uint64  [n, 2]        one bit a corpus
    whole     uint8   [n]           class of the item as a whole
    expressive uint8  [n]           1 for acted and shouted talkers
    made      uint8   [n]           the talker: 0 as recorded, 1 moved in pitch, 2 with another vocal effort
"""
import argparse
import multiprocessing
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import effects
from band import band_clips
from calls import calls
from corpus import CLASSES, GENDERS, RATE
from effects import chance, rms
from features import STEP, log_mel, step_level
from guess import read_guesses
from kinds import tonal_kind, voiced_kind
from pitch import shift_clips
from prepare import prepare
from sing import spoken, sung_clips
from synth import synthetic_music, synthetic_other

STEPS = 48
COUNT = STEPS * STEP
IGNORE = 255
MUSIC, OTHER, SPEECH = range(3)
SHARD = 1024


# Categories that few clips show and that are mistaken most: drawn this many times as often within their corpus.
HARD = {'laugh': 4, 'cry': 3, 'scream': 2, 'alarm': 3, 'siren': 3, 'horn': 3, 'phone': 3, 'cow': 3, 'sheep': 2, 'dog': 2, 'donkey': 3, 'cough': 3,
        'sneez': 3, 'crowd': 2, 'knock': 2, 'bell': 1.5, 'instrument': 2, 'single note': 3, 'piano': 1.5}
NARROW = ('fotaq', 'bass')      # recorded at 11 kHz: others are cut to that band as often


def weight_of(category):
    return max([factor for word, factor in HARD.items() if word in category], default=1)


class Sampler:
    """
    Draws training clips: by corpus (square root of its hours), then by speaker, then by clip. Sounds and music are drawn by
    corpus, then by category (square root of its hours, hard ones more often), then by clip.
    """

    def __init__(self, clips):
        corpora = {}
        for clip in clips:
            speakers = corpora.setdefault(clip.corpus, {})
            speakers.setdefault(clip.speaker if clip.label == 'speech' else clip.category, []).append(clip)
        self.groups = [list(speakers.values()) for speakers in corpora.values()]
        self.shares = []
        for group in self.groups:
            hours = np.array([1 if g[0].label == 'speech' else weight_of(g[0].category) * np.sqrt(sum(c.length for c in g)) for g in group])
            self.shares.append(np.cumsum(hours / hours.sum()))
        self.set_weights([sum(c.length for s in g for c in s) for g in self.groups])

    def set_weights(self, hours):
        weights = np.sqrt(np.array(hours, float))
        self.weights = np.cumsum(weights / weights.sum())

    def speaker(self, rng):
        place = int(np.searchsorted(self.weights, rng.random() * self.weights[-1]))
        group, shares = self.groups[place], self.shares[place]
        return group[min(int(np.searchsorted(shares, rng.random())), len(group) - 1)]

    def clip(self, rng):
        clips = self.speaker(rng)
        return clips[rng.integers(len(clips))]


class Voices:
    """Draws expressive talkers: every voice as often as any other, whatever its minutes; an actor's characters count as voices."""

    def __init__(self, clips):
        voices = {}
        for clip in clips:
            part = clip.category if 'character' in clip.category else ''
            voices.setdefault((clip.speaker, part), []).append(clip)
        self.voices = list(voices.values())

    def speaker(self, rng):
        return self.voices[rng.integers(len(self.voices))]


class Material:
    """All clips, sorted by what they are drawn for."""

    def __init__(self, clips, voices, shifted, sung, band):
        train = [c for c in clips if c.split == 'train']
        self.bits = {name: 1 << i for i, name in enumerate(sorted({c.corpus for c in clips}))}
        made = {0: voices, 1: [c for c in shifted if c.made == 1], 2: [c for c in shifted if c.made == 2]}
        # By what was done to the voice: one sampler a gender, of common voices and of expressive ones.
        self.common = {kind: self.by_gender([c for c in of if not c.expressive]) for kind, of in made.items()}
        self.expressive = {kind: [Voices([c for c in of if c.expressive and c.gender == gender]) for gender in GENDERS] for kind, of in made.items()}
        self.speech = Sampler([c for c in train if c.label == 'speech'])
        self.music = Sampler([c for c in train if c.label == 'music'])
        self.vocals = Sampler([c for c in train if c.label == 'music' and c.vocals])
        self.sung, self.band = Sampler(sung), Sampler(band)
        self.other = Sampler([c for c in train if c.label == 'other'])

    @staticmethod
    def by_gender(clips):
        """One sampler a gender; a corpus weighs what its lesser gender gives, so that no microphone means a gender."""
        samplers = [Sampler([c for c in clips if c.gender == gender]) for gender in GENDERS]
        amount = [{g[0][0].corpus: sum(c.length for s in g for c in s) for g in sampler.groups} for sampler in samplers]
        for mine, theirs, sampler in ((0, 1, samplers[0]), (1, 0, samplers[1])):
            names = [group[0][0].corpus for group in sampler.groups]
            sampler.set_weights([min(amount[mine][n], amount[theirs].get(n, amount[mine][n] / 6)) for n in names])
        return samplers

    def talker(self, rng, gender, expressive, moved):
        """The clips of one talker, as recorded or (with the odds `moved`) with another pitch or another effort."""
        made = (1 if chance(rng, 0.5) else 2) if chance(rng, moved) else 0
        return (self.expressive if expressive and self.expressive[made][gender].voices else self.common)[made][gender].speaker(rng)


def piece(rng, clip, count, speed=1.0):
    """Up to `count` samples from a random place of a clip, played at `speed`; and its speech mask."""
    need = int(count * speed) + 2
    offset = rng.integers(0, max(1, clip.length - need + 1))
    if clip.label == 'speech' and clip.length > need and clip.segments and chance(rng, 0.7):
        segment = clip.segments[rng.integers(len(clip.segments))]    # start near speech more often than not
        offset = int(np.clip(segment[0] - rng.uniform(-0.5, 0.4) * RATE, 0, clip.length - need))
    raw = clip.samples()[offset:offset + need].astype(np.float32)
    mask = np.zeros(len(raw), np.float32)
    for begin, end in clip.segments:
        mask[max(0, begin - offset):max(0, end - offset)] = 1
    if abs(speed - 1) > 0.004:
        raw, mask = effects.resample(raw, speed), effects.resample(mask, speed)
    return raw[:count], mask[:count] > 0.5


def fill(rng, draw, speed, gap=0.4):
    """Clips one after another until COUNT samples are full; small gaps between. Returns samples, mask, corpora."""
    x, mask, bits = np.zeros(COUNT, np.float32), np.zeros(COUNT, bool), 0
    at = int(rng.uniform(0, 0.5) * RATE) if chance(rng, 0.25) else 0
    while at < COUNT:
        clip = draw()
        part, active = piece(rng, clip, COUNT - at, speed)
        level = rms(part)
        x[at:at + len(part)] = part * (1000 / level if level > 1 else 1)
        mask[at:at + len(part)] = active
        bits |= clip.bit
        at += len(part) + int(rng.uniform(0, gap) * RATE)
        if chance(rng, 0.15):
            break
    return x, mask, bits


def mixed(x, y, snr):
    """x plus y at a signal-to-noise ratio in dB of their overall RMS."""
    return x + y * (rms(x) / rms(y) * 10 ** (-snr / 20))


def draw_noise(rng, material):
    """A bed of `other`: recorded, layered, synthetic, or a crowd. Returns samples and corpora."""
    speed = rng.choice([1.0, np.exp(rng.uniform(np.log(0.55), np.log(1.7)))])
    r = rng.random()
    if r < 0.09:
        return synthetic_other(rng, COUNT), 0
    if r < 0.17:
        return tonal_kind(rng, COUNT), 0
    if r < 0.22:
        return crowd(rng, material)
    if r < 0.35:
        clip = material.speech.clip(rng)
        borrowed = spoken(clip)[:4 * RATE]
        return (calls if r < 0.26 else voiced_kind)(rng, borrowed, COUNT), clip.bit
    x, _, bits = fill(rng, lambda: material.other.clip(rng), speed, rng.choice([0.0, 0.3, 1.0]))
    if chance(rng, 0.35):
        if chance(rng, 0.5):
            y, more = synthetic_other(rng, COUNT), 0
        else:
            y, _, more = fill(rng, lambda: material.other.clip(rng), np.exp(rng.uniform(-0.5, 0.5)))
        x, bits = mixed(x, y, rng.uniform(-5, 20)), bits | more
    if chance(rng, 0.08):
        x = grains(rng, x)
    return x, bits


def grains(rng, x):
    """Granular resynthesis: short windows of the sound, shuffled."""
    size = int(rng.uniform(0.02, 0.3) * RATE)
    window, out = np.hanning(size).astype(np.float32), np.zeros(COUNT + size, np.float32)
    for at in range(0, COUNT, size // 2):
        source = rng.integers(0, COUNT - size)
        out[at:at + size] += x[source:source + size] * window
    return out[:COUNT]


def crowd(rng, material):
    """Babble of eight and more talkers: a crowd, not speech."""
    x, bits = np.zeros(COUNT, np.float32), 0
    for _ in range(rng.integers(8, 20)):
        y, _, more = fill(rng, lambda: material.speech.clip(rng), rng.uniform(0.85, 1.2))
        x, bits = x + y * rng.uniform(0.3, 1), bits | more
    return x, bits


def draw_music(rng, material):
    r = rng.random()
    speed = rng.choice([1.0, np.exp(rng.uniform(np.log(0.7), np.log(1.4)))])
    source = material.vocals if r < 0.32 else material.sung if r < 0.42 else material.band if r < 0.62 else material.music
    if r > 0.93:
        return synthetic_music(rng, COUNT), 0
    x, _, bits = fill(rng, lambda: source.clip(rng), speed, 0.0)
    if source is material.sung and chance(rng, 0.4) or chance(rng, 0.06):
        y, _, more = fill(rng, lambda: material.music.clip(rng), 1.0, 0.0)
        x, bits = mixed(x, y, rng.uniform(-8, 12)), bits | more
    return x, bits


def speech_item(rng, material, gendered=0.76, moved=0.5, acted=0.25):
    """A talker with or without something underneath. Returns samples, (steps, voiced), gender, bits, the talker's clips."""
    gender, speed = -1, 1.0
    if chance(rng, gendered):
        gender = int(rng.integers(2))
        clips = material.talker(rng, gender, chance(rng, acted), moved)
        speed = rng.uniform(0.92, 1.08) if chance(rng, 0.5) else 1.0
    else:
        clips = material.speech.speaker(rng)
        speed = rng.uniform(0.85, 1.2) if chance(rng, 0.5) else 1.0
    x, mask, bits = fill(rng, lambda: clips[rng.integers(len(clips))], speed)
    bed = False
    if chance(rng, 0.5):
        if chance(rng, 0.2):
            y, more = draw_music(rng, material)
            snr, bed = rng.uniform(9, 28), True
        else:
            y, more = draw_noise(rng, material)
            snr = rng.uniform(0, 28)
        x, bits = mixed(x, y, snr), bits | more
    return x, speech_steps(mask, bed), gender, bits, clips[0]


def speech_steps(mask, bed):
    """Targets of the steps of a speech item: short pauses belong to the speech, borders are left out."""
    share = mask.reshape(STEPS, STEP).mean(1)
    voiced = share > 0.5
    steps = np.where(voiced, SPEECH, OTHER).astype(np.uint8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (~voiced).astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2]):
        if begin > 0 and end < STEPS and end - begin <= 8:
            steps[begin:end] = SPEECH
        elif bed:
            steps[begin:end] = IGNORE
        else:
            if begin > 0:
                steps[begin:begin + 5] = IGNORE
            steps[max(begin, end - 2):end] = IGNORE
    steps[(share > 0.02) & (share <= 0.5) & (steps == OTHER)] = IGNORE
    return steps, voiced


def make_item(rng, material, voices=False):
    """One item: int16-scale samples and targets. `voices`: only talkers of known gender, most of them moved, half of them expressive."""
    r, talker = 0.0 if voices else rng.random(), None
    if r < 0.42:
        x, (steps, voiced), gender, bits, talker = speech_item(rng, material, *((1.0, 0.7, 0.5) if voices else ()))
        whole = SPEECH if voiced.mean() > 0.25 else IGNORE
    else:
        whole = MUSIC if r < 0.68 else OTHER
        x, bits = (draw_music if whole == MUSIC else draw_noise)(rng, material)
        if whole == MUSIC and chance(rng, 0.2):
            y, more = draw_noise(rng, material)
            x, bits = mixed(x, y, rng.uniform(3, 25)), bits | more
        elif whole == MUSIC and chance(rng, 0.14):     # words no louder than the song are part of it: rap
            y, _, more = fill(rng, lambda: material.speech.clip(rng), rng.uniform(0.9, 1.3), 0.1)
            x, bits = mixed(x, y, rng.uniform(-2, 9)), bits | more
        elif whole == OTHER and chance(rng, 0.01):     # a scrap of a word is not speech
            y, _ , more = fill(rng, lambda: material.speech.clip(rng), 1.0)
            x, bits = np.zeros(COUNT, np.float32), more
            at = rng.integers(0, COUNT - 320)
            x[at:at + 320] = y[8000:8320]
        steps, voiced, gender = np.full(STEPS, whole, np.uint8), np.zeros(STEPS, bool), -1
    plain = whole == OTHER and chance(rng, 0.12)       # now and then nothing else is done
    if not plain:
        if chance(rng, 0.2):
            x = effects.press(rng, x)
        if chance(rng, 0.15):
            x = effects.fade(rng, x)
        x = effects.channel(rng, x, 0.0 if talker and talker.corpus in NARROW else 0.22)
        if chance(rng, 0.35):
            x = mixed(x, effects.coloured(rng, COUNT), rng.choice([rng.uniform(6, 45), rng.uniform(6, 14)]))
    x = effects.finish(rng, x)
    quiet = np.abs(x).reshape(STEPS, STEP).max(1) < 2
    if whole == MUSIC:
        steps[quiet] = IGNORE
    halves = (bits & 0xFFFFFFFFFFFFFFFF, bits >> 64)
    return x, steps, voiced, gender, halves, whole, bool(talker and talker.expressive), talker.made if talker else 0


def make_shard(task):
    """Make shard number `index` unless it is there; deterministic in (seed, index)."""
    folder, seed, index, voices = task
    target = Path(folder) / f'{index:04d}'
    if (target / 'done').exists():
        return
    torch.set_num_threads(1)
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, index, voices])
    items = [make_item(rng, MATERIAL, voices) for _ in range(SHARD)]
    x = torch.from_numpy(np.stack([item[0] for item in items]))
    with torch.no_grad():
        logmel = torch.cat([log_mel(part) for part in x.split(64)])
    names = ('steps', 'voiced', 'gender', 'corpora', 'whole', 'expressive', 'made')
    kinds = (np.uint8, np.uint8, np.int8, np.uint64, np.uint8, np.uint8, np.uint8)
    for name, kind, column in zip(names, kinds, list(zip(*items))[1:]):
        np.save(target / f'{name}.npy', np.array(column, kind))
    np.save(target / 'features.npy', logmel.numpy().astype(np.float16))
    np.save(target / 'loud.npy', (step_level(x) >= 0.005).numpy().astype(np.uint8))
    (target / 'done').touch()


def material_for(data, cache, pieces=None):
    """
    All clips as they are drawn from. Talkers whose gender was guessed join those whose corpus tells it. `pieces`: how many songs and
    how many pieces for FluidSynth, the usual number if not told.
    """
    clips, moved = prepare(data, cache)
    guesses = read_guesses(cache)
    voices = [c for c in clips if c.split == 'train' and c.adult_gender]
    voices += [replace(clips[i], gender=gender) for i, gender in guesses.items()]
    if guesses:
        moved = moved + shift_clips(clips, cache, guesses, 'shift-guessed', ('psola',))
    sung = sung_clips(clips, cache, *([pieces] if pieces else ()))
    band = band_clips(clips, cache, *([1, pieces] if pieces else ()))
    material = Material(clips, voices, moved, sung, band)
    for clip in [*clips, *voices, *moved, *sung, *band]:
        clip.bit = material.bits.get(clip.corpus, 0)     # a piece that nobody sings has no corpus
    return material


def build_pool(data, cache, counts, seed=1, workers=2, pieces=None):
    """Fill the folders of CACHE with as many shards as `counts` says: `voices` has talkers alone."""
    global MATERIAL
    MATERIAL = material_for(data, cache, pieces)
    start = time.time()
    tasks = [(Path(cache) / name, seed, index, name == 'voices') for name, count in counts.items() for index in range(count)]
    with multiprocessing.get_context('fork').Pool(workers) as pool:
        for number, _ in enumerate(pool.imap(make_shard, tasks), 1):
            if number % 10 == 0 or number == len(tasks):
                print(f'pool: {number}/{len(tasks)} shards, {time.time() - start:.0f} s', flush=True)


MATERIAL = None

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--voices', type=int, default=0, help='shards of talkers alone, for Gender')
    parser.add_argument('--shards', type=int, default=0, help='shards of everything')
    parser.add_argument('--first', type=int, default=0, help='shards of everything without guessed talkers, for the network that guesses')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    build_pool(options.data, options.cache, {'first': options.first, 'voices': options.voices, 'pool': options.shards}, options.seed)
