"""Calibration on held-out corpora: class bias, temperature, the weight of the first steps, the unknown cut-off.

Every fold's networks judge the corpora they never met; their answers together stand for audio nobody
here has heard. What is chosen on them is then given to the networks trained on everything.
"""
from itertools import product

import numpy as np

from corpus import CLASSES, GENDERS
from evalset import CONDITIONS, STEPS
from evaluate import LENGTHS, balanced, calibration_error, corpus_average, even_weights, gender_of, heard, speech_of, tempered

TEMPERATURES = np.round(np.exp(np.linspace(np.log(0.4), np.log(2.5), 22)), 3)
# How the weight of the first steps, which know little of what went before them, grows to 1: with the square of the step.
WARMUPS = {'none': [], **{f'{n} steps': list(np.round((np.arange(1, n) / n) ** 2, 3)) for n in (4, 8, 16, 24)}}
UNKNOWN = 0.05


# Added to the logits of music, speech and female; what is best depends on the kinds of sound that the folds hold out.
BIASES = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)


def weights_of(warmup):
    weights = np.ones(STEPS)
    weights[:len(warmup)] = warmup
    return weights


class HeldOut:
    """The answers of several judges (one a fold) put together."""

    def __init__(self, judges):
        self.judges = judges

    def speech(self, condition, temperature=1.0, steps=STEPS, warmup=()):
        """Chunk probabilities, labels."""
        parts = []
        for judge in self.judges:
            p = judge.steps[condition][0]
            mask = heard(judge.set.conditions[condition], judge.rows, steps, judge.threshold(condition))
            parts.append((speech_of(tempered(p, temperature), mask, weights_of(warmup)), judge.label))
        return [np.concatenate(column) for column in zip(*parts)]

    def gender_judges(self):
        """Those with a Gender network and talkers whose gender is known."""
        return [judge for judge in self.judges if judge.gendered().any() and all(g is not None for _, g in judge.steps.values())]

    def gender(self, condition, temperature=1.0, steps=STEPS, warmup=()):
        parts = []
        for judge in self.gender_judges():
            p, g = judge.steps[condition]
            keep = judge.gendered()
            mask = heard(judge.set.conditions[condition], judge.rows, steps, judge.threshold(condition))
            parts.append((gender_of(tempered(g, temperature), mask, p[..., 2], weights_of(warmup))[keep], judge.gender_label[keep]))
        return [np.concatenate(column) for column in zip(*parts)]

    def talkers(self):
        """The talker of each answer that `gender` gives."""
        return np.array([judge.set.clips[row].speaker for judge in self.gender_judges() for row in judge.rows[judge.gendered()]])


def best_temperature(answers, warmup):
    """
    The temperature of least calibration error under a ramp, classes weighing the same, averaged over the conditions and over
    `answers`, functions such as HeldOut.speech.
    """
    def cost(temperature):
        return np.mean([calibration_error(p, label, weights=even_weights(label))
                        for of in answers for p, label in (of(c, temperature, STEPS, warmup) for c in CONDITIONS)])
    return float(min(TEMPERATURES, key=cost))


def warmup_scores(answers, classes):
    """Balanced accuracy over lengths and conditions, by ramp of the first steps."""
    return {name: round(float(np.mean([balanced(*answers(c, 1.0, steps, ramp), classes)
                                       for c in CONDITIONS for steps in (LENGTHS['0.5'], LENGTHS['1'], LENGTHS['3'])])), 3)
            for name, ramp in WARMUPS.items()}


def biased(steps, biases):
    """Step probabilities with the logits moved by `biases`, one a class."""
    shifted = steps * np.exp(np.array(biases))
    return shifted / shifted.sum(-1, keepdims=True)


def choose_biases(judges, place, candidates, names, given=None):
    """
    `given`, or the smallest biases within 0.003 of the best recall, averaged over held-out corpora, classes, conditions and folds; applied
    to the answers of Speech (`place` 0) or Gender (1).
    """
    plain = [dict(judge.steps) for judge in judges]
    scores = {}

    def apply(biases):
        for judge, steps in zip(judges, plain):
            for condition, answers in steps.items():
                moved = list(answers)
                moved[place] = None if answers[place] is None else biased(answers[place], biases)
                judge.steps[condition] = tuple(moved)

    for biases in candidates:
        apply(biases)
        averages = [corpus_average(judge, name) for judge in judges for name in CONDITIONS]
        scores[biases] = float(np.mean([np.mean([a[k] for a in averages if k in a]) for k in names]))
    chosen = given or min((b for b in scores if scores[b] >= max(scores.values()) - 0.003), key=lambda b: sum(part ** 2 for part in b))
    apply(chosen)
    return chosen, {' '.join(map(str, biases)): score for biases, score in scores.items()}


def calibrate(judges, given=None):
    """
    The ramp and the biases, with the figures behind them. The judges' answers carry the biases from here on. `given`: biases by
    task that are not for the folds to choose; their scores are figured all the same.
    """
    held = HeldOut(judges)
    scores = {'speech': warmup_scores(held.speech, 3), 'gender': warmup_scores(held.gender, 2)}
    # The product weighs a step once, for all models.
    warmup = max(WARMUPS, key=lambda ramp: (sum(of_model[ramp] for of_model in scores.values()), -len(WARMUPS[ramp])))
    for judge in judges:
        judge.warmup = weights_of(WARMUPS[warmup])
    given = given or {}
    chosen = {'speech': choose_biases(judges, 0, [(m, 0.0, s) for m, s in product(BIASES, BIASES)], CLASSES, given.get('speech')),
              'gender': choose_biases(judges, 1, [(0.0, female) for female in BIASES], GENDERS, given.get('gender'))}
    return {'warmup': WARMUPS[warmup],
            **{task: {'biases': biases, 'bias_scores': averages, 'warmup_scores': scores[task]} for task, (biases, averages) in chosen.items()}}


def held_out_figures(answers, classes, temperature, warmup):
    """By condition: balanced accuracy after 3 s and after 1 s, calibration error with the temperature and without."""
    figures = {}
    for condition in CONDITIONS:
        p, label = answers(condition, temperature, STEPS, warmup)
        weights = even_weights(label)
        figures[condition] = {
            'balanced': balanced(p, label, classes), 'ece': calibration_error(p, label, weights=weights),
            'ece_before': calibration_error(answers(condition, 1.0, STEPS, warmup)[0], label, weights=weights),
            'at 1 s': balanced(*answers(condition, temperature, LENGTHS['1'], warmup), classes)}
    return figures
