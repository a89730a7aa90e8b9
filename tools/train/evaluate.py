"""Figures: the product's decision rule on the evaluation set, by condition, length, corpus and language."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from corpus import CLASSES, GENDERS
from evalset import CONDITIONS, STEPS, EvalSet
from models import Network, Shape

LENGTHS = {'0.25': 4, '0.5': 8, '1': 16, '2': 31, '3': STEPS}
VOLUME_THRESHOLD = 0.005


def predict(network, features, rows, temperature=1.0):
    """Step probabilities [len(rows), STEPS, classes]."""
    network.eval()
    with torch.no_grad():
        return np.concatenate([
            torch.softmax(network(torch.from_numpy(features[part]).float()) / temperature, -1).numpy()
            for part in np.array_split(rows, max(1, len(rows) // 64))]) if len(rows) else np.zeros((0, STEPS, network.shape.classes))


def tempered(steps, temperature):
    powered = steps ** (1 / temperature)
    return powered / powered.sum(-1, keepdims=True)


def heard(condition, rows, steps=STEPS, threshold=VOLUME_THRESHOLD):
    """1 for the steps that count: inside the clip and the length, and not silent. [rows, STEPS]."""
    inside = np.arange(STEPS) < np.minimum(condition['count'][rows], steps)[:, None]
    mask = inside & (condition['level'][rows] >= threshold)
    mask[~mask.any(1)] = inside[~mask.any(1)]     # all silent: the engine says `silence`; count all here
    return mask.astype(np.float64)


def speech_of(steps, mask, warmup=None):
    """Chunk probabilities: the mean over the steps that are not silent. [n, 3]."""
    if warmup is not None:
        mask = mask * warmup
    return (steps * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)


def gender_of(steps, mask, speech, warmup=None):
    """Chunk probabilities: the mean weighted by p(speech). [n, 2]."""
    weight = mask * (speech + 1e-6)
    if warmup is not None:
        weight = weight * warmup
    return (steps * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)


def recalls(probabilities, label, classes):
    """Recall of each class that occurs, by index."""
    said = probabilities.argmax(1)
    return {k: float((said[label == k] == k).mean()) for k in range(classes) if (label == k).any()}


def balanced(probabilities, label, classes):
    values = recalls(probabilities, label, classes)
    return float(np.mean(list(values.values()))) if values else float('nan')


def calibration_error(probabilities, label, bins=15, weights=None):
    """Expected calibration error of the winner's probability; equal-width bins."""
    top = probabilities.max(1)
    right = probabilities.argmax(1) == label
    weights = np.ones(len(label)) if weights is None else weights
    place = np.minimum((top * bins).astype(int), bins - 1)
    total = sum(abs(np.sum(weights[place == b] * (right[place == b] - top[place == b]))) for b in range(bins))
    return float(total / weights.sum())


def even_weights(groups):
    """A weight for each answer under which every group (class, talker, ...) counts the same, however many answers are of it."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / counts[place]


def risk(probabilities, label, unknown=0.05, weights=None):
    """Gender error with and without leaving the least sure share out, and the margin that does it; clips weigh alike unless told."""
    weights = np.ones(len(label)) if weights is None else weights
    margin = np.abs(probabilities[:, 0] - probabilities[:, 1])
    wrong = probabilities.argmax(1) != label
    order = np.argsort(margin)
    place = np.cumsum(weights[order]) - weights[order]
    cutoff = float(np.interp(unknown * place[-1], place, margin[order]))      # the quantile, of weighted clips
    kept = margin >= cutoff
    return {'error': float(np.average(wrong, weights=weights)), 'kept_error': float(np.average(wrong[kept], weights=weights[kept])),
            'cutoff': cutoff}


class Judge:
    """Runs the two networks once over the rows and answers questions about them. `warmup`: weights of the first steps."""

    def __init__(self, evalset, rows, speech=None, gender=None, temperatures=(1.0, 1.0), conditions=CONDITIONS, warmup=None):
        self.warmup = warmup
        self.set, self.rows = evalset, rows
        self.label, self.gender_label = evalset.label[rows], evalset.gender[rows]
        self.corpus = evalset.corpus[rows]
        self.steps = {}
        for name in conditions:
            features = evalset.conditions[name]['features']
            self.steps[name] = (predict(speech, features, rows, temperatures[0]) if speech else None,
                                predict(gender, features, rows, temperatures[1]) if gender else None)

    def threshold(self, condition):
        return 0.0 if condition == 'quiet30' else VOLUME_THRESHOLD

    def chunk(self, condition, steps=STEPS):
        """Chunk probabilities of both models (None where a model is missing)."""
        mask = heard(self.set.conditions[condition], self.rows, steps, self.threshold(condition))
        speech, gender = self.steps[condition]
        first = speech_of(speech, mask, self.warmup) if speech is not None else None
        weight = speech[..., 2] if speech is not None else 1.0
        second = gender_of(gender, mask, weight, self.warmup) if gender is not None else None
        return first, second

    def apply_calibration(self, temperatures, warmup):
        """Temper the answers that are already there."""
        self.warmup = warmup
        for name, answers in self.steps.items():
            self.steps[name] = tuple(p if p is None else tempered(p, t) for p, t in zip(answers, temperatures))

    def gendered(self):
        return self.gender_label >= 0

    def summary(self, condition='clean', steps=STEPS):
        speech, gender = self.chunk(condition, steps)
        out = {}
        if speech is not None:
            values = recalls(speech, self.label, 3)
            out['speech'] = {'balanced': float(np.mean(list(values.values()))),
                             'recall': {CLASSES[k]: v for k, v in values.items()},
                             'ece': calibration_error(speech, self.label, weights=even_weights(self.label))}
        g = self.gendered()
        if gender is not None and g.any():
            values = recalls(gender[g], self.gender_label[g], 2)
            out['gender'] = {'balanced': float(np.mean(list(values.values()))),
                             'recall': {GENDERS[k]: v for k, v in values.items()},
                             'ece': calibration_error(gender[g], self.gender_label[g]), 'risk': risk(gender[g], self.gender_label[g])}
        return out

    def by(self, names, condition='clean'):
        """name -> figures, for a column such as the corpus or the language."""
        speech, gender = self.chunk(condition)
        table = {}
        for name in sorted(set(names)):
            here, row = names == name, {}
            if speech is not None and here.any():
                row['recall'] = {CLASSES[k]: [v, int((here & (self.label == k)).sum())] for k, v in recalls(speech[here], self.label[here], 3).items()}
            g = here & self.gendered()
            if gender is not None and g.any():
                row['gender'] = {GENDERS[k]: [v, int((g & (self.gender_label == k)).sum())] for k, v in recalls(gender[g], self.gender_label[g], 2).items()}
            table[name] = row
        return table


def corpus_average(judge, condition='clean', least=5):
    """Class recalls and gender recalls, each averaged over corpora of at least `least` clips."""
    out = {}
    for row in judge.by(judge.corpus, condition).values():
        for kind in ('recall', 'gender'):
            for name, (value, count) in row.get(kind, {}).items():
                if count >= least:
                    out.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in out.items()}


def load_network(path):
    saved = torch.load(path, map_location='cpu')
    network = Network(Shape(**saved['shape']))
    network.load_state_dict(saved['ema'])
    return network.eval(), saved


def report(judge):
    """Everything that goes into the model card, as one nested dict."""
    out = {'conditions': {name: judge.summary(name) for name in CONDITIONS},
           'lengths': {name: judge.summary('clean', steps) for name, steps in LENGTHS.items()},
           'corpora': judge.by(judge.corpus)}
    out['languages'] = judge.by(np.array([judge.set.clips[r].language or '-' for r in judge.rows]))
    out['kinds'] = {name: judge.by(judge.set.kind[judge.rows], name) for name in CONDITIONS}
    out['bands'] = {name: judge.by(judge.set.band[judge.rows], name) for name in CONDITIONS}
    out['average'] = {name: corpus_average(judge, name) for name in CONDITIONS}
    return out


def recall_text(row):
    """`music 0.93 (14)` and so on for a row of Judge.by."""
    return ' '.join(f'{name} {value:.2f} ({count})' for part in row.values() for name, (value, count) in part.items())


def show(result):
    """Print a report's main rows."""
    for name, row in {**result['conditions'], **{f'{k} s': v for k, v in result['lengths'].items()}}.items():
        s, g = row.get('speech'), row.get('gender')
        text = f'{name:8}'
        if s:
            text += f" 3-class {s['balanced']:.3f} ({' '.join(f'{k} {v:.2f}' for k, v in s['recall'].items())}) ece {s['ece']:.3f}"
        if g:
            text += f" | gender {g['balanced']:.3f} ({' '.join(f'{k} {v:.2f}' for k, v in g['recall'].items())}) ece {g['ece']:.3f}"
            text += f" 5% unknown {g['risk']['error']:.3f} -> {g['risk']['kept_error']:.3f}"
        print(text, flush=True)
    print('corpus averages', {k: {n: round(x, 3) for n, x in v.items()} for k, v in result['average'].items()}, flush=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--speech', help='checkpoint')
    parser.add_argument('--gender', help='checkpoint')
    parser.add_argument('--hold-out', action='append', default=[])
    parser.add_argument('--probe', action='store_true')
    parser.add_argument('--corpora', action='store_true')
    parser.add_argument('--json')
    options = parser.parse_args()
    torch.set_num_threads(1)
    evalset = EvalSet(options.data, options.cache, 'probe.tsv' if options.probe else 'index.tsv')
    networks = [load_network(path)[0] if path else None for path in (options.speech, options.gender)]
    result = report(Judge(evalset, evalset.rows(options.hold_out), *networks))
    show(result)
    for part in ('bands', 'kinds'):
        for name in filter(None, result[part]['clean']):
            print(f'  {name:24}', ' | '.join(recall_text(result[part][condition][name]) for condition in CONDITIONS))
    if options.corpora:
        for corpus, row in result['corpora'].items():
            print(f'  {corpus[:40]:40}', recall_text(row))
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1))
