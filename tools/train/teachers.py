"""What two detectors of others heard in the clips, as soft shares of speech on the grid of the features (16 ms).

teachers.ts has run them. Silero's frame k covers samples [512 k, 512 (k + 1)); FireRedVAD's frame i is
centred at 160 i + 200.
"""
import csv
from pathlib import Path

import numpy as np

from corpus import RATE
from features import HOP

SILERO, EVENTS, EVENTS_CENTRE = 512, 160, 200
SILERO_LAG, EVENTS_LAG = 256, 0  # samples by which either is late, as truth.py shows
RUN = 8  # hops: a silence of at least this is no stop within a word
RANGE = 25.0  # dB between speech and floor, below which levels tell nothing


class Teachers:
    """The tables of one folder, memory-mapped."""

    def __init__(self, cache):
        folder = Path(cache) / 'teachers'
        self.silero = np.memmap(folder / 'silero.u8', np.uint8, 'r')
        self.events = np.memmap(folder / 'events.u8', np.uint8, 'r').reshape(-1, 3)
        with open(folder / 'clips.tsv', newline='') as handle:
            self.rows = {
                int(r['row']): tuple(int(r[k]) for k in ('silero', 'silero_frames', 'events', 'events_frames'))
                for r in csv.DictReader(handle, delimiter='\t')
                if r['events_frames'] is not None and r['events_frames'] != ''
            }

    def __contains__(self, row):
        return row in self.rows

    def heard(self, row, length):
        """(silero, speech by events): probabilities at the centre of each hop of a clip of `length` samples."""
        at, count, first, frames = self.rows[row]
        centres = (np.arange(length // HOP) + 0.5) * HOP
        silero = self.silero[at : at + count].astype(np.float32) / 255
        events = self.events[first : first + frames, 0].astype(np.float32) / 255
        a = np.interp(centres + SILERO_LAG, (np.arange(count) + 0.5) * SILERO, silero)
        b = np.interp(centres + EVENTS_LAG, np.arange(frames) * EVENTS + EVENTS_CENTRE, events) if frames else a
        return a.astype(np.float32), b.astype(np.float32)

    def labels(self, row, samples):
        """(share, trust) of speech in each hop of a clip; where the two disagree, trust is small."""
        a, b = self.heard(row, len(samples))
        share, trust = (a + b) / 2, (1 - np.abs(a - b)) ** 2
        quiet = silences(samples)
        both_sure = np.minimum(a, b) > 0.9
        share = np.where(quiet & ~both_sure, np.minimum(share, 0.05), share)
        trust = np.where(quiet, np.where(both_sure, 0.1, np.maximum(trust, 0.7)), trust)
        return share, trust

    def spans(self, row, samples, bridge=0.15):
        """[(start, end)] of speech in samples: where the share is at least a half; gaps below `bridge` s are closed."""
        on = np.concatenate([[0], self.labels(row, samples)[0] >= 0.5, [0]]).astype(int)
        edges = np.flatnonzero(np.diff(on)) * HOP
        spans = []
        for begin, end in zip(edges[::2], edges[1::2]):
            if spans and begin - spans[-1][1] < bridge * RATE:
                spans[-1][1] = int(end)
            else:
                spans.append([int(begin), int(end)])
        return [(a, b) for a, b in spans if b - a >= 0.06 * RATE]


def silences(samples):
    """Hops in a run near the clip's floor: pauses, whatever a detector says. All False where the floor is high."""
    count = len(samples) // HOP
    power = (samples[: count * HOP].astype(np.float32) ** 2).reshape(count, HOP).mean(1)
    level = 10 * np.log10(power + 1)
    if count < 12:
        return np.zeros(count, bool)
    floor, loud = np.percentile(level, 8), np.percentile(level, 95)
    if loud - floor < RANGE:
        return np.zeros(count, bool)
    low = np.concatenate([[0], level < floor + 0.22 * (loud - floor), [0]]).astype(int)
    quiet = np.zeros(count, bool)
    edges = np.flatnonzero(np.diff(low))
    for begin, end in zip(edges[::2], edges[1::2]):
        if end - begin >= RUN:
            quiet[begin + (begin > 0) : end - (end < count)] = True
    return quiet
