"""The mean of a network and of what further training made of it, weight by weight.

Training that goes on from a network with other data learns the new and forgets some of the old; half way between the two
networks lies one that keeps most of both (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). The statistics
of the batch norms are measured anew on items of the pool.

    python3 tools/train/average.py RUNS/speech-start.pt RUNS/speech-trained.pt --cache DIR --pool pool --out RUNS/speech.pt
"""
import argparse
from pathlib import Path

import numpy as np
import torch

from evaluate import load_network
from models import Network


def some_items(folders, number=512, shards=8, seed=3):
    """[number, frames, 64] of items of the pool."""
    rng, parts = np.random.default_rng(seed), []
    for folder in folders:
        done = sorted(Path(folder).glob('*/done'))
        for place in rng.permutation(len(done))[:shards]:
            features = np.load(done[place].parent / 'features.npy', mmap_mode='r')
            rows = np.sort(rng.choice(len(features), min(number // shards, len(features)), replace=False))
            parts.append(features[rows])
    return torch.from_numpy(np.concatenate(parts)).float()


def average(first, second, share, items):
    """`first` + `share` * (`second` - `first`), in evaluation mode."""
    mine, theirs = first.state_dict(), second.state_dict()
    network = Network(first.shape)
    network.load_state_dict(
        {k: v * (1 - share) + theirs[k] * share if v.dtype.is_floating_point else v for k, v in mine.items()}
    )
    network.eval()
    norms = [m for m in network.modules() if isinstance(m, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))]
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None        # a plain mean over what follows
    with torch.no_grad():
        for part in items.split(64):
            network(part)
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('first')
    parser.add_argument('second')
    parser.add_argument('--cache', required=True)
    parser.add_argument('--pool', action='append', required=True, help='name of a pool in the cache; repeatable')
    parser.add_argument('--share', type=float, default=0.5, help='of the second')
    parser.add_argument('--out', required=True, help='checkpoint to write')
    options = parser.parse_args()
    torch.set_num_threads(1)
    items = some_items([Path(options.cache) / name for name in options.pool])
    (first, _), (second, saved) = load_network(options.first), load_network(options.second)
    network = average(first, second, options.share, items)
    torch.save({**saved, 'ema': network.state_dict(), 'share': options.share}, options.out)


if __name__ == '__main__':
    main()
