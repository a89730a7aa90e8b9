"""Coughs, sneezes and animal calls from a source and a vocal tract, labelled `other`.

What makes them no speech is how they move, not that a tract sounds: bursts of breath, and voices of bodies
far smaller or larger than a human's on glides that no talker makes. The tracts are a talker's spectral
envelopes, stretched.
"""
import numpy as np
from scipy import fft

from effects import RATE, chance, coloured, rms, white
from sing import FRAME, HOP, WINDOW, envelopes, overlap_add
from synth import drift, phase


def through_tract(source, shapes):
    """Filters a source by one envelope a hop, [frames, bins], by overlap-add."""
    frames = len(shapes)
    cut = np.lib.stride_tricks.sliding_window_view(np.pad(source, (0, FRAME + HOP)), FRAME)[::HOP][:frames]
    out = overlap_add(fft.irfft(fft.rfft(cut * WINDOW) * shapes) * WINDOW, frames * HOP + FRAME)
    return out / rms(out)


def stretched(shapes, scale):
    """The envelopes of a tract `1 / scale` as long."""
    last = shapes.shape[1] - 1
    source = np.minimum(np.arange(last + 1) / scale, last)
    low = np.minimum(source.astype(int), last - 1)
    share = (source - low).astype(np.float32)
    return shapes[:, low] * (1 - share) + shapes[:, low + 1] * share


def attack_decay(count, attack, decay):
    t = np.arange(count) / RATE
    return (np.minimum(1, t / attack) * np.exp(-t / decay)).astype(np.float32)


def cough(rng, smooth):
    """An explosion of breath, often a second one with some voice in it."""
    count = int(rng.uniform(0.15, 0.6) * RATE)
    shapes = smooth[rng.integers(len(smooth))][None].repeat(count // HOP, 0)
    shapes = stretched(shapes, rng.uniform(0.85, 1.2))
    breath = white(rng, count) * attack_decay(count, rng.uniform(0.002, 0.02), rng.uniform(0.03, 0.15))
    if chance(rng, 0.7):
        at = int(rng.uniform(0.3, 0.7) * count)
        rough = np.sin(phase(drift(rng, count - at, 90, 500, 4) * (1 + 0.05 * white(rng, count - at)))) ** 5
        tail = (rough * rng.uniform(0, 1.5) + white(rng, count - at) * 0.5) * attack_decay(count - at, 0.02, rng.uniform(0.04, 0.2))
        breath[at:] += tail
    return through_tract(breath, shapes)


def call(rng, smooth):
    """A bark, miaow, moo, bleat, squeak or howl: pulses on a glide through a stretched tract that opens and shuts."""
    count = int(np.exp(rng.uniform(np.log(0.08), np.log(1.6))) * RATE)
    frames = max(2, count // HOP)
    small = chance(rng, 0.6)
    scale = rng.uniform(1.35, 2.6) if small else rng.uniform(0.4, 0.72)
    base = np.exp(rng.uniform(np.log(250), np.log(2500)) if small else rng.uniform(np.log(50), np.log(300)))
    arch = np.sin(np.linspace(0, np.pi * rng.uniform(0.6, 1), count)) ** rng.uniform(0.5, 2)
    hertz = base * np.exp(rng.uniform(-0.9, 0.9) * arch + rng.uniform(-0.5, 0.5) * np.linspace(0, 1, count))
    if chance(rng, 0.3):                                    # a bleat trembles
        hertz = hertz * (1 + rng.uniform(0.02, 0.15) * np.sin(2 * np.pi * rng.uniform(6, 40) * np.arange(count) / RATE))
    turn = np.cumsum(np.minimum(hertz, 7000) / RATE)
    source = np.zeros(count, np.float32)
    source[np.flatnonzero(np.diff(np.floor(turn)) > 0)] = 1
    source = source / rms(source) + white(rng, count) * rng.choice([0.05, rng.uniform(0.05, 1.0)])
    first, second = rng.integers(len(smooth), size=2)
    blend = np.linspace(0, 1, frames)[:, None]
    shapes = stretched(smooth[first] * (1 - blend) + smooth[second] * blend, scale)
    gain = np.minimum(1, np.arange(count) / (rng.uniform(0.003, 0.08) * RATE)) * np.minimum(1, np.arange(count)[::-1] / (rng.uniform(0.01, 0.3) * RATE))
    return through_tract(source * gain, shapes)


def calls(rng, samples, count):
    """`count` samples of one kind of call, again and again, with pauses; `samples` lend the tract."""
    smooth, _ = envelopes(samples)
    loud = smooth.mean(1) > np.median(smooth.mean(1))
    smooth = smooth[loud]
    make = cough if chance(rng, 0.45) else call
    seed, same, x, at = rng.integers(1 << 30), chance(rng, 0.5), np.zeros(count, np.float32), int(rng.uniform(0, 0.8) * RATE)
    pause = rng.choice([0.05, 0.3, 1.2])
    while at < count:
        one = make(np.random.default_rng(seed) if same else rng, smooth)[:count - at]
        x[at:at + len(one)] += one * rng.uniform(0.5, 1)
        at += len(one) + int(rng.exponential(pause) * RATE)
    return x / rms(x) + coloured(rng, count) * 10 ** rng.uniform(-4, -1)
