"""Retrain all models from scratch: prepare, pool, folds, calibration, final training, export; then SpeechRT.

    python3 tools/train/run.py --data ../shared/data --cache DIR --out DIR

Two processes of one thread each run side by side; on two cores the whole took 129 minutes.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# One thread a process (two processes run), and a malloc that keeps its pages: set before torch loads.
ENVIRONMENT = {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MALLOC_MMAP_THRESHOLD_': '8589934592',
               'MALLOC_TRIM_THRESHOLD_': '17179869184', 'MALLOC_TOP_PAD_': '268435456'}
HERE = Path(__file__).resolve().parent


def launch(script, *arguments):
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, **ENVIRONMENT})


def wait(processes):
    for process in processes:
        if process.wait():
            raise SystemExit(f'{" ".join(process.args)} failed')


def base(options):
    return ['--data', options.data, '--cache', options.cache, '--seed', options.seed]


def start_stage(options, runs):
    """task -> the checkpoint that training goes on from; empty where it begins with nothing."""
    if not options.start:
        return {}
    starts = {task: runs / f'{task}-start.pt' for task in ('speech', 'gender')}
    for (task, path), temperature in zip(starts.items(), options.temperatures):
        if not path.exists():
            wait([launch('warm.py', Path(options.start) / f'{task}.onnx', '--data', options.data, '--cache', options.cache, '--out', path,
                         '--temperature', temperature)])
    return starts


def guess_stage(options, runs, starts):
    """A first Gender network guesses the gender of talkers whose corpus does not tell it."""
    if (Path(options.cache) / 'guessed.tsv').exists():
        return
    first, steps = runs / 'gender-first.pt', options.fold_steps // 3
    if starts:
        first = starts['gender']
    else:
        wait([launch('pool.py', *base(options), '--first', max(1, options.shards // 4))])
        wait([launch('train.py', 'gender', *base(options), '--pool', 'first', '--threads', 2, '--out', first, '--steps', steps,
                     '--every', steps)])
    wait([launch('guess.py', '--data', options.data, '--cache', options.cache, '--network', first)])


def train_all(options, runs, starts):
    """The final pair and the folds, two networks at a time, the longest first."""
    from folds import FOLDS, GENDER_FOLDS, NEW_FOLDS

    def train(name, fold, steps, every):
        out, done = runs / f'{name}-{fold}.pt', runs / f'{name}-{fold}.done'
        if done.exists():
            return
        held = [text for corpus in FOLDS.get(fold, ()) for text in ('--hold-out', corpus)]
        warm = ['--init', starts[name], '--rate', 1e-3] if starts else []
        trained = runs / f'{name}-{fold}-trained.pt' if starts else out
        wait([launch('train.py', name, *base(options), '--threads', 1, '--sweeps', 0.04, '--out', trained,
                     '--steps', steps, '--every', every, *warm, *held)])
        if starts:
            wait([launch('average.py', starts[name], trained, '--cache', options.cache, '--share', options.share,
                         '--pool', {'speech': 'pool', 'gender': 'voices'}[name], '--out', out)])
        done.touch()

    folds = NEW_FOLDS if starts else tuple(FOLDS)
    with ThreadPoolExecutor(2) as lanes:
        tasks = [lanes.submit(train, 'speech', 'final', options.steps, 1500), lanes.submit(train, 'gender', 'final', options.steps * 7 // 9, 1500)]
        tasks += [lanes.submit(train, 'speech', fold, options.fold_steps, 1000) for fold in folds]
        # Gender knows all it will know of voices it has not met after a third of that.
        tasks += [lanes.submit(train, 'gender', fold, options.fold_steps // 3, 1000) for fold in GENDER_FOLDS if fold in folds]
        for task in tasks:
            task.result()


def speech_rt(options, runs):
    """SpeechRT: what two detectors of others hear in the clips, its own pool, one network."""
    repository, cache = HERE.parents[1], Path(options.cache)
    places = ['--data', options.data, '--cache', options.cache]
    if not (cache / 'teachers' / 'done').exists():
        folders = {name: Path(getattr(options, name)).resolve() for name in ('data', 'cache', 'teachers')}
        arguments = ['--data', folders['data'], '--cache', folders['cache'], '--models', folders['teachers']]
        command = ['node', '--import', 'tsx', HERE / 'teachers.ts', *arguments]
        wait([subprocess.Popen([str(part) for part in command], cwd=repository)])
    checkpoint, done = runs / 'speech-rt.pt', runs / 'speech-rt.done'
    wait([launch('truth.py', *places)])
    wait([launch('rt_pool.py', *base(options), '--shards', options.rt_shards)])
    if not done.exists():
        wait([launch('rt_train.py', *base(options), '--out', checkpoint, '--done', done, '--steps', options.rt_steps)])
    wait([launch('rt_finish.py', *places, '--network', checkpoint, '--out', options.out)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True, help='folder with index.tsv and audio/')
    parser.add_argument('--cache', required=True, help='folder for decoded audio, the pool, checkpoints')
    parser.add_argument('--out', required=True, help='folder for the ONNX files')
    parser.add_argument('--shards', type=int, default=128, help='size of the pool, 1024 items of 3 s a shard')
    parser.add_argument('--voices', type=int, default=48, help='size of the pool of talkers alone')
    parser.add_argument('--steps', type=int, default=9000)
    parser.add_argument('--fold-steps', type=int, default=4000)
    parser.add_argument('--start', help='folder with speech.onnx and gender.onnx to go on from instead of beginning with nothing')
    parser.add_argument('--temperatures', type=float, nargs=2, default=(0.737, 0.567), help='of the calibration that those files carry')
    parser.add_argument('--teachers', help='folder of silero_vad_16k_op15.onnx, fireredvad_aed.onnx; without it no SpeechRT')
    parser.add_argument('--rt-shards', type=int, default=136, help="size of SpeechRT's pool, 512 items of 4 s a shard")
    parser.add_argument('--rt-steps', type=int, default=13600)
    parser.add_argument('--share', type=float, default=0.5, help='of what training makes of --start in the mean of the two')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    start = time.time()
    runs = Path(options.cache) / 'runs'
    runs.mkdir(parents=True, exist_ok=True)
    starts = start_stage(options, runs)
    guess_stage(options, runs, starts)
    wait([launch('pool.py', *base(options), '--voices', options.voices, '--shards', options.shards)])
    train_all(options, runs, starts)
    wait([launch('finish.py', '--data', options.data, '--cache', options.cache, '--runs', runs, '--out', options.out)])
    if options.teachers:
        speech_rt(options, runs)
    print(f'all done in {(time.time() - start) / 60:.0f} minutes', flush=True)


if __name__ == '__main__':
    main()
