"""
Test sounds of the kinds that fail most, made in other ways than kinds.py makes them for training: frequency modulation,
resonating filters driven by noise, and real vowels of dev talkers cut out, slowed, sped up and moved in pitch. All are
`other`.
"""
import argparse
import zlib

import numpy as np
import torch
from scipy import signal

from corpus import CLASSES, RATE, load_clips
from effects import finish
from evalset import CONDITIONS, STEPS, degrade
from evaluate import heard, load_network, speech_of
from features import STEP, log_mel, step_level
from psola import HOP, median_pitch, pitch_track, psola

COUNT = STEPS * STEP
EACH = 24
TIME = np.arange(COUNT) / RATE


def vowels(clips, seed=9):
    """(samples, f0) of the longest voiced stretch of dev talkers; at most two a talker."""
    rng = np.random.default_rng(seed)
    dev = [c for c in clips if c.split == 'dev' and c.label == 'speech' and c.length > 1.5 * RATE and not c.child]
    found = []
    for index in rng.permutation(len(dev))[:120]:
        samples = np.asarray(dev[index].samples()[: 4 * RATE], np.float32)
        f0 = pitch_track(samples)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (f0 > 0).astype(int), [0]])))
        runs = [(b - a, a, b) for a, b in zip(edges[::2], edges[1::2])]
        if runs and max(runs)[0] >= 14:
            _, a, b = max(runs)
            found.append((samples[a * HOP : b * HOP], f0[a:b]))
    return found


def sung(vowel, target, count):
    """A vowel held for `count` samples on a curve of pitches (one a hop), by running to and fro through it."""
    samples, f0 = vowel
    hops = count // HOP + 1
    turn = np.abs((np.linspace(0, 1.7, hops) % 2) - 1) * (len(f0) - 1)
    places = np.clip(turn.astype(int), 0, len(f0) - 1)
    base = median_pitch(f0) or 150.0
    factors = np.clip(np.asarray(target)[:hops] / np.where(f0[places] > 0, f0[places], base), 0.4, 4)
    return psola(samples, f0, factors, places * HOP, count)


def played(x, speed):
    """The sound `speed` times faster, pitch and tract alike."""
    return np.interp(np.arange(0, len(x) - 1, speed), np.arange(len(x)), x).astype(np.float32)


def put(x, part, at):
    part = part[: max(0, len(x) - at)]
    x[at : at + len(part)] += part


def fade(part):
    edge = min(len(part) // 3, 400)
    ramp = np.ones(len(part), np.float32)
    ramp[:edge] = np.linspace(0, 1, edge)
    ramp[-edge:] = np.linspace(1, 0, edge)
    return part * ramp


def level(x):
    return x / (np.sqrt(np.mean(np.square(x))) + 1e-9)


def laughter(rng, voices):
    x, at = np.zeros(COUNT, np.float32), int(rng.uniform(0, 0.4) * RATE)
    vowel = voices[rng.integers(len(voices))]
    base = (median_pitch(vowel[1]) or 150) * rng.uniform(1.1, 2.2)
    rate, index, bout = rng.uniform(4, 6), 0, rng.integers(5, 11)
    while at < COUNT:
        length = int(rng.uniform(0.08, 0.13) * RATE)
        ha = sung(vowel, base * np.linspace(1.05, 0.85, length // HOP + 2), length)
        put(x, fade(level(ha)) * 0.93**index, at)
        breath = rng.standard_normal(int(0.06 * RATE)).astype(np.float32)
        put(x, fade(signal.lfilter([1, -0.7], [1], breath)) * rng.uniform(0.05, 0.3), max(0, at - len(breath)))
        at += int(RATE / rate * rng.uniform(0.95, 1.05))
        base, index = base * rng.uniform(0.95, 1.0), index + 1
        if index == bout:
            at, index, base = at + int(rng.uniform(0.3, 0.8) * RATE), 0, base * rng.uniform(1.1, 1.4)
    return x


def crying(rng, voices):
    x, at, vowel = np.zeros(COUNT, np.float32), 0, voices[rng.integers(len(voices))]
    base = max((median_pitch(vowel[1]) or 150) * rng.uniform(1.3, 2.2), 200)
    while at < COUNT:
        length = int(rng.uniform(0.5, 1.4) * RATE)
        hops = length // HOP + 2
        bend = (
            1
            + rng.uniform(0.1, 0.4) * np.sin(np.linspace(0, np.pi, hops))
            + 0.03 * np.sin(np.arange(hops) * HOP / RATE * 2 * np.pi * rng.uniform(5, 8))
        )
        put(x, fade(level(sung(vowel, base * bend, length))), at)
        at += length + int(rng.uniform(0.05, 0.4) * RATE)
    return x


def coughs(rng, voices):
    x, at, vowel = np.zeros(COUNT, np.float32), int(rng.uniform(0, 0.4) * RATE), voices[rng.integers(len(voices))]
    while at < COUNT:
        count = int(rng.uniform(0.06, 0.15) * RATE)
        noise = rng.standard_normal(count) * np.exp(-np.arange(count) / (0.03 * RATE))
        b, a = signal.butter(2, np.sort(rng.uniform(400, 4000, 2)) + [0, 600], 'band', fs=RATE)
        put(x, signal.lfilter(b, a, noise).astype(np.float32) * 8, at)
        length = int(rng.uniform(0.08, 0.25) * RATE)
        tail = sung(vowel, (median_pitch(vowel[1]) or 150) * np.linspace(1.3, 0.8, length // HOP + 2), length)
        put(x, fade(level(tail)) * rng.uniform(0.4, 1), at + count // 2)
        at += int(rng.choice([rng.uniform(0.3, 0.5), rng.uniform(0.7, 1.5)]) * RATE)
    return x


def beasts(rng, voices):
    """Howls and moos: vowels held on a glide, then played slower, which lengthens the tract."""
    x, at, vowel = np.zeros(COUNT, np.float32), 0, voices[rng.integers(len(voices))]
    speed = rng.uniform(0.4, 0.7)
    base = rng.uniform(90, 400) / speed
    while at < COUNT:
        length = int(rng.uniform(0.5, 1.6) * RATE * speed)
        hops = length // HOP + 2
        bend = np.interp(np.linspace(0, 1, hops), [0, 0.3, 0.7, 1], rng.uniform(0.75, 1.25, 4))
        put(x, fade(level(played(sung(vowel, base * bend, length), speed))), at)
        at += int(length / speed) + int(rng.uniform(0.1, 0.9) * RATE)
    return x


def crowds(rng, voices):
    """Twenty vowels of different talkers held at once, each gliding, some played faster."""
    x = np.zeros(COUNT, np.float32)
    for _ in range(20):
        speed = rng.uniform(0.85, 1.3)
        length = int(COUNT * speed)
        bend = np.exp(np.interp(np.linspace(0, 1, length // HOP + 2), [0, 0.5, 1], rng.uniform(-0.3, 0.3, 3)))
        part = level(played(sung(voices[rng.integers(len(voices))], rng.uniform(130, 420) * bend, length), speed))[
            :COUNT
        ]
        x[: len(part)] += part
    return x + level(signal.lfilter([1], [1, -0.8], rng.standard_normal(COUNT)).astype(np.float32)) * rng.uniform(1, 5)


def sirens(rng, _):
    """A square wave swept by a triangle or a sine, through a horn's resonance."""
    middle, span = rng.uniform(500, 1100), rng.uniform(0.2, 0.6)
    turn = rng.choice([rng.uniform(0.2, 0.5), rng.uniform(2, 4)]) * TIME + rng.uniform(0, 1)
    swing = np.sin(2 * np.pi * turn) if rng.random() < 0.5 else 2 * np.abs(2 * (turn % 1) - 1) - 1
    x = signal.square(2 * np.pi * np.cumsum(middle * (1 + span * swing)) / RATE)
    b, a = signal.butter(1, [700, 2800], 'band', fs=RATE)
    street = signal.lfilter([1], [1, -0.95], rng.standard_normal(COUNT))
    return (level(signal.lfilter(b, a, x)) + level(street) * rng.uniform(0.02, 0.5)).astype(np.float32)


def horns(rng, _):
    """Two sawtooths a third apart through three resonances."""
    base = rng.uniform(180, 450)
    x = signal.sawtooth(2 * np.pi * base * TIME) + signal.sawtooth(
        2 * np.pi * base * rng.choice([1.2, 1.25, 1.26]) * TIME + 1
    )
    for hertz in rng.uniform(500, 3500, 3):
        b, a = signal.iirpeak(hertz, 3, fs=RATE)
        x = x + 2 * signal.lfilter(b, a, x)
    keyed = np.convolve((TIME % rng.uniform(0.6, 2) < rng.uniform(0.25, 0.5)).astype(float), np.ones(200) / 200, 'same')
    return (level(x) * keyed + rng.standard_normal(COUNT) * rng.uniform(0.005, 0.1)).astype(np.float32)


def phones(rng, _):
    """Frequency-modulated bells: a warble of two strokes, or beeps in groups with a tail."""
    pitch, ratio = rng.uniform(500, 1800), rng.choice([1.4, 2.0, 2.76, 3.5])
    group, rate = rng.integers(2, 6), rng.choice([rng.uniform(3, 8), rng.uniform(14, 22)])
    stroke = (TIME * rate) % 1 / rate
    on = (np.floor(TIME * rate) % (2 * group)) < group
    decay = np.exp(-stroke * rng.uniform(4, 30))
    alternate = np.where(np.floor(TIME * rate) % 2 == 0, 1.0, rng.choice([1.0, 1.12, 1.25]))
    x = (
        np.sin(
            2 * np.pi * np.cumsum(pitch * alternate) / RATE
            + 3 * decay * np.sin(2 * np.pi * np.cumsum(pitch * ratio * alternate) / RATE)
        )
        * decay
        * on
    )
    tail = np.exp(-np.arange(4000) / 900) * rng.standard_normal(4000) * 0.05
    return (signal.fftconvolve(x, np.concatenate([[1], tail]))[:COUNT] + rng.standard_normal(COUNT) * 0.01).astype(
        np.float32
    )


def taps(rng, _):
    """Noise bursts through resonating filters of a board or a box, four to seven a second."""
    rate, x = rng.uniform(3.5, 7.5), np.zeros(COUNT)
    group, done, at = rng.integers(3, 8), 0, rng.uniform(0, 0.5)
    while at < COUNT / RATE - 0.02:
        hit = rng.standard_normal(120) * np.exp(-np.arange(120) / rng.uniform(10, 40))
        put(x, hit, int(at * RATE))
        done += 1
        at += 1 / rate + (rng.uniform(0.3, 1) if done % group == 0 else 0)
    out = np.zeros(COUNT)
    for hertz in rng.uniform(90, 1900, 4):
        b, a = signal.iirpeak(hertz, rng.uniform(4, 25), fs=RATE)
        out += signal.lfilter(b, a, x) * rng.uniform(0.3, 1)
    return (level(out) + rng.standard_normal(COUNT) * rng.uniform(0.002, 0.05)).astype(np.float32)


KINDS = (laughter, crying, coughs, beasts, crowds, sirens, horns, phones, taps)


class KindTest:
    """EACH sounds of every kind in every condition, as features."""

    def __init__(self, clips):
        voices = vowels(clips)
        made = []
        for make in KINDS:
            for number in range(EACH):
                rng = np.random.default_rng([zlib.crc32(make.__name__.encode()), number])
                made.append(finish(rng, np.asarray(make(rng, voices), np.float32), rng.uniform(-32, -14)))
        self.names = np.repeat([make.__name__ for make in KINDS], EACH)
        self.rows = np.arange(len(made))
        self.conditions = {}
        for condition in CONDITIONS:
            x = torch.from_numpy(
                np.stack([degrade(part, condition, np.random.default_rng(i)) for i, part in enumerate(made)]).astype(
                    np.float32
                )
            )
            with torch.no_grad():
                logmel = torch.cat([log_mel(part) for part in x.split(64)])
            self.conditions[condition] = {
                'features': logmel.numpy(),
                'level': step_level(x).numpy(),
                'count': np.full(len(made), STEPS),
            }

    def shares(self, predict, condition='clean', warmup=None):
        """kind -> share called each class; `predict`: features, rows -> step probabilities."""
        here = self.conditions[condition]
        mask = heard(here, self.rows, STEPS, 0.0 if condition == 'quiet30' else 0.005)
        said = speech_of(predict(here['features'], self.rows), mask, warmup).argmax(1)
        return {
            name: {label: round(float((said[self.names == name] == k).mean()), 3) for k, label in enumerate(CLASSES)}
            for name in dict.fromkeys(self.names)
        }


if __name__ == '__main__':
    from evaluate import predict as run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--speech', required=True, action='append', help='checkpoint; repeatable')
    options = parser.parse_args()
    torch.set_num_threads(1)
    test = KindTest(load_clips(options.data, options.cache))
    for path in options.speech:
        network = load_network(path)[0]
        print(path)
        for condition in CONDITIONS:
            table = test.shares(lambda features, rows: run(network, features, rows), condition)
            print(
                f'  {condition:8} {np.mean([row["other"] for row in table.values()]):.3f}',
                ' '.join(f'{name} {row["other"]:.2f}' for name, row in table.items()),
            )
