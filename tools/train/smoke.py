"""
A run of the training code on a dozen clips made here: prepare, pool, a few steps of each network, export, back from ONNX.

Ten seconds of CPU. It says nothing about accuracy; it fails where a stage fails, or where the exported network, read
back, answers otherwise than the trained one. Without torch it says so and ends well.
"""
import argparse
import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

for name in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'):
    os.environ.setdefault(name, '1')

NEEDED = ('torch', 'numpy', 'scipy', 'onnx', 'mido')
VOICES = Path(__file__).resolve().parents[2] / 'test' / 'fixtures' / 'voices'
COLUMNS = (
    'shard',
    'start',
    'end',
    'class',
    'split',
    'gender',
    'age',
    'language',
    'speaker',
    'speech',
    'category',
    'corpus',
    'source',
    'licence',
    'attribution',
)
STEPS, ITEMS = 3, 24


def missing():
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    return lacking + [tool for tool in ('ffmpeg', 'fluidsynth') if not shutil.which(tool)]


def write_data(folder):
    """A data folder as run.py wants it: the fixtures' voices, synthetic music and noise, a shard a clip."""
    import numpy as np
    from corpus import RATE
    from synth import synthetic_music, synthetic_other

    (folder / 'audio').mkdir(parents=True)
    rows = []

    def add(number, source, seconds, label, gender, corpus, split, arguments):
        shard = f'{label}-{split}-{number:03d}.opus'
        subprocess.run(
            [
                'ffmpeg',
                '-v',
                'error',
                '-y',
                *arguments,
                '-ac',
                '1',
                '-ar',
                '48000',
                '-c:a',
                'libopus',
                '-b:a',
                '28k',
                '-t',
                str(seconds),
                str(folder / 'audio' / shard),
            ],
            input=source,
            check=True,
        )
        rows.append(
            {
                'shard': shard,
                'start': 0,
                'end': seconds,
                'class': label,
                'split': split,
                'gender': gender,
                'speaker': number,
                'speech': '',
                'category': 'tune;vocals' if label == 'music' else 'noise' if label == 'other' else 'read',
                'corpus': corpus,
                'source': shard,
                'licence': 'CC0-1.0',
            }
        )

    voices = sorted(VOICES.glob('*.flac'))
    chosen = [
        *[v for v in voices if v.name.startswith('male')][:3],
        *[v for v in voices if v.name.startswith('female')][:3],
    ]
    for number, voice in enumerate(chosen):
        # A third of the shards is numbered as the expressive ones are.
        add(
            number + (300 if number % 3 == 1 else 0),
            None,
            2.5,
            'speech',
            voice.name.split('-')[0],
            f'voices {number % 2}',
            'dev' if number % 3 == 2 else 'train',
            ['-i', str(voice)],
        )
    rng = np.random.default_rng(1)
    for number in range(6):
        label, make = ('music', synthetic_music) if number < 3 else ('other', synthetic_other)
        x = make(rng, 4 * RATE)
        raw = np.clip(x * 3000, -32768, 32767).astype(np.int16).tobytes()
        add(
            number,
            raw,
            4,
            label,
            '',
            f'sounds {number % 2}',
            'dev' if number % 3 == 2 else 'train',
            ['-f', 's16le', '-ar', str(RATE), '-ac', '1', '-i', '-'],
        )
    with open(folder / 'index.tsv', 'w', newline='') as out:
        writer = csv.DictWriter(out, COLUMNS, delimiter='\t', quoting=csv.QUOTE_NONE, restval='')
        writer.writeheader()
        writer.writerows(rows)


def train_and_export(task, data, cache, out):
    """A few steps, then ONNX and back: the largest difference between the answers."""
    import torch
    from export import export
    from evaluate import load_network
    from train import LABELS, arguments, train
    from warm import some_features, unfolded
    from corpus import load_clips

    checkpoint = cache / f'{task}.pt'
    train(
        arguments().parse_args(
            [
                task,
                '--data',
                str(data),
                '--cache',
                str(cache),
                '--out',
                str(checkpoint),
                '--steps',
                str(STEPS),
                '--batch',
                '16',
                '--every',
                str(STEPS),
                '--threads',
                '1',
                '--sweeps',
                '0.1',
                '--hold-out',
                'sounds 1',
            ]
        )
    )
    network = load_network(checkpoint)[0]
    export(network, task, LABELS[task], out, temperature=0.8, warmup=[0.5])
    features = some_features(load_clips(data, cache), 9)
    again = unfolded(str(out / f'{task}.onnx'), features, 0.8)[0]
    with torch.no_grad():
        return float((network(features) - again(features)).abs().max())


def smoke(folder):
    import pitch
    import pool

    data, cache, out = folder / 'data', folder / 'cache', folder / 'out'
    write_data(data)
    pool.SHARD, pitch.SHARE = ITEMS, 1.0
    pool.build_pool(data, cache, {'voices': 1, 'pool': 2}, workers=1, pieces=2)
    for task in ('speech', 'gender'):
        difference = train_and_export(task, data, cache, out)
        print(f'{task}: exported and read back, logits differ by {difference:.1e}', flush=True)
        if not difference < 1e-3:
            raise SystemExit(f'{task}: the exported network is another one')


if __name__ == '__main__':
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    lacking = missing()
    if lacking:
        print(f'left out: {", ".join(lacking)} not installed')
        sys.exit(0)
    with tempfile.TemporaryDirectory() as temporary:
        smoke(Path(temporary))
    print('all stages ran')
