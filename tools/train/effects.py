"""Waveform effects. Samples are float32 at int16 scale; everything linear is one multiply in the frequency domain.

Every class passes through the same effects with the same odds, so that no codec, microphone or room
tells a class.
"""
import numpy as np
from scipy import fft

RATE = 16000
FFT_SIZE = 65536
HERTZ = fft.rfftfreq(FFT_SIZE, 1 / RATE)
OCTAVES = np.log2(np.maximum(HERTZ, 30) / 1000).astype(np.float32)


def rms(x):
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float32)) + 1e-9))


def chance(rng, p):
    return rng.random() < p


def white(rng, count):
    """Unit noise cut from a bank: drawing normals for each clip would cost more than all filters."""
    start = rng.integers(0, len(BANK) - count)
    return BANK[start:start + count] * (1 if chance(rng, 0.5) else -1)


def coloured(rng, count, slope=None):
    """Noise whose spectrum falls by `slope` dB an octave (0 white, 3 pink, 6 brown), unit RMS."""
    slope = rng.choice([0, 3, 6, rng.uniform(-3, 9)]) if slope is None else slope
    noise = white(rng, count)
    if abs(slope) < 0.1:
        return noise
    shaped = fft.irfft(fft.rfft(noise, FFT_SIZE) * np.float32(10) ** (-slope * OCTAVES / 20), FFT_SIZE)[:count]
    return (shaped / rms(shaped)).astype(np.float32)


def resample(x, speed):
    """Play `speed` times faster: linear interpolation, with a low-pass left to the band limits that follow."""
    count = int(len(x) / speed)
    return np.interp(np.arange(count) * speed, np.arange(len(x)), x).astype(np.float32)


def room(rng):
    """Spectrum of a synthetic room: a direct path, early echoes, a decaying coloured tail."""
    rt60 = rng.choice([rng.uniform(0.08, 0.4), rng.uniform(0.3, 1.2)])
    count = int(min(rt60, 0.9) * RATE)
    tail = white(rng, count) * np.exp(-6.9 * np.arange(count, dtype=np.float32) / (rt60 * RATE))
    tail[:int(rng.uniform(0.001, 0.02) * RATE)] = 0
    tail *= 10 ** (-rng.uniform(-6, 14) / 20) / np.sqrt(np.square(tail).sum() + 1e-9)
    response = tail
    response[0] = 1
    for _ in range(rng.integers(0, 5)):
        response[rng.integers(16, 600)] += rng.uniform(-0.6, 0.6)
    return fft.rfft(response, FFT_SIZE)


def equaliser(rng):
    """A smooth random curve: tilt, ripples, sometimes a resonance."""
    curve = rng.uniform(-4, 4) * OCTAVES
    for _ in range(rng.integers(1, 4)):
        curve = curve + rng.uniform(0, 5) * np.cos(rng.uniform(0.5, 3) * OCTAVES + rng.uniform(0, 6.3))
    if chance(rng, 0.25):
        curve = curve + rng.uniform(-12, 12) * np.exp(-np.square((OCTAVES - rng.uniform(-3, 2.8)) / rng.uniform(0.1, 0.6)))
    return np.float32(10) ** (np.clip(curve, -30, 20) / 20).astype(np.float32)


def band(low, high, order=4):
    """Magnitude of a Butterworth-like band-pass; 0 or None leaves a side open."""
    gain = np.ones_like(HERTZ, dtype=np.float32)
    if low:
        gain *= 1 / np.sqrt(1 + (low / np.maximum(HERTZ, 1)) ** (2 * order))
    if high:
        gain *= 1 / np.sqrt(1 + (HERTZ / high) ** (2 * order))
    return gain.astype(np.float32)


def mu_law(x):
    """8-bit mu-law there and back, int16 scale."""
    y = np.clip(x / 32768, -1, 1)
    code = np.round(np.sign(y) * np.log1p(255 * np.abs(y)) / np.log(256) * 127.5 - 0.5) + 0.5
    code /= 127.5
    return (np.sign(code) * (np.exp(np.abs(code) * np.log(256)) - 1) / 255 * 32768).astype(np.float32)


def telephone(spectrum, count, order=8):
    """Band 300-3400 Hz, 8 kHz, mu-law, back to 16 kHz. Takes a spectrum, gives samples."""
    half = (spectrum * band(300, 3400, order))[:FFT_SIZE // 4 + 1]
    narrow = fft.irfft(half, FFT_SIZE // 2) / 2
    peak = np.abs(narrow).max()
    if peak > 32000:
        narrow = narrow * (32000 / peak)
    wide = np.zeros(FFT_SIZE // 2 + 1, np.complex64)
    wide[:FFT_SIZE // 4 + 1] = fft.rfft(mu_law(narrow.astype(np.float32))) * 2
    return fft.irfft(wide, FFT_SIZE)[:count].astype(np.float32)


def channel(rng, x, narrow=0.0):
    """
    The way from source to microphone to wire: room, equaliser, band limits, telephone. `narrow`: how often the band of 11 kHz
    sound is cut out, as the acted corpora have it.
    """
    spectrum = fft.rfft(x, FFT_SIZE)
    if chance(rng, 0.35):
        spectrum = spectrum * room(rng)
    if chance(rng, 0.6):
        spectrum = spectrum * equaliser(rng)
    if chance(rng, 0.3):
        spectrum = spectrum * band(rng.uniform(20, 350), None, rng.integers(1, 5))
    if chance(rng, 0.3):
        spectrum = spectrum * band(None, rng.choice([rng.uniform(1800, 4000), rng.uniform(3500, 7800)]), rng.integers(2, 16))
    if chance(rng, narrow):
        spectrum = spectrum * band(None, rng.uniform(4300, 5600), rng.integers(6, 30))
    before = rms(x)
    if chance(rng, 0.25):
        scaled = spectrum * (10 ** rng.uniform(2.2, 3.7) / before)
        x = telephone(scaled.astype(np.complex64), len(x), int(rng.integers(3, 12)))
    else:
        x = fft.irfft(spectrum, FFT_SIZE)[:len(x)].astype(np.float32)
    return x * (before / rms(x))


def press(rng, x):
    """Compression or saturation, as in shouting, broadcast and cheap microphones."""
    level = rms(x)
    if chance(rng, 0.5):
        drive = rng.uniform(0.3, 3) / (level * 3)
        y = np.tanh(x * drive)
    elif chance(rng, 0.5):
        limit = level * rng.uniform(0.8, 3)
        y = np.clip(x, -limit, limit)
    else:
        width = int(rng.uniform(0.01, 0.05) * RATE)
        power = np.cumsum(np.square(x, dtype=np.float64))
        power = np.concatenate([power[width:], np.full(width, power[-1])]) - np.concatenate([[0], power[:-1]])
        envelope = np.sqrt(np.maximum(power / width, 0)) + level * 0.05
        y = x / envelope ** rng.uniform(0.3, 0.8)
    return (y * (level / rms(y))).astype(np.float32)


def fade(rng, x):
    """A slow gain envelope of up to +-12 dB."""
    points = rng.integers(2, 6)
    curve = np.interp(np.linspace(0, points - 1, len(x)), np.arange(points), rng.uniform(-12, 6, points))
    return (x * 10 ** (curve / 20)).astype(np.float32)


def finish(rng, x, loud=None):
    """Set the level (dBFS of the RMS), round and clip to int16."""
    target = rng.choice([rng.uniform(-32, -12), rng.uniform(-66, -8), rng.uniform(-14, 0)], p=[0.58, 0.34, 0.08]) if loud is None else loud
    return np.clip(np.round(x * (32768 * 10 ** (target / 20) / rms(x))), -32768, 32767).astype(np.float32)


BANK = np.random.default_rng(7).standard_normal(1 << 22).astype(np.float32)
