"""Train one network from the pool. Seeded; logs to a file; keeps an average of the weights."""
import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from batches import Pool, augment, draw
from corpus import CLASSES, GENDERS, load_clips
from evalset import EvalSet
from evaluate import Judge, corpus_average
from models import Network, Shape, multiply_adds, parameters, receptive_field
from pool import IGNORE, OTHER, SPEECH
from sweeps import Sweeps

SMOOTHING = 0.05


def speech_loss(logits, batch, prefix):
    """Cross-entropy of each step, plus the decision rule itself: the mean over a prefix of heard steps."""
    steps, whole = batch['steps'], batch['whole']
    target = steps.clone()
    target[target == IGNORE] = -100
    loss = functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=-100, reduction='none', label_smoothing=SMOOTHING)
    weight = (target >= 0).float()
    weight = torch.where((whole == SPEECH)[:, None] & (steps == OTHER), 0.4 * weight, weight)
    step_loss = (loss * weight).sum() / weight.sum()
    mask = torch.where(torch.rand(len(logits), 1) < 0.5, batch['loud'], torch.ones_like(batch['loud']))[:, :prefix].float()
    mask[mask.sum(1) == 0] = 1
    mean = (torch.softmax(logits[:, :prefix], -1) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    talk = (batch['voiced'][:, :prefix] * mask).sum(1) / mask.sum(1)
    use = batch['pure'] & ((whole < SPEECH) | ((whole == SPEECH) & (talk > 0.3)))
    return step_loss + clip_loss(mean, whole, use)


def clip_loss(mean, target, use):
    if not use.any():
        return mean.sum() * 0
    mean, target = mean[use], target[use]
    classes = mean.shape[1]
    smooth = mean * (1 - SMOOTHING) + SMOOTHING / classes
    return -smooth.gather(1, target[:, None]).log().mean()


def gender_loss(logits, batch, prefix):
    """The same for the talker; where nobody speaks, neither gender may be claimed."""
    gender, target, voiced = batch['gender'], batch['talker'], batch['voiced'].float()
    known = (target >= 0) & (voiced > 0)
    log = torch.log_softmax(logits, -1)
    right = -log.gather(2, target.clamp(min=0)[..., None])[..., 0]
    both = -log.mean(-1)
    step_loss = ((1 - SMOOTHING) * right + SMOOTHING * both)[known].mean()
    nobody = batch['steps'] < SPEECH
    if nobody.any():
        step_loss = step_loss + 0.4 * (both[nobody].mean() - math.log(2))
    weight = voiced[:, :prefix]
    mean = (torch.softmax(logits[:, :prefix], -1) * weight[..., None]).sum(1) / (weight.sum(1, keepdim=True) + 1e-6)
    return step_loss + clip_loss(mean, gender.clamp(min=0), batch['pure'] & (gender >= 0) & (weight.sum(1) > 2))


LOSSES = {'speech': speech_loss, 'gender': gender_loss}
POOLS = {'speech': ('pool',), 'gender': ('pool', 'voices')}
LABELS = {'speech': CLASSES, 'gender': GENDERS}


def monitor(task, network, evalset, rows, conditions=('clean', 'tel8k')):
    """A short line of figures on held-out rows, and the criterion: the average over corpora."""
    pair = {'speech': (network, None), 'gender': (None, network)}[task]
    judge = Judge(evalset, rows, *pair, conditions=conditions)
    scores, text = [], []
    for name in conditions:
        average = corpus_average(judge, name)
        kept = [average[k] for k in LABELS[task] if k in average]
        scores.append(np.mean(kept))
        text.append(f"{name} {np.mean(kept):.3f} [{' '.join(f'{average[k]:.2f}' for k in LABELS[task] if k in average)}]")
    return float(np.mean(scores)), ' '.join(text)


def held_bits(clips, held_out):
    names = sorted({c.corpus for c in clips})
    unknown = set(held_out) - set(names)
    if unknown:
        raise SystemExit(f'no such corpus: {", ".join(sorted(unknown))}')
    return sum(1 << names.index(name) for name in held_out)


def train(options):
    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)
    rng = np.random.default_rng(options.seed)
    torch.set_num_threads(options.threads)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    shape = Shape(classes=len(LABELS[options.task]), **json.loads(options.shape))
    network = Network(shape).to(device, memory_format=torch.channels_last)
    if options.init:
        network.load_state_dict(torch.load(options.init, map_location=device)['ema'])
    log = open(options.log or Path(options.out).with_suffix('.log'), 'a')

    def say(text):
        print(text, flush=True)
        print(text, file=log, flush=True)

    clips = load_clips(options.data, options.cache)
    folders = [Path(options.cache) / name for name in options.pool or POOLS[options.task]]
    pool = Pool(folders, held_bits(clips, options.hold_out), options.shards, options.without_effort)
    evalset = EvalSet(options.data, options.cache)
    rows = evalset.rows(options.hold_out)
    if options.task == 'gender':
        rows = rows[evalset.gender[rows] >= 0]
    rows = np.sort(np.random.default_rng(1).permutation(rows)[:800])
    say(f"{options.task} {vars(options)}\nitems {({k: len(v) for k, v in pool.items.items()})} parameters {parameters(network)} "
        f"multiply-adds {multiply_adds(shape) / 1e6:.2f} M/s, convolutions see {receptive_field(shape)} steps, {device}")
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.decay)
    ema = copy.deepcopy(network).eval()
    sweeps = Sweeps() if options.sweeps else None
    start, smooth, best = time.time(), None, (-1, None)
    for step in range(1, options.steps + 1):
        warm, progress = min(1, step / 200), step / options.steps
        for group in optimiser.param_groups:
            group['lr'] = options.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        network.train()
        x, batch = draw(pool, options.task, options.batch, rng, options.expressive)
        if sweeps:
            sweeps.put_into(x, batch, options.sweeps, rng)
        x = augment(x, batch, options.task)
        with torch.autocast(device, dtype=torch.bfloat16):      # a third faster on CPUs that have it
            logits = network(x.to(device))
        logits = logits.float().cpu()
        loss = LOSSES[options.task](logits, batch, int(rng.choice([4, 8, 16, 32, 48])))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        update_average(ema, network, min(0.998, step / (step + 50)))
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            print(f'{step}/{options.steps} loss {smooth:.3f} {time.time() - start:.0f} s', flush=True)
        if step % options.every == 0 or step == options.steps:
            score, text = monitor(options.task, ema.cpu(), evalset, rows)
            say(f'{step} loss {smooth:.3f} {time.time() - start:.0f} s score {score:.4f} {text}')
            saved = {'shape': shape.as_dict(), 'ema': {k: v.clone() for k, v in ema.state_dict().items()}, 'task': options.task,
                     'step': step, 'score': score, 'options': vars(options), 'date': time.strftime('%Y-%m-%d')}
            if not score < best[0]:       # nan, where no corpus has enough clips, counts as better
                best = (score, step)
            # With corpora held out the best checkpoint on them is kept, else the last: dev would flatter.
            if best[1] == step or not options.hold_out:
                torch.save(saved, options.out)
    say(f'best {best[0]:.4f} at step {best[1]}')
    if options.done:
        Path(options.done).touch()


def update_average(ema, network, decay):
    with torch.no_grad():
        for mine, theirs in zip(ema.state_dict().values(), network.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.mul_(decay).add_(theirs.cpu(), alpha=1 - decay)
            else:
                mine.copy_(theirs)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('task', choices=('speech', 'gender'))
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--out', required=True, help='checkpoint to write')
    parser.add_argument('--init', help='checkpoint to go on from')
    parser.add_argument('--expressive', type=float, default=0.5, help="share of Gender's talkers that is acted or shouted")
    parser.add_argument('--without-effort', action='store_true', help='no talkers with another vocal effort')
    parser.add_argument('--sweeps', type=float, default=0, help='share of each batch that is tones and sweeps')
    parser.add_argument('--pool', action='append', help='name of a pool in the cache; repeatable')
    parser.add_argument('--done', help='file to make when all is done')
    parser.add_argument('--log')
    parser.add_argument('--hold-out', action='append', default=[], metavar='CORPUS', help='repeatable')
    parser.add_argument('--steps', type=int, default=4000)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--rate', type=float, default=2e-3)
    parser.add_argument('--decay', type=float, default=0.01)
    parser.add_argument('--every', type=int, default=600)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--shards', type=int)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--shape', default='{}', help='JSON that overrides fields of models.Shape')
    return parser


if __name__ == '__main__':
    train(arguments().parse_args())
