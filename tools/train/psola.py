"""Fundamental frequency, and pitch-synchronous overlap-add (TD-PSOLA, Moulines and Charpentier 1990).

PSOLA repeats whole pitch periods at another spacing: the spectral envelope, which carries the length of the
vocal tract, stays. Its artefacts differ from those of Rubber Band's phase vocoder, so that a network
cannot learn one method's sound.
"""
import numpy as np
from scipy import fft

from corpus import RATE

HOP = 160
FRAME = 640
LOWEST, HIGHEST = 65.0, 480.0
VOICED = 0.5        # normalised autocorrelation above which a frame counts as voiced


def pitch_track(samples):
    """f0 in Hz of each hop of 10 ms, 0 where unvoiced. Autocorrelation of 40 ms frames, median over five."""
    x = np.pad(samples.astype(np.float32), (FRAME // 2, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(x, FRAME)[::HOP][:len(samples) // HOP + 1]
    window = np.hanning(FRAME).astype(np.float32)
    frames = (frames - frames.mean(1, keepdims=True)) * window
    shape = fft.irfft(np.square(np.abs(fft.rfft(window, 2 * FRAME))))[:FRAME]
    correlation = fft.irfft(np.square(np.abs(fft.rfft(frames, 2 * FRAME))))[:, :FRAME]
    power = correlation[:, :1] + 1e-3
    correlation = correlation / power * (shape[0] / np.maximum(shape, shape[0] * 0.02))
    low, high = int(RATE / HIGHEST), int(RATE / LOWEST)
    lags = np.arange(low, high)
    peak = correlation[:, low:high] - 0.0006 * lags      # of two equal periods the shorter
    best = peak.argmax(1)
    strength = np.take_along_axis(correlation, (best + low)[:, None], 1)[:, 0]
    loud = power[:, 0] > 1e-3 * np.percentile(power, 95)
    f0 = np.where((strength > VOICED) & loud, RATE / (best + low), 0.0)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(f0, 2), 5)
    return np.where((f0 > 0) & ((around > 0).sum(1) >= 3), np.median(np.where(around > 0, around, f0[:, None]), 1), 0.0)


def median_pitch(f0):
    """Median of the voiced hops in Hz; None where there are too few to tell."""
    voiced = f0[f0 > 0]
    return np.median(voiced) if len(voiced) > 8 else None


def marks(samples, f0):
    """Places of the grains and their periods in samples: peaks of the waveform where voiced, 5 ms apart elsewhere."""
    x = samples.astype(np.float32)
    x = x if x.max() > -x.min() else -x
    places, periods, at, count = [], [], 0, len(x)
    while at < count:
        hertz = f0[min(at // HOP, len(f0) - 1)]
        if hertz <= 0:
            places.append(at)
            periods.append(0)
            at += 80
            continue
        period = int(RATE / hertz)
        begin, end = (at - period // 5, at + period // 5 + 1) if periods and periods[-1] else (at, at + period)
        begin = max(begin, 0)
        if end > count:
            break
        at = begin + int(x[begin:end].argmax())
        places.append(at)
        periods.append(period)
        at += period
    return places, periods


WINDOWS = {}


def window(half):
    if half not in WINDOWS:
        WINDOWS[half] = np.hanning(2 * half + 1).astype(np.float32)[:-1]
    return WINDOWS[half]


def psola(samples, f0, factors, places_of=None, count=None):
    """
    The same words with the pitch multiplied by `factors` (one for each hop of the output); int16-scale float32.
    `places_of`: for each hop of the output the sample it comes from; `count`: samples of the output, as many as came in if not told.
    """
    places, periods = marks(samples, f0)
    count = len(samples) if count is None else count
    x = np.pad(samples.astype(np.float32), 400)
    out = np.zeros(count + 1600, np.float32)
    at, index, last = 0.0, 0, len(places) - 1
    while at < count and last >= 0:
        hop = min(int(at) // HOP, len(factors) - 1)
        where = at if places_of is None else places_of[hop] + at % HOP
        while index < last and abs(places[index + 1] - where) <= abs(places[index] - where):
            index += 1
        period = periods[index]
        if period:
            half, step = min(period, 400), period / factors[hop]
        else:
            half, step = 80, 80.0
        source, target = places[index] + 400, int(at) + 400
        if source + half <= len(x):
            gain = min(1.0, step / half) if period else 1.0
            out[target - half:target + half] += x[source - half:source + half] * window(half) * np.float32(np.sqrt(gain))
        at += step
    return out[400:400 + count]
