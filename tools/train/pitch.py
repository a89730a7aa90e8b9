"""Offline pitch shifts that keep the formants, so that gender is not pitch alone.

Read speech has men at 90 to 165 Hz and women at 160 to 275 Hz; acted, shouted and broadcast voices leave
that range. Every talker is moved to pitches over almost the whole of it, whatever the gender, with wider or
flatter intonation; the spectral envelope, which carries the length of the vocal tract, stays. Two methods
(PSOLA and Rubber Band) and shifts of both genders in both directions: an artefact then tells nothing.
"""
import subprocess
import wave
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from corpus import GENDERS, RATE, shifted
from psola import HOP, median_pitch, pitch_track, psola

# Median pitch in Hz that a variant is moved to, drawn evenly on a log scale, and the factors that are allowed.
TARGETS = {'male': (80, 420), 'female': (115, 470)}
FACTORS = {'male': (0.75, 3.4), 'female': (0.55, 2.2)}
VARIANTS = {'psola': {'male': 2, 'female': 4}, 'rubberband': {'male': 1, 'female': 2}}
BATCH_SECONDS = 300
GAP = RATE // 10


def plan(clips, genders):
    """(method, gender, variant) -> indices of the adult training clips."""
    return {(method, gender, variant): [i for i, g in genders.items() if g == gender]
            for method, counts in VARIANTS.items() for gender in GENDERS for variant in range(counts[gender])}


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


def rubberband(samples, curve, target):
    """All samples in one go; `curve`: place in samples -> factor."""
    before, after, pitch_map = (target.with_suffix(suffix) for suffix in ('.in.wav', '.out.wav', '.map'))
    with wave.open(str(before), 'wb') as out:
        out.setparams((1, 2, RATE, len(samples), 'NONE', ''))
        out.writeframes((samples // 2).tobytes())    # headroom: shifting raises peaks
    pitch_map.write_text('\n'.join(f'{at} {12 * np.log2(factor):.3f}' for at, factor in curve.items()))
    subprocess.run(['rubberband', '-q', '-F', '--pitchmap', str(pitch_map), str(before), str(after)], check=True, capture_output=True)
    with wave.open(str(after), 'rb') as done:
        shifted_samples = np.frombuffer(done.readframes(done.getnframes()), np.int16)
    for path in (before, after, pitch_map):
        path.unlink()
    return np.pad(shifted_samples, (0, max(0, len(samples) - len(shifted_samples))))[:len(samples)]


def shift_batch(job):
    """Shift a row of clips; they stay where they were, gaps of silence between them."""
    method, gender, parts, seed, target = job
    rng = np.random.default_rng(seed)
    gap = np.zeros(GAP, np.int16)
    rows, curve, at = [], {}, 0
    for samples in parts:
        f0 = pitch_track(samples)
        factors = new_factors(rng, f0, gender)
        if method == 'psola':
            samples = np.clip(psola(samples, f0, factors) / 2, -32768, 32767).astype(np.int16)
        curve.update((at + i * HOP, factor) for i, factor in enumerate(factors))
        rows += [samples, gap]
        at += len(samples) + GAP
    joined = np.concatenate(rows)
    if method == 'rubberband':
        joined = rubberband(joined, curve, target)
    part = target.with_suffix('.part')
    joined.tofile(part)
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
            work.append((batch, gender, (method, gender, [clips[i].samples() for i in batch], [17, order, number], target)))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(shift_batch, [job for _, _, job in work if not job[-1].exists()]))
    result = []
    for batch, gender, (*_, target) in work:
        at = 0
        for index in batch:
            clip = clips[index]
            result.append(shifted(clip, target, at, clip.length, gender))
            at += clip.length + GAP
    return result
