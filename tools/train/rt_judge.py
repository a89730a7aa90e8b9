"""SpeechRT step by step: against the synthetic truth, pauses that both teachers hear, and clips of the dev split."""
from pathlib import Path

import numpy as np
import torch
from scipy.stats import rankdata

from corpus import CLASSES, RATE, load_clips
from degenerate import signals
from evalset import degrade
from features import FRAMES_PER_STEP, STEP, log_mel
from teachers import Teachers
from truth import CONDITIONS as TRUTH

SPEECH = CLASSES.index('speech')
STEPS = 93  # six seconds of a clip at most
PAUSE = (0.2, 0.6)  # seconds
CONDITIONS = ('clean', 'noise5', 'noise10', 'tel8k')


def area(score, truth):
    """Area under the curve: how often a step of speech scores higher than one of a pause."""
    ranks, count = rankdata(score), truth.sum()
    return float((ranks[truth].sum() - count * (count + 1) / 2) / (count * (len(truth) - count)))


def answers(network, features):
    """p of each class and step, [n, steps, 3]."""
    network.eval()
    with torch.no_grad():
        return torch.cat(
            [
                torch.softmax(network(torch.from_numpy(part).float()), -1)
                for part in np.array_split(features, max(1, len(features) // 16))
            ]
        ).numpy()


def borders(p, spans, threshold=0.5, reach=8):
    """ms from each onset and each end until the step is over that first says so; None where none does."""
    onsets, ends = [], []
    for begin, end in spans:
        first, last = begin // STEP, (end - 1) // STEP
        found = np.flatnonzero(p[max(0, first - 1) : last + 1] >= threshold)
        onsets.append(1e3 * ((found[0] + max(0, first - 1) + 1) * STEP - begin) / RATE if len(found) else None)
        over = np.flatnonzero(p[last : last + reach] < threshold)
        ends.append(1e3 * ((over[0] + last + 1) * STEP - end) / RATE if len(over) else None)
    return onsets, ends


class Truth:
    def __init__(self, cache, conditions=TRUTH):
        self.sets = {
            name: dict(np.load(Path(cache) / 'truth' / name / 'features.npz', allow_pickle=True)) for name in conditions
        }

    def judge(self, network):
        """condition -> area, median onset and end in ms, share of onsets found."""
        out = {}
        for name, of in self.sets.items():
            p = answers(network, of['features'])[..., SPEECH]
            out[name] = {'area': area(p.ravel(), of['share'].ravel() > 0.5)}
            pairs = [borders(row, spans) for row, spans in zip(p, of['spans'])]
            for which, errors in zip(('onset', 'end'), zip(*pairs)):
                errors = [e for row in errors for e in row]
                heard = [e for e in errors if e is not None]
                out[name][which] = {
                    'median': float(np.median(heard)),
                    'p90': float(np.percentile(heard, 90)),
                    'found': len(heard) / len(errors),
                }
        return out


def agreed(a, b):
    """1 where both teachers hear speech in the whole step, 0 where neither does in any of it, -1 else."""
    low, high = np.minimum(a, b).reshape(-1, FRAMES_PER_STEP), np.maximum(a, b).reshape(-1, FRAMES_PER_STEP)
    return np.where(low.min(1) > 0.7, 1, np.where(high.max(1) < 0.3, 0, -1))


def pauses(agreement):
    """Steps of pauses of PAUSE within speech, and of the half second on either side."""
    use = np.zeros(len(agreement), bool)
    low, high = (s * RATE / STEP for s in PAUSE)
    speech = np.flatnonzero(agreement == 1)
    for a, b in zip(speech, speech[1:]):
        inside = agreement[a + 1 : b]
        if low <= b - a - 1 <= high + 2 and (inside == 0).sum() >= 2:
            use[max(0, a - 7) : b + 8] = True
    return use


class Dev:
    """Dev clips of up to six seconds: pauses that the teachers agree on, and whole clips of each class."""

    def __init__(self, data, cache, per_class=360):
        path = Path(cache) / 'rt_dev.npz'
        if not path.exists():
            np.savez(path, **self.build(data, cache, per_class))
        self.__dict__.update(np.load(path))

    @staticmethod
    def build(data, cache, per_class):
        clips, teachers, rng = load_clips(data, cache), Teachers(cache), np.random.default_rng(4)
        rows, marks, uses = [], [], []
        for label in CLASSES:
            dev = [i for i, c in enumerate(clips) if c.split == 'dev' and c.label == label and c.length > 0.5 * RATE]
            dev = list(rng.permutation(dev))
            if label == 'speech':  # those with pauses first

                def count(i):
                    length = clips[i].length // STEP * STEP
                    return pauses(agreed(*teachers.heard(i, length)))[:STEPS].sum() if i in teachers else 0

                dev.sort(key=lambda i: -count(i))
            rows += dev[:per_class]
        x = np.zeros((len(rows), STEPS * STEP), np.float32)
        mark, use = np.full((len(rows), STEPS), -1, np.int8), np.zeros((len(rows), STEPS), bool)
        share, length = np.zeros((len(rows), STEPS), np.float32), np.zeros(len(rows), int)
        for n, i in enumerate(rows):
            part = clips[i].samples()[: STEPS * STEP]
            x[n, : len(part)] = part
            length[n] = len(part) // STEP
            if clips[i].label == 'speech' and i in teachers:
                whole = clips[i].length // STEP * STEP
                m = agreed(*teachers.heard(i, whole))[:STEPS]
                mark[n, : len(m)], use[n, : len(m)] = m, pauses(m)
                share[n, : len(m)] = (
                    teachers.labels(i, clips[i].samples()[:whole])[0].reshape(-1, FRAMES_PER_STEP).mean(1)[:STEPS]
                )
        out = {
            'mark': mark,
            'use': use,
            'share': share,
            'length': length,
            'label': np.array([CLASSES.index(clips[i].label) for i in rows]),
            'corpus': np.array([clips[i].corpus for i in rows]),
            'row': np.array(rows),
        }
        for condition in CONDITIONS:
            made = np.stack([with_noise(part, condition, np.random.default_rng([6, n])) for n, part in enumerate(x)])
            with torch.no_grad():
                out[condition] = torch.cat([log_mel(part).half() for part in torch.from_numpy(made).split(16)]).numpy()
        return out

    def judge(self, network, conditions=CONDITIONS):
        """condition -> areas over agreed pauses and their borders, right steps by class, others taken for speech."""
        out = {}
        for name in conditions:
            p = answers(network, self.__dict__[name])
            heard = np.arange(STEPS)[None] < self.length[:, None]
            sure = self.use & (self.mark >= 0)
            result = {
                'pauses': area(p[..., SPEECH][sure], self.mark[sure] == 1),
                'borders': area(p[..., SPEECH][self.use], self.share[self.use] > 0.5),
                'agreed': area(p[..., SPEECH][self.mark >= 0], self.mark[self.mark >= 0] == 1),
            }
            for label, of in enumerate(CLASSES):
                rows = self.label == label
                steps = heard[rows] & ((self.mark[rows] == 1) | (label != SPEECH))
                result[of] = float((p[rows].argmax(-1)[steps] == label).mean())
            result['false'] = float((p[..., SPEECH] >= 0.5)[heard & (self.label != SPEECH)[:, None]].mean())
            out[name] = result
        return out


def with_noise(x, condition, rng):
    if condition == 'noise5':
        return np.clip(
            np.round(
                x + rng.standard_normal(len(x)).astype(np.float32) * (np.sqrt((x**2).mean() + 1e-9) * 10**-0.25)
            ),
            -32768,
            32767,
        )
    if condition == 'tel8k':
        half = len(x) // 2
        return np.concatenate([degrade(part, condition, rng) for part in (x[:half], x[half:])])
    return degrade(x, condition, rng)


def unreal(network):
    """name -> the longest run of steps that are speech (p at its highest), for input that is no sound of the world."""
    made = signals()
    with torch.no_grad():
        p = torch.softmax(network(log_mel(torch.from_numpy(np.stack(list(made.values()))))), -1).numpy()
    out = {}
    for name, row in zip(made, p):
        on = np.concatenate([[0], row.argmax(-1) == SPEECH, [0]]).astype(int)
        edges = np.flatnonzero(np.diff(on))
        runs = edges[1::2] - edges[::2]
        out[name] = int(runs.max()) if len(runs) else 0
    return out
