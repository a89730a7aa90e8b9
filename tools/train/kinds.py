"""Kinds of sound that are mistaken for music or speech, made by formula and labelled `other`.

Sirens, horns, ringing and alarms have partials that stay or glide, decay or waver; knocks are as even as a beat;
laughter, sobs, grunts, howls and cheering crowds have a talker's pitch and formants but no words. Voiced kinds borrow
spectral envelopes from a talker and drive them with pulses; nothing of the talker's own excitation is left.
"""
import numpy as np

from calls import stretched, through_tract
from effects import RATE, chance, coloured, rms, white
from sing import FRAME, HOP, envelopes
from synth import drift, phase, seconds, unit


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def harmonics(rng, hertz, tilt, most=24):
    """A harmonic series on a curve of frequencies, aliased partials left out; `tilt`: exponent of the fall."""
    p, top, x = phase(hertz), float(hertz.max()), np.zeros(len(hertz), np.float32)
    odd = chance(rng, 0.25)
    for k in range(1, most):
        if k * top > 7800:
            break
        if not (odd and k % 2 == 0):
            x += np.float32(rng.uniform(0.4, 1) / k**tilt) * np.sin(k * p + rng.uniform(0, 6.3)).astype(np.float32)
    return x


def echo(rng, x):
    """One to three reflections of a street or a hall."""
    out = x.copy()
    for _ in range(rng.integers(1, 4)):
        lag = int(rng.uniform(0.03, 0.35) * RATE)
        out[lag:] += x[:-lag] * rng.uniform(0.1, 0.5)
    return out


def gate(rng, count, on, off, fall):
    """Blasts of `on` seconds, `off` apart, with soft edges; `fall`: seconds of the decay within a blast, 0 for none."""
    t, x, at = seconds(count), np.zeros(count, np.float32), rng.uniform(0, 0.4)
    edge = rng.uniform(0.003, 0.06)
    while at < count / RATE:
        inside = (t >= at) & (t < at + on)
        local = t[inside] - at
        shape = np.minimum(1, np.minimum(local / edge, (on - local) / edge + 1e-3))
        x[inside] = shape * (np.exp(-local / fall) if fall else 1)
        at += on + off
    return x


def siren(rng, count):
    """Wail, yelp, two tones or a rising motor siren, with harmonics of a horn, an echo and traffic behind."""
    t, kind = seconds(count), rng.integers(4)
    low = log_uniform(rng, 300, 900)
    high = low * rng.uniform(1.2, 2.6)
    rate = log_uniform(rng, 0.15, 5)
    turn = (rate * t + rng.uniform(0, 1)) % 1
    if kind == 0:
        place = 0.5 - 0.5 * np.cos(2 * np.pi * turn)
    elif kind == 1:
        place = (turn > 0.5).astype(np.float32)
        place = np.convolve(place, np.ones(320) / 320, 'same')
    elif kind == 2:
        place = turn if chance(rng, 0.5) else 1 - turn
    else:
        place = 1 - np.exp(-t / rng.uniform(0.4, 2))
    hertz = low * (high / low) ** place
    if chance(rng, 0.4):  # it passes by
        hertz = hertz * np.interp(t, np.sort(rng.uniform(0, count / RATE, 2)), np.array([1, rng.uniform(0.85, 0.97)]))
    x = harmonics(rng, hertz, rng.uniform(0.3, 2), rng.integers(2, 14))
    if chance(rng, 0.5):
        x = x * drift(rng, count, 0.2, 1, 4)
    return echo(rng, unit(x)) + coloured(rng, count, 6) * 10 ** rng.uniform(-2.5, -0.2)


def horn(rng, count):
    """Car, lorry, train and ship horns: one to five reeds at steady intervals, blown once or a few times."""
    base = log_uniform(rng, 90, 520)
    ratios = rng.choice([1.0, 1.19, 1.26, 1.33, 1.41, 1.5, 1.68, 2.0], rng.integers(1, 5), replace=False)
    t, x = seconds(count), np.zeros(count, np.float32)
    rise = 1 - rng.uniform(0, 0.06) * np.exp(-t / rng.uniform(0.03, 0.2))
    for ratio in ratios:
        wobble = 1 + rng.uniform(0, 0.006) * np.sin(2 * np.pi * rng.uniform(3, 9) * t)
        x += harmonics(rng, base * ratio * rise * wobble, rng.uniform(0.2, 1.2), rng.integers(6, 24)) * rng.uniform(
            0.5, 1
        )
    on = log_uniform(rng, 0.12, 3)
    x = x * gate(
        rng,
        count,
        on,
        rng.choice([rng.uniform(0.08, 0.4), rng.uniform(0.5, 3)]),
        rng.choice([0, 0, rng.uniform(0.3, 2)]),
    )
    return echo(rng, unit(x)) + coloured(rng, count, 4) * 10 ** rng.uniform(-3, -0.5)


def ringing(rng, count):
    """Telephone bells, trills, phone alarms, doorbells: two pitches at most, struck or keyed in a fixed pattern."""
    t = seconds(count)
    kind = rng.integers(3)
    a = log_uniform(rng, 350, 3200)
    b = a * rng.choice([1.0, rng.uniform(1.05, 1.6), 1.25, 1.333])
    if kind == 0:  # a clapper between two bells
        rate, x = rng.uniform(12, 28), np.zeros(count + RATE, np.float32)
        modes = np.array([1, 1.5, 2.0, 2.74, 3.76]) * rng.uniform(0.97, 1.03, 5)
        length = int(rng.uniform(0.08, 0.9) * RATE)
        s = seconds(length)
        strokes = [
            sum(
                rng.uniform(0.2, 1)
                * np.sin(2 * np.pi * f * m * s + rng.uniform(0, 6))
                * np.exp(-s * rng.uniform(3, 20) * m)
                for m in modes
                if f * m < 7800
            )
            for f in (a, b)
        ]
        ring = gate(rng, count, rng.choice([0.4, rng.uniform(0.8, 2.5)]), rng.choice([0.2, rng.uniform(0.8, 3)]), 0)
        for index, at in enumerate(np.arange(0, count - 1, RATE / rate).astype(int)):
            if ring[at] > 0:
                x[at : at + length] += strokes[index % 2] * rng.uniform(0.8, 1)
        x = x[:count]
    else:
        swing = ((t * rng.uniform(3, 26)) % 1 > 0.5) if kind == 1 else np.zeros(count, bool)
        vibrato = 1 + rng.uniform(0, 0.012) * np.sin(2 * np.pi * rng.uniform(4, 12) * t)
        x = harmonics(rng, np.where(swing, b, a) * vibrato, rng.uniform(0.8, 3), rng.integers(2, 8))
        keyed = gate(
            rng,
            count,
            log_uniform(rng, 0.05, 0.9),
            log_uniform(rng, 0.04, 0.6),
            rng.choice([0, rng.uniform(0.05, 0.6)]),
        )
        if chance(rng, 0.5):
            keyed = keyed * (gate(rng, count, rng.uniform(0.4, 1.5), rng.uniform(0.3, 1.5), 0) > 0)
        x = x * keyed
    x = echo(rng, x) if chance(rng, 0.6) else x
    return unit(x) + coloured(rng, count) * 10 ** rng.uniform(-3.5, -0.8)


def knocks(rng, count):
    """Knocks, taps, hammering, steps and wooden machines: even blows on a body with a few modes below 2.5 kHz."""
    rate = log_uniform(rng, 1.2, 11)
    number = int(rng.choice([rng.integers(2, 8), 60]))
    length = int(rng.uniform(0.06, 0.5) * RATE)
    s = seconds(length)
    base = log_uniform(rng, 60, 900)
    modes = base * np.concatenate([[1], 1 + np.cumsum(rng.uniform(0.2, 1.4, rng.integers(1, 8)))])
    decays = rng.uniform(8, 90) * (modes / base) ** rng.uniform(0.2, 1)
    click = white(rng, length) * np.exp(-s * rng.uniform(80, 900))
    x, at, pause = np.zeros(count + length, np.float32), rng.uniform(0, 0.6) * RATE, rng.uniform(0.3, 1.5) * RATE
    jitter, done = rng.choice([0.0, 0.01, 0.05]), 0
    while at < count:
        body = sum(
            rng.uniform(0.3, 1) * np.sin(2 * np.pi * f * s) * np.exp(-s * d) for f, d in zip(modes, decays) if f < 6000
        )
        x[int(at) : int(at) + length] += (body + click * rng.uniform(0.2, 2)) * rng.uniform(0.6, 1)
        done += 1
        at += RATE / rate * (1 + rng.normal(0, 1) * jitter) + (pause if done % number == 0 else 0)
    return unit(x[:count]) + coloured(rng, count, rng.uniform(0, 6)) * 10 ** rng.uniform(-3.5, -0.9)


def rotors(rng, count):
    """Quadcopters, saws, shavers and fans that whine: several harmonic series close to each other that wander."""
    base, x = log_uniform(rng, 70, 420), np.zeros(count, np.float32)
    for _ in range(rng.integers(1, 5)):
        wander = drift(rng, count, 0.94, 1.06, rng.integers(3, 16))
        x += harmonics(rng, base * rng.uniform(0.95, 1.06) * wander, rng.uniform(0.1, 1.2), rng.integers(6, 24))
    if chance(rng, 0.4):
        x = x * drift(rng, count, 0.3, 1, rng.integers(3, 12))
    return unit(x) + coloured(rng, count) * 10 ** rng.uniform(-1.5, 0)


def pulses(rng, hertz, breath, rough=0.0):
    """A voice's source on a curve of frequencies: a pulse a period, with breath; `rough` jitters the periods."""
    if rough:
        knots = rng.normal(0, rough, len(hertz) // 160 + 2)
        hertz = hertz * np.exp(np.interp(np.arange(len(hertz)), np.arange(len(knots)) * 160, knots))
    turn = np.cumsum(np.minimum(hertz, 4000) / RATE)
    x = np.zeros(len(hertz), np.float32)
    x[np.flatnonzero(np.diff(np.floor(turn)) > 0)] = 1
    return x / rms(x) + white(rng, len(hertz)) * breath


def arch(count, rise, fall):
    """0 to 1 and back: shares of the length for the rise and the fall."""
    t = np.linspace(0, 1, count)
    return np.minimum(1, np.minimum(t / max(rise, 1e-3), (1 - t) / max(fall, 1e-3))).astype(np.float32)


def tract(rng, smooth, count, scale, spread=0.3):
    """Envelopes of one mouth position, or of two that it glides between, `1 / scale` as long; one a hop."""
    frames = max(2, count // HOP)
    first, second = smooth[rng.integers(len(smooth), size=2)]
    glide = np.linspace(0, rng.uniform(0, spread), frames)[:, None]
    return stretched(first * (1 - glide) + second * glide, scale)


def laughter(rng, smooth, count):
    """Bouts of "ha": four to six a second, a breathy onset, pitch and level falling, a gasp between the bouts."""
    x, at = np.zeros(count + 2 * RATE, np.float32), int(rng.uniform(0, 0.5) * RATE)
    start, scale = log_uniform(rng, 130, 620), rng.uniform(0.9, 1.15)
    while at < count:
        beat, number = rng.uniform(0.15, 0.27), rng.integers(3, 14)
        mouth, pitch = rng.integers(len(smooth)), start * rng.uniform(0.8, 1.3)
        for index in range(number):
            length = int(beat * rng.uniform(0.75, 1.0) * RATE)
            voiced = length * rng.uniform(0.4, 0.7)
            fall = np.linspace(rng.uniform(1.0, 1.12), rng.uniform(0.75, 0.95), length)
            source = pulses(rng, pitch * fall, rng.uniform(0.05, 0.6), rng.choice([0, 0.03])) * np.roll(
                arch(length, 0.25, 0.4), int(0.1 * length)
            )
            source = source + white(rng, length) * np.exp(-np.arange(length) / voiced) * rng.uniform(0.1, 0.8)
            shapes = stretched(smooth[mouth][None].repeat(max(2, length // HOP), 0), scale)
            one = through_tract(source, shapes)[: length + FRAME]
            x[at : at + len(one)][: len(x) - at] += one[: len(x) - at] * rng.uniform(0.6, 1) * 0.96**index
            pitch *= rng.uniform(0.93, 1.01)
            at += int(beat * rng.uniform(0.95, 1.05) * RATE)
            if at >= count:
                break
        gasp = int(rng.uniform(0.15, 0.6) * RATE)
        if chance(rng, 0.6) and at < count:
            breath = through_tract(white(rng, gasp) * arch(gasp, 0.5, 0.2), tract(rng, smooth, gasp, 1.1))
            x[at : at + len(breath)][: len(x) - at] += breath[: len(x) - at] * rng.uniform(0.1, 0.5)
        at += gasp + int(rng.exponential(0.3) * RATE)
    return x[:count]


def sobbing(rng, smooth, count):
    """Adult crying: wails that rise and fall with a tremor, sobs in short bursts, wet breaths."""
    x, at = np.zeros(count + 3 * RATE, np.float32), int(rng.uniform(0, 0.4) * RATE)
    base = log_uniform(rng, 160, 600)
    while at < count:
        length = int(rng.choice([rng.uniform(0.08, 0.2), rng.uniform(0.3, 1.6)]) * RATE)
        shape = np.sin(np.linspace(0, np.pi * rng.uniform(0.7, 1), length))
        tremor = 1 + rng.uniform(0, 0.08) * np.sin(2 * np.pi * rng.uniform(4, 11) * seconds(length))
        hertz = base * rng.uniform(0.8, 1.3) * np.exp(rng.uniform(0.05, 0.5) * shape) * tremor
        source = pulses(rng, hertz, rng.uniform(0.05, 0.5), rng.choice([0, 0.04])) * arch(
            length, rng.uniform(0.05, 0.3), rng.uniform(0.2, 0.7)
        )
        one = through_tract(source, tract(rng, smooth, length, rng.uniform(0.92, 1.12)))
        x[at : at + len(one)] += one * rng.uniform(0.5, 1)
        at += length + int(rng.exponential(0.15) * RATE)
        if chance(rng, 0.5):
            breath = int(rng.uniform(0.1, 0.5) * RATE)
            one = through_tract(white(rng, breath) * arch(breath, 0.6, 0.2), tract(rng, smooth, breath, 1.1))
            x[at : at + len(one)][: len(x) - at] += one[: len(x) - at] * rng.uniform(0.1, 0.6)
            at += breath
        if at > count:
            break
    return x[:count]


def grunts(rng, smooth, count):
    """Coughs and sneezes with a voiced tail, grunts, groans, shouts of pain: one vowel, no word."""
    x, at = np.zeros(count + 3 * RATE, np.float32), int(rng.uniform(0, 0.8) * RATE)
    base, rough, pause = log_uniform(rng, 80, 700), rng.choice([0.02, 0.06, 0.12]), rng.choice([0.15, 0.5, 1.5])
    burst = chance(rng, 0.5)
    while at < count:
        length = int(log_uniform(rng, 0.08, 1.1) * RATE)
        hertz = (
            base
            * rng.uniform(0.8, 1.25)
            * np.exp(rng.uniform(-0.9, 0.25) * np.linspace(0, 1, length) ** rng.uniform(0.5, 2))
        )
        source = pulses(rng, hertz, rng.uniform(0.1, 1.5), rough) * arch(
            length, rng.uniform(0.02, 0.2), rng.uniform(0.3, 0.8)
        )
        if burst:
            source += (
                white(rng, length) * np.exp(-np.arange(length) / (rng.uniform(0.02, 0.08) * RATE)) * rng.uniform(1, 5)
            )
        one = through_tract(source, tract(rng, smooth, length, rng.uniform(0.85, 1.15), 0.6))
        x[at : at + len(one)] += one * rng.uniform(0.5, 1)
        at += length + int(rng.exponential(pause) * RATE)
    return x[:count]


def howls(rng, smooth, count):
    """Howls, moos, bleats and brays: long glides through tracts larger than a human's, or much smaller."""
    x, at = np.zeros(count + 4 * RATE, np.float32), int(rng.uniform(0, 0.6) * RATE)
    large = chance(rng, 0.7)
    scale = rng.uniform(0.38, 0.75) if large else rng.uniform(1.3, 2.2)
    base = log_uniform(rng, 60, 420) if large else log_uniform(rng, 250, 1000)
    tremble = rng.choice([0, 0, rng.uniform(0.03, 0.2)])
    beat, pause = rng.uniform(5, 14), rng.uniform(0.05, 1.2)
    while at < count:
        length = int(log_uniform(rng, 0.3, 3) * RATE)
        bend = np.interp(
            np.linspace(0, 1, length), [0, rng.uniform(0.1, 0.4), rng.uniform(0.5, 0.9), 1], rng.uniform(-0.5, 0.35, 4)
        )
        swing = np.sin(2 * np.pi * beat * seconds(length))
        hertz = base * np.exp(bend) * (1 + tremble * 0.3 * swing)
        source = pulses(rng, hertz, rng.uniform(0.02, 0.4), rng.choice([0, 0.01, 0.05])) * arch(
            length, rng.uniform(0.05, 0.3), rng.uniform(0.1, 0.4)
        )
        one = through_tract(
            source * (1 - tremble * 2 * (0.5 + 0.5 * swing)).clip(0.1), tract(rng, smooth, length, scale, 0.8)
        )
        x[at : at + len(one)] += one * rng.uniform(0.6, 1)
        at += length + int(rng.exponential(pause) * RATE)
    return x[:count]


def cheering(rng, smooth, count):
    """A crowd on one vowel: a few pitches that glide, many throats of noise, claps and a whistle."""
    x = np.zeros(count + FRAME, np.float32)
    rise = rng.uniform(-0.4, 0.5)
    for _ in range(rng.integers(5, 12)):
        hertz = (
            log_uniform(rng, 130, 700)
            * np.exp(rise * np.linspace(0, 1, count))
            * drift(rng, count, 0.88, 1.14, rng.integers(3, 8))
        )
        source = pulses(rng, hertz, rng.uniform(0.3, 2), 0.03) * drift(rng, count, 0.1, 1, rng.integers(3, 12))
        x += through_tract(source, tract(rng, smooth, count, rng.uniform(0.85, 1.3), 1.0))[
            : count + FRAME
        ] * rng.uniform(0.3, 1)
    x = unit(x[:count])
    roar = through_tract(white(rng, count), tract(rng, smooth, count, rng.uniform(0.8, 1.2), 1.0))[:count]
    x = x + np.pad(roar, (0, count - len(roar))) * rng.uniform(0.3, 1.5)
    if chance(rng, 0.3):
        x = x + 0.3 * np.sin(phase(drift(rng, count, 1500, 3500, 8))) * drift(rng, count, 0.01, 1, 8)
    return x


TONAL = ((siren, 1.3), (horn, 1.2), (ringing, 2.0), (knocks, 2.0), (rotors, 0.8))
VOICED = ((laughter, 2.0), (sobbing, 1.2), (grunts, 1.5), (howls, 1.6), (cheering, 0.5))


def pick(rng, makers):
    names, weights = zip(*makers)
    return names[rng.choice(len(names), p=np.array(weights) / sum(weights))]


def tonal_kind(rng, count):
    """`count` samples of a siren, a horn, ringing, knocks or rotors, unit RMS."""
    return unit(pick(rng, TONAL)(rng, count))


def voiced_kind(rng, samples, count):
    """`count` samples of laughter, crying, grunts, howls or cheers; `samples` of a talker lend the tract."""
    smooth, _ = envelopes(samples)
    level = smooth.mean(1)
    smooth = smooth[level >= np.median(level)]
    x = pick(rng, VOICED)(rng, smooth, count)
    return unit(unit(x) + coloured(rng, count) * 10 ** rng.uniform(-4, -1))
