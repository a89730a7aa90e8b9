"""Synthetic sound: machines, noise, alarms, clicks and crowds for `other`; drones, chords and beats for `music`.

Recorded `other` is thin next to what the world makes; these generators widen it, and they include the
degenerate input a product meets: hum, tones, sweeps, DC, clicks, noise.
"""
import numpy as np

from effects import RATE, band, chance, coloured, FFT_SIZE, resample, rms, white
from scipy import fft


def unit(x):
    x = np.asarray(x, np.float32)
    return x / rms(x)


def seconds(count):
    return np.arange(count, dtype=np.float32) / RATE


def drift(rng, count, low, high, points=6):
    """A smooth random curve between low and high (log scale)."""
    values = np.exp(rng.uniform(np.log(low), np.log(high), points))
    return np.interp(np.arange(count), np.linspace(0, count, points), values).astype(np.float32)


def phase(hertz):
    return 2 * np.pi * np.cumsum(hertz / RATE)


def hum(rng, count):
    base = rng.choice([50.0, 60.0, rng.uniform(30, 400)])
    t = seconds(count)
    x = sum(rng.uniform(0, 1) / k ** rng.uniform(0, 2) * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6)) for k in range(1, rng.integers(2, 14)))
    return unit(x + np.sin(2 * np.pi * base * t)) + coloured(rng, count) * 10 ** rng.uniform(-3, -0.3)


def tone(rng, count):
    """A tone, a sweep or a glide, sometimes clipped square."""
    start = np.exp(rng.uniform(np.log(40), np.log(7500)))
    kind = rng.integers(3)
    if kind == 0:
        hertz = np.full(count, start, np.float32)
    elif kind == 1:
        hertz = np.geomspace(start, np.exp(rng.uniform(np.log(40), np.log(7500))), count)
    else:
        hertz = drift(rng, count, start / 2, min(start * 2, 7800))
    x = np.sin(phase(hertz))
    if chance(rng, 0.25):
        x = np.sign(x)
    if chance(rng, 0.3):
        x *= 1 + rng.uniform(0.2, 1) * np.sin(2 * np.pi * rng.uniform(0.5, 40) * seconds(count))
    return unit(x) + white(rng, count) * 10 ** rng.uniform(-4, -1)


def noise(rng, count):
    """Stationary or slowly breathing coloured noise: rain, wind, fans, hiss."""
    x = coloured(rng, count)
    if chance(rng, 0.4):
        low = np.exp(rng.uniform(np.log(50), np.log(2500)))
        gain = band(low, min(low * np.exp(rng.uniform(0.5, 3)), 7900), rng.integers(1, 5))
        x = unit(fft.irfft(fft.rfft(x, FFT_SIZE) * gain, FFT_SIZE)[:count])
    if chance(rng, 0.5):
        x = x * drift(rng, count, 0.1, 1, rng.integers(3, 20))
    return unit(x)


def engine(rng, count):
    """A harmonic series on a low, unsteady pitch, with noise modulated by it."""
    hertz = drift(rng, count, *sorted(np.exp(rng.uniform(np.log(12), np.log(180), 2))), points=rng.integers(2, 8))
    p = phase(hertz * (1 + 0.01 * np.interp(np.arange(count), np.arange(0, count + 800, 800), rng.standard_normal(count // 800 + 2))))
    tilt = rng.uniform(0.3, 1.5)
    x = sum(rng.uniform(0.2, 1) / k ** tilt * np.sin(k * p + rng.uniform(0, 6)) for k in range(1, rng.integers(6, 24)))
    rush = coloured(rng, count) * (1 + rng.uniform(0, 1) * np.sin(p * rng.integers(1, 3)))
    return unit(unit(x) + rush * 10 ** rng.uniform(-1.2, 0.4))


def alarm(rng, count):
    """Beeps, sirens and two-tone horns."""
    t = seconds(count)
    rate = rng.uniform(0.4, 12)
    a, b = np.exp(rng.uniform(np.log(300), np.log(4000), 2))
    swing = np.sin(2 * np.pi * rate * t)
    swing = np.sign(swing) if chance(rng, 0.5) else swing
    x = np.sin(phase((a + b) / 2 + swing * (b - a) / 2))
    if chance(rng, 0.5):
        x = x + rng.uniform(0, 0.6) * np.sin(2 * phase((a + b) / 2 + swing * (b - a) / 2))
    if chance(rng, 0.5):
        x = x * (np.sin(2 * np.pi * rng.uniform(0.5, 8) * t + rng.uniform(0, 6)) > rng.uniform(-0.7, 0.7))
    return unit(x) + coloured(rng, count) * 10 ** rng.uniform(-3, -0.7)


def bursts(rng, count):
    """Clicks, knocks, claps, applause, steps, fire: decaying noise or rings at regular or random times."""
    rate = np.exp(rng.uniform(np.log(0.4), np.log(60)))
    number = max(1, int(rate * count / RATE))
    if chance(rng, 0.5):
        times = (np.arange(number) / rate + rng.normal(0, rng.choice([0, 0.02, 0.1]), number)) * RATE
    else:
        times = rng.uniform(0, count, number)
    length = int(np.exp(rng.uniform(np.log(0.0005), np.log(0.25))) * RATE) + 4
    t = np.arange(length)
    x = np.zeros(count + length, np.float32)
    ring = np.exp(rng.uniform(np.log(100), np.log(6000)))
    pitched = chance(rng, 0.35)
    for at in np.clip(times, 0, count - 1).astype(int)[:400]:
        body = np.sin(2 * np.pi * ring * rng.uniform(0.95, 1.05) / RATE * t) if pitched else white(rng, length)
        x[at:at + length] += body * np.exp(-5 * t / length) * rng.uniform(0.3, 1)
    x = x[:count] + coloured(rng, count) * 10 ** rng.uniform(-4.5, -1.5)
    return unit(x)


def hollow(rng, count):
    """Next to nothing: DC, faint rounding noise, a lone click."""
    x = np.full(count, rng.choice([0.0, 1.0]), np.float32)
    x += white(rng, count) * 10 ** rng.uniform(-4, -1)
    if chance(rng, 0.5):
        x[rng.integers(0, count)] += rng.uniform(-30, 30)
    return unit(x)


OTHER = ((hum, 1.0), (tone, 1.3), (noise, 2.5), (engine, 2.5), (alarm, 1.5), (bursts, 3.0), (hollow, 0.4))


def synthetic_other(rng, count):
    kinds, weights = zip(*OTHER)
    make = kinds[rng.choice(len(kinds), p=np.array(weights) / sum(weights))]
    return make(rng, count)


SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10))


def note(rng, hertz, length, partials, tilt, attack, decay):
    """One note of an additive instrument."""
    t = seconds(length)
    vibrato = 1 + rng.uniform(0, 0.006) * np.sin(2 * np.pi * rng.uniform(4, 7) * t)
    p = phase(hertz * vibrato)
    x = sum(rng.uniform(0.3, 1) / k ** tilt * np.sin(k * p) for k in range(1, partials + 1) if k * hertz < 7600)
    return x * np.minimum(1, t / attack) * np.exp(-t * decay) * np.minimum(1, (length / RATE - t) / 0.02 + 1e-3)


def tune(rng, count):
    """Chords and a melody on a scale, over a beat grid, sometimes with drums."""
    scale, root = SCALES[rng.integers(len(SCALES))], rng.uniform(36, 60)
    beat = int(RATE * rng.uniform(0.1, 0.5))
    x = np.zeros(count + 4 * RATE, np.float32)
    for voice in range(rng.integers(1, 4)):
        partials, tilt = rng.integers(1, 10), rng.uniform(0.6, 2)
        attack, decay = np.exp(rng.uniform(np.log(0.003), np.log(0.1))), rng.uniform(0.2, 6)
        every, octave = rng.integers(1, 5), 12 * rng.integers(0, 3)
        for at in range(rng.integers(0, beat), count, beat * every):
            degree = rng.integers(0, len(scale))
            for extra in range(rng.choice([1, 1, 3])):
                key = root + octave + scale[(degree + 2 * extra) % len(scale)]
                length = int(beat * every * rng.uniform(0.7, 1.6))
                x[at:at + length] += note(rng, 440 * 2 ** ((key - 69) / 12), length, partials, tilt, attack, decay)
    x = unit(x[:count])
    if chance(rng, 0.5):
        x = x + drums(rng, count, beat) * rng.uniform(0.3, 1.2)
    return unit(x)


def drums(rng, count, beat):
    """Kick, snare and hat on a grid."""
    x = np.zeros(count + RATE, np.float32)
    t = np.arange(RATE // 4, dtype=np.float32) / RATE
    kick = np.sin(phase(50 + 120 * np.exp(-t * 40))) * np.exp(-t * 18)
    snare = white(rng, len(t)) * np.exp(-t * 25)
    hat = np.diff(white(rng, len(t) + 1)) * np.exp(-t * 80)
    for sound, pattern in ((kick, rng.random(8) < 0.4), (snare, rng.random(8) < 0.3), (hat * 0.5, rng.random(8) < 0.7)):
        for index, at in enumerate(range(0, count, beat)):
            if pattern[index % 8]:
                x[at:at + len(t)] += sound * rng.uniform(0.7, 1)
    return unit(x[:count])


def drone(rng, count):
    """A dark pad: detuned low chords that swell, filtered noise far behind."""
    root, x = np.exp(rng.uniform(np.log(35), np.log(220))), np.zeros(count, np.float32)
    for ratio in rng.choice([1, 1.5, 2, 1.2, 1.25, 1.333, 3, 1.125, 4, 2.4], rng.integers(2, 6), replace=False):
        tilt = rng.uniform(0.5, 2)
        for detune in rng.normal(0, 0.003, 2):
            p = phase(drift(rng, count, root * ratio * (1 + detune), root * ratio * (1 + detune) * 1.004))
            layer = sum(rng.uniform(0.3, 1) / k ** tilt * np.sin(k * p) for k in range(1, rng.integers(3, 12)) if k * root * ratio < 7600)
            x += layer * drift(rng, count, 0.1, 1)
    return unit(unit(x) + coloured(rng, count, rng.uniform(3, 9)) * 10 ** rng.uniform(-2.5, -0.4))


def synthetic_music(rng, count):
    return (drone if chance(rng, 0.4) else tune)(rng, count)
