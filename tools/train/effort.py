"""Vocal effort: a calm voice raised, or lowered, with its gender kept.

Who shouts does more than raise the pitch: the jaw opens, so the first formant rises; the larynx comes up, so the
tract is a little shorter; the folds close faster, so the spectrum falls less steeply; vowels grow longer and the
level varies less (Traunmueller and Eriksson 2000; Lienard and Di Benedetto 1999). A pitch shift alone teaches none
of that. The inverse, a soft low voice, is what women below 170 Hz have.
"""
import numpy as np
from scipy import fft

from corpus import RATE
from psola import HOP, median_pitch, psola

FRAME, STRIDE, LIFTER = 512, 128, 26
WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
HERTZ = np.arange(FRAME // 2 + 1) * RATE / FRAME
# How far each gender's median pitch moves at full effort (logarithm of the factor), and where it must stay, in Hz.
RISE = {'male': (0.25, 1.0), 'female': (0.1, 0.65)}
FALL = {'male': (0.05, 0.3), 'female': (0.15, 0.55)}
RANGE = {'male': (75, 400), 'female': (115, 480)}
LOWERED = {'male': 0.15, 'female': 0.4}  # share of voices that are lowered instead


def envelope_filter(x, warp, decibel):
    """The spectral envelope of every frame moves from `f` to `f * warp(f)`, plus `decibel`; the length stays."""
    padded = np.pad(x.astype(np.float32), (FRAME, 2 * FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::STRIDE] * WINDOW
    spectrum = fft.rfft(frames)
    log = np.log(np.abs(spectrum) + 1.0)
    cepstrum = fft.irfft(log)
    cepstrum[:, LIFTER : -LIFTER + 1] = 0
    smooth = fft.rfft(cepstrum).real
    source = np.interp(HERTZ, HERTZ * warp, HERTZ) * FRAME / RATE  # where the envelope at each bin comes from
    low = np.minimum(source.astype(int), FRAME // 2 - 1)
    share = (source - low).astype(np.float32)
    moved = smooth[:, low] * (1 - share) + smooth[:, low + 1] * share
    gain = np.exp(np.clip(moved - smooth, -2.3, 2.3) + decibel * np.float32(np.log(10) / 20))
    pieces = fft.irfft(spectrum * gain).astype(np.float32) * WINDOW
    out = np.zeros(len(padded) + FRAME, np.float32)
    for lane in range(FRAME // STRIDE):  # frames a window apart do not overlap
        part = pieces[lane :: FRAME // STRIDE].reshape(-1)
        out[lane * STRIDE : lane * STRIDE + len(part)] += part
    return out[FRAME : FRAME + len(x)] / 1.5  # four squared Hann windows sum to 1.5


def formants(rng, strength):
    """Warp of each bin: the first formant by 5 to 20 %, the tract by up to 8 %; `strength` below 0 turns both round."""
    first = 1 + strength * rng.uniform(0.05, 0.20)
    tract = 1 + strength * rng.uniform(0, 0.08)
    return np.interp(HERTZ, [0, 900, 1800, RATE / 2], [first, first, tract, tract])


def tilt(rng, strength):
    """dB of each bin: up to 6 dB an octave between 300 Hz and 3.5 kHz."""
    return strength * rng.uniform(1.5, 6) * np.clip(np.log2(np.maximum(HERTZ, 1) / 800), -1.4, 2.1)


def flattened(x, amount):
    """Less dynamics: the level over 50 ms to the power of -amount as a gain."""
    width = RATE // 20
    power = np.convolve(np.square(x), np.ones(width, np.float32) / width, 'same')
    floor = np.percentile(power, 90) * 1e-3 + 1
    return x * (np.maximum(power, floor) / (power.max() + 1)) ** (-amount / 2)


def stretched_hops(f0, ratio):
    """For each hop of the output its place among the input's hops; voiced hops take the added time."""
    voiced = f0 > 0
    share = max(voiced.mean(), 0.2)
    pace = np.where(voiced, 1 + (ratio - 1) / share, 1.0)
    ends = np.cumsum(pace)
    total = int(round(len(f0) * ratio))
    return np.interp(np.linspace(0, ends[-1], total), np.concatenate([[0], ends]), np.arange(len(f0) + 1))


def with_effort(rng, samples, f0, gender, ratio):
    """The words of `samples` with another effort, `ratio` times as long; float32 at int16 scale, and the strength."""
    lowered = rng.random() < LOWERED[gender]
    amount = rng.uniform(0.35, 1.0)
    strength = -0.5 * amount if lowered else amount
    low, high = (FALL if lowered else RISE)[gender]
    median = median_pitch(f0) or {'male': 120.0, 'female': 210.0}[gender]
    move = (low + (high - low) * amount * rng.uniform(0.4, 1.0)) * (-1 if lowered else 1)
    factor = np.clip(median * np.exp(move), *RANGE[gender]) / median
    spread = np.where(f0 > 0, np.log(np.maximum(f0, 1) / median), 0) * (rng.uniform(0.7, 1.6) - 1)
    factors = factor * np.exp(np.clip(spread, -0.35, 0.35))
    x = envelope_filter(samples, formants(rng, strength), tilt(rng, strength))
    if not lowered:
        x = flattened(x, amount * rng.uniform(0, 0.5))
    peak = np.abs(x).max()
    x = x * (20000 / peak) if peak > 20000 else x
    places = stretched_hops(f0, ratio)
    source = np.minimum(places.astype(int), len(f0) - 1)
    count = int(round(len(samples) * ratio))
    return psola(x, f0, factors[source], places * HOP, count), strength


def ratios(rng, count):
    """How much longer each of `count` clips becomes."""
    return np.where(rng.random(count) < 0.5, 1.0, rng.uniform(1.0, 1.25, count))
