"""Calibrate on the folds, judge the final pair, export it. Writes figures.json beside the models."""
import argparse
import json
from pathlib import Path

import torch

from calibrate import UNKNOWN, HeldOut, best_temperature, calibrate, held_out_figures, weights_of
from corpus import CLASSES, GENDERS, RATE, load_clips
from degenerate import degenerate
from evalset import CONDITIONS, STEPS, EvalSet
from evaluate import Judge, even_weights, load_network, predict, report, risk, show
from export import export
from folds import FOLDS
from kindtest import KindTest
from models import multiply_adds, parameters, receptive_field

GRU_WARM_UP = 13   # steps; with the convolutions' 35 that makes 48, three seconds


def fold_judges(evalset, runs):
    """One judge a fold whose speech network is there."""
    judges = []
    for fold, corpora in FOLDS.items():
        paths = [runs / f'{task}-{fold}.pt' for task in ('speech', 'gender')]
        if paths[0].exists():      # a run may have only some of the folds
            networks = [load_network(path)[0] if path.exists() else None for path in paths]
            judges.append(Judge(evalset, evalset.rows(corpora), *networks))
    return judges


def summary(figures, task):
    """The few numbers that travel with the model file."""
    return {name: round(row[task]['balanced'], 4) for name, row in figures['conditions'].items() if task in row}


def finish(options):
    torch.set_num_threads(1)
    runs, out = Path(options.runs), Path(options.out)
    evalset, probe = EvalSet(options.data, options.cache), EvalSet(options.data, options.cache, 'probe.tsv')
    judges = fold_judges(evalset, runs)
    given = {'gender': (0.0, options.female_bias)} if options.female_bias is not None else {}
    chosen = calibrate(judges, given) if judges else {'warmup': [], 'speech': {}, 'gender': {}}
    loaded = {task: load_network(options.__dict__[task] or runs / f'{task}-final.pt') for task in ('speech', 'gender')}
    networks = [loaded[task][0] for task in ('speech', 'gender')]
    with torch.no_grad():
        for network, task in zip(networks, ('speech', 'gender')):
            network.dense.bias += torch.tensor(chosen[task].get('biases', (0.0,) * network.shape.classes))
    held, own = HeldOut(judges), HeldOut([Judge(evalset, evalset.rows([]), *networks)])
    for task, labels in (('speech', CLASSES), ('gender', GENDERS)):
        # The folds judge what they never met, but train for less; dev is what the final pair mostly knows. Each counts half.
        both = [getattr(answers, task) for answers in ((held, own) if judges else (own,))]
        chosen[task]['temperature'] = best_temperature(both, chosen['warmup'])
        if judges:
            chosen[task]['held_out'] = held_out_figures(both[0], len(labels), chosen[task]['temperature'], chosen['warmup'])
    if judges:
        answers = {name: held.gender(name, chosen['gender']['temperature'], STEPS, chosen['warmup']) for name in CONDITIONS}
        weights = even_weights(held.talkers())
        chosen['gender']['risk'] = risk(*answers['clean'], UNKNOWN)
        chosen['gender']['risk_by_talker'] = {name: risk(*answer, UNKNOWN, weights) for name, answer in answers.items()}
    print(json.dumps(chosen, indent=1), flush=True)
    temperatures = [chosen[task]['temperature'] for task in ('speech', 'gender')]
    print('temperatures', temperatures, flush=True)
    warmup = weights_of(chosen['warmup'])
    for fold in judges:
        fold.apply_calibration(temperatures, warmup)
    judge = Judge(evalset, evalset.rows([]), *networks, temperatures=temperatures, warmup=warmup)
    figures = {'dev': report(judge),
               'probe': report(Judge(probe, probe.rows([]), *networks, temperatures=temperatures, warmup=warmup)),
               'held_out': {f'fold {i}': report(j) for i, j in enumerate(judges)}, 'calibration': chosen,
               'degenerate': degenerate(*networks, temperatures)}
    clips = load_clips(options.data, options.cache)
    hours = sum(clip.length for clip in clips) / RATE / 3600
    test = KindTest(clips)
    figures['made_kinds'] = {name: test.shares(lambda features, rows: predict(networks[0], features, rows, temperatures[0]), name, warmup) for name in CONDITIONS}
    for name in ('dev', 'probe'):
        print(name)
        show(figures[name])
    for name, row in figures['degenerate'].items():
        if row['is_speech'] or row['margin'] > 0.5:
            print(f'degenerate: {name}: {row}')
    cutoff = chosen['gender'].get('risk', figures['dev']['conditions']['clean']['gender']['risk'])['cutoff']
    for task, labels, limit in (('speech', CLASSES, 0.0), ('gender', GENDERS, cutoff)):
        network, saved = loaded[task]
        training = {'date': saved['date'], 'seed': saved['options']['seed'], 'steps': saved['step'],
                    'parameters': parameters(network), 'multiplyAddsPerSecond': round(multiply_adds(network.shape)),
                    'data': f'{hours:.1f} h of openly licensed clips; see MODEL_CARD.md',
                    'dev': summary(figures['dev'], task), 'probe': summary(figures['probe'], task) if task == 'gender' else {},
                    'heldOut': {name: round(row['balanced'], 4) for name, row in chosen[task].get('held_out', {}).items()}}
        export(network, task, labels, out, chosen[task]['temperature'], limit,
               receptive_field(network.shape) + GRU_WARM_UP, chosen['warmup'], training)
    (out / 'figures.json').write_text(json.dumps(figures, indent=1))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--runs', required=True, help='folder with the checkpoints')
    parser.add_argument('--out', required=True)
    parser.add_argument('--speech', help='another checkpoint than RUNS/speech-final.pt')
    parser.add_argument('--gender', help='another checkpoint than RUNS/gender-final.pt')
    parser.add_argument('--female-bias', type=float, help="on Gender's logit of female, where the folds are not to choose it")
    finish(parser.parse_args())
