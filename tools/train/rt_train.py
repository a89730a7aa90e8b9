"""Train SpeechRT from its pool. Seeded; logs to a file; keeps an average of the weights."""
import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from corpus import CLASSES, load_clips
from models import Network, Shape, multiply_adds, parameters, receptive_field
from rt_batches import Hiss, Pool, draw
from rt_judge import Dev, Truth, unreal

SHAPE = {
    'front': ((12, 5, 5, 2), (24, 3, 3, 2), (32, 3, 3, 1)),
    'width': 80,
    'dilations': (1, 2, 4),
    'hidden': 80,
    'dropout': 0.1,
}
SMOOTHING = 0.02


def soft_loss(logits, target, weight):
    """Cross-entropy with soft targets, weighted by step."""
    smooth = target * (1 - SMOOTHING) + SMOOTHING / target.shape[-1]
    loss = -(smooth * torch.log_softmax(logits, -1)).sum(-1)
    return (loss * weight).sum() / weight.sum()


def update_average(ema, network, decay):
    with torch.no_grad():
        for mine, theirs in zip(ema.state_dict().values(), network.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.mul_(decay).add_(theirs, alpha=1 - decay)
            else:
                mine.copy_(theirs)


def line(truth, dev, network):
    t, d = truth.judge(network), dev.judge(network, ('clean', 'noise5'))
    text = ' '.join(f"{k} {v['area']:.4f}/{v['onset']['median']:.0f}/{v['end']['median']:.0f}" for k, v in t.items())
    text += ' | dev ' + ' '.join(
        ' '.join([k, *(f'{name} {v[name]:.4f}' for name in ('pauses', 'borders', 'agreed', *CLASSES, 'false'))])
        for k, v in d.items()
    )
    worst = {k: n for k, n in unreal(network).items() if n}
    return text + f' | unreal {worst}'


def spent(start):
    return f'{time.time() - start:.0f} s, cpu {time.process_time():.0f} s'


def train(options):
    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(options.seed)
    shape = Shape(**{**SHAPE, **json.loads(options.shape)})
    network = Network(shape).to(memory_format=torch.channels_last)
    if options.init:
        network.load_state_dict(torch.load(options.init)['ema'])
    log = open(Path(options.out).with_suffix('.log'), 'a')

    def say(text):
        print(text, flush=True)
        print(text, file=log, flush=True)

    names = sorted({c.corpus for c in load_clips(options.data, options.cache)})
    held = [names.index(name) for name in options.hold_out]
    pool, hiss = Pool(options.cache, held), Hiss()
    truth, dev = Truth(options.cache, ('clean', 'white5', 'music10', 'room')), Dev(options.data, options.cache)
    say(
        f'{vars(options)}\n{shape.as_dict()} {len(pool.talkers)} talkers, {len(pool.songs)} songs, '
        f'{len(pool.sounds)} sounds; parameters {parameters(network)}, '
        f'multiply-adds {multiply_adds(shape) / 1e6:.2f} M/s, convolutions see {receptive_field(shape)} steps'
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=0.01)
    ema = copy.deepcopy(network).eval()
    start, smooth, best = time.time(), None, -1
    for step in range(1, options.steps + 1):
        warm, progress = min(1, step / 100), step / options.steps
        for group in optimiser.param_groups:
            group['lr'] = options.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        network.train()
        x, target, weight = draw(pool, options.batch, rng, hiss)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            logits = network(x)
        loss = soft_loss(logits.float(), target, weight)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        update_average(ema, network, min(0.998, step / (step + 50)))
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            print(
                f'{step}/{options.steps} loss {smooth:.4f} {spent(start)}',
                flush=True,
            )
        if step % 500 == 0 and len(pool.features) < len(list((Path(options.cache) / 'rt').glob('*/done'))):
            pool = Pool(options.cache, held)
        if step % options.every == 0 or step == options.steps:
            say(f'{step} loss {smooth:.4f} {spent(start)} {line(truth, dev, ema)}')
            torch.save(
                {
                    'shape': shape.as_dict(),
                    'ema': ema.state_dict(),
                    'task': 'speech-rt',
                    'step': step,
                    'options': vars(options),
                    'date': time.strftime('%Y-%m-%d'),
                },
                options.out,
            )
    if options.done:
        Path(options.done).touch()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--out', required=True, help='checkpoint to write')
    parser.add_argument('--init', help='checkpoint to go on from')
    parser.add_argument('--done', help='file to make when all is done')
    parser.add_argument('--hold-out', action='append', default=[], metavar='CORPUS', help='repeatable')
    parser.add_argument('--steps', type=int, default=8000)
    parser.add_argument('--batch', type=int, default=48)
    parser.add_argument('--rate', type=float, default=3e-3)
    parser.add_argument('--every', type=int, default=1000)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--shape', default='{}', help='JSON that overrides fields of SHAPE')
    return parser


if __name__ == '__main__':
    train(arguments().parse_args())
