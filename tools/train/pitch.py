"""Offline changes of a voice that keep its gender, so that gender is not pitch alone.

Read speech has men at 90 to 165 Hz and women at 160 to 275 Hz; acted, shouted and broadcast voices leave that range. `psola` moves
every talker to pitches over almost the whole of it, whatever the gender, with wider or flatter intonation; the spectral envelope,
which carries the length of the vocal tract, stays. `effort` moves pitch, formants, tilt, vowels and dynamics together, as a raised
or a lowered voice does. Both genders go both ways with both methods: an artefact then tells nothing.
"""
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from corpus import GENDERS, RATE, shifted
from effort import ratios, with_effort
from psola import HOP, median_pitch, pitch_track, psola

# Median pitch in Hz that a variant is moved to, drawn evenly on a log scale, and the factors that are allowed.
TARGETS = {'male': (80, 420), 'female': (115, 470)}
FACTORS = {'male': (0.75, 3.4), 'female': (0.55, 2.2)}
VARIANTS = {'psola': {'male': 2, 'female': 3}, 'effort': {'male': 2, 'female': 2}}
SEEDS = {'psola': 0, 'effort': 2}
SHARE = 0.4         # of the common voices goes into each variant; expressive ones, which are few, go into all
BATCH_SECONDS = 300
GAP = RATE // 10


def plan(clips, genders):
    """(method, gender, variant) -> indices of the adult training clips."""
    jobs = {}
    for method, counts in VARIANTS.items():
        for gender in GENDERS:
            mine = np.array([i for i, g in genders.items() if g == gender], int)
            rare = np.array([clips[i].expressive for i in mine], bool)
            for variant in range(counts[gender]):
                draw = np.random.default_rng([19, SEEDS[method], GENDERS.index(gender), variant]).random(len(mine))
                jobs[method, gender, variant] = [int(i) for i in mine[rare | (draw < SHARE)]]
    return jobs


def batches(clips, indices):
    """Split a job into lists of clips of about BATCH_SECONDS."""
    batch, total = [], 0
    for index in indices:
        batch.append(index)
        total += clips[index].length
        if total > BATCH_SECONDS * RATE:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def new_factors(rng, f0, gender):
    """Factor of each hop: towards a drawn median, with a drawn range of intonation and slow wandering."""
    voiced = f0 > 0
    median = median_pitch(f0) or {'male': 120.0, 'female': 210.0}[gender]
    low, high = np.log(TARGETS[gender])
    base = np.clip(np.exp(rng.uniform(low, high)) / median, *FACTORS[gender])
    spread = np.where(voiced, np.log(np.maximum(f0, 1) / median), 0) * (rng.choice([1.0, rng.uniform(0.5, 2.0)]) - 1)
    points = max(2, len(f0) // 30)
    wander = np.interp(np.arange(len(f0)), np.linspace(0, len(f0), points), rng.normal(0, rng.choice([0, 0.05, 0.12]), points))
    return base * np.exp(np.clip(spread + wander, -0.45, 0.45))


def shift_batch(job):
    """Shift a row of clips, `ratios` times as long as they were, gaps of silence between them."""
    method, gender, parts, stretch, seed, target = job
    rng = np.random.default_rng(seed)
    rows = []
    for samples, ratio in zip(parts, stretch):
        f0 = pitch_track(samples)
        if method == 'effort':
            changed = with_effort(rng, samples, f0, gender, ratio)[0]
        else:
            changed = psola(samples, f0, new_factors(rng, f0, gender)) / 2       # headroom: shifting raises peaks
        rows += [np.clip(changed, -32768, 32767).astype(np.int16), np.zeros(GAP, np.int16)]
    part = target.with_suffix('.part')
    np.concatenate(rows).tofile(part)
    part.rename(target)


def shift_clips(clips, cache, genders=None, name='shift', methods=tuple(VARIANTS)):
    """Make (or find in the cache) the shifted variants of the clips in `genders` (index -> gender); returns them as clips."""
    if genders is None:
        genders = {i: c.adult_gender for i, c in enumerate(clips) if c.adult_gender and c.split == 'train'}
    folder = Path(cache) / name
    folder.mkdir(parents=True, exist_ok=True)
    work = []
    for order, ((method, gender, variant), indices) in enumerate(sorted(plan(clips, genders).items())):
        if method not in methods:
            continue
        for number, batch in enumerate(batches(clips, indices)):
            target = folder / f'{method}-{gender}-{variant}-{number:03d}.i16'
            seed = [17, order, number]
            stretch = ratios(np.random.default_rng(seed), len(batch)) if method == 'effort' else np.ones(len(batch))
            work.append((batch, stretch, gender, (method, gender, [clips[i].samples() for i in batch], stretch, seed, target)))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(shift_batch, [job for *_, job in work if not job[-1].exists()]))
    result = []
    for batch, stretch, gender, (method, *_, target) in work:
        at = 0
        for index, ratio in zip(batch, stretch):
            clip = clips[index]
            length = int(round(clip.length * ratio))
            result.append(shifted(clip, target, at, length, gender, 2 if method == 'effort' else 1))
            at += length + GAP
    return result
