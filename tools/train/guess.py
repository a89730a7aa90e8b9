"""Guess the gender of talkers whose corpus does not say: more microphones, rooms and languages for Gender.

A network trained on the labelled talkers judges the others. Only sure answers that the pitch does not
contradict are kept, as CACHE/guessed.tsv: index of the clip, gender.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

from corpus import GENDERS, RATE, load_clips
from evalset import crop
from evaluate import load_network
from features import STEP, log_mel
from psola import median_pitch, pitch_track

SURE = 0.85
PITCH = {'male': (70, 185), 'female': (150, 290)}      # Hz, median: beyond lie shouts, children, and errors


def unlabelled(clips):
    return [i for i, c in enumerate(clips) if c.label == 'speech' and c.split == 'train' and not c.gender and not c.child and not c.expressive]


def keep_sure(clips, answers):
    """{index: p(male)} -> {index: gender}."""
    kept = {}
    for index, p in answers.items():
        gender = GENDERS[0] if p > 0.5 else GENDERS[1]
        if max(p, 1 - p) < SURE:
            continue
        pitch = median_pitch(pitch_track(clips[index].samples()))
        low, high = PITCH[gender]
        if pitch and low < pitch < high:
            kept[index] = gender
    return kept


def judge(network, clips, indices):
    """p(male) of each clip, from up to three seconds: the mean over the steps after the first."""
    answers = {}
    rng = np.random.default_rng(5)
    with torch.no_grad():
        for index in indices:
            x = crop(rng, clips[index])
            x = torch.from_numpy(x[:max(1, len(x) // STEP) * STEP])[None]
            if x.shape[1] < STEP:
                continue
            answers[index] = float(torch.softmax(network(log_mel(x))[0], -1)[2 if x.shape[1] > 4 * STEP else 0:, 0].mean())
    return answers


def read_guesses(cache):
    """index -> gender, empty where nothing has been guessed yet."""
    path = Path(cache) / 'guessed.tsv'
    if not path.exists():
        return {}
    return {int(index): gender for index, gender in (line.split('\t') for line in path.read_text().split('\n') if line)}


def write_guesses(cache, kept):
    (Path(cache) / 'guessed.tsv').write_text('\n'.join(f'{index}\t{gender}' for index, gender in sorted(kept.items())))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--network', required=True, help='a Gender checkpoint')
    options = parser.parse_args()
    clips = load_clips(options.data, options.cache)
    indices = unlabelled(clips)
    kept = keep_sure(clips, judge(load_network(options.network)[0], clips, indices))
    write_guesses(options.cache, kept)
    print(f'{len(kept)} of {len(indices)} talkers guessed, {sum(g == "male" for g in kept.values())} men', flush=True)
