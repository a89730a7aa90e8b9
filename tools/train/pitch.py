"""Offline pitch shifts that keep the formants, so that gender is not pitch alone.

Acted, shouted and broadcast voices leave the pitch range of read speech. Rubber Band moves the pitch
and keeps the spectral envelope, which carries the length of the vocal tract. Both genders are shifted
up, women down too: an artefact of the shift then tells nothing about the gender.
"""
import json
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from corpus import GENDERS, RATE, shard, shifted

# Factors for one variant each; every clip takes `VARIANTS` of its gender's list, spread evenly.
# Men who shout reach the pitch of women; women hardly ever sink to that of men, so they go
# down less.
FACTORS = {'male': (2.1, 1.2, 1.35, 1.5, 1.65, 1.85), 'female': (0.72, 1.3, 0.78, 0.86, 1.2, 1.4)}
VARIANTS = {'male': 2, 'female': 4}
BATCH_SECONDS = 300
GAP = RATE // 10


def plan(clips):
    """(gender, factor) -> indices of the adult training clips that take this factor."""
    jobs = {}
    for gender in GENDERS:
        factors = FACTORS[gender]
        chosen = [i for i, clip in enumerate(clips) if clip.adult_gender == gender and clip.split == 'train']
        for order, index in enumerate(chosen):
            for variant in range(VARIANTS[gender]):
                factor = factors[(order + variant * len(factors) // VARIANTS[gender]) % len(factors)]
                jobs.setdefault((gender, factor), []).append(index)
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


def shift_batch(clips, batch, factor, target):
    """Shift a row of clips in one go; the clips stay where they were, gaps of silence between them."""
    if target.exists():
        return
    gap = np.zeros(GAP, np.int16)
    joined = np.concatenate([part for i in batch for part in (clips[i].samples(), gap)])
    before, after = target.with_suffix('.in.wav'), target.with_suffix('.out.wav')
    with wave.open(str(before), 'wb') as out:
        out.setparams((1, 2, RATE, len(joined), 'NONE', ''))
        out.writeframes((joined // 2).tobytes())    # headroom: shifting raises peaks
    subprocess.run(['rubberband', '-q', '-F', '-f', str(factor), str(before), str(after)],
                   check=True, capture_output=True)
    with wave.open(str(after), 'rb') as done:
        samples = np.frombuffer(done.readframes(done.getnframes()), np.int16)
    samples = np.pad(samples, (0, max(0, len(joined) - len(samples))))[:len(joined)]
    samples.tofile(target)
    before.unlink()
    after.unlink()


def shift_clips(clips, cache):
    """Make (or find in the cache) the shifted variants; returns them as clips."""
    folder = Path(cache) / 'shift'
    folder.mkdir(parents=True, exist_ok=True)
    work, result = [], []
    for (gender, factor), indices in sorted(plan(clips).items()):
        for number, batch in enumerate(batches(clips, indices)):
            target = folder / f'{gender}-{factor:.2f}-{number:03d}.i16'
            work.append((batch, factor, target))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: shift_batch(clips, *job), work))
    for batch, factor, target in work:
        at = 0
        for index in batch:
            clip = clips[index]
            result.append(shifted(clip, target, at, clip.length, factor))
            at += clip.length + GAP
    return result
