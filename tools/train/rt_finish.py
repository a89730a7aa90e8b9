"""Calibrate SpeechRT, judge it, export it. Writes rt-figures.json beside the model."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from corpus import CLASSES
from evaluate import load_network
from export import export
from models import multiply_adds, parameters, receptive_field
from rt_judge import CONDITIONS, SPEECH, STEPS, Dev, Truth, unreal

TEMPERATURES = np.round(np.exp(np.linspace(np.log(0.5), np.log(2.0), 25)), 3)
GRU_WARM_UP = 13  # steps, as Speech and Gender count them


def logits(network, dev, condition):
    with torch.no_grad():
        return torch.cat(
            [network(torch.from_numpy(part).float()) for part in np.array_split(dev.__dict__[condition], 60)]
        )


def best_temperature(network, dev):
    """The temperature of least cross-entropy over steps whose class is sure: classes and conditions weigh the same."""
    heard = np.arange(STEPS)[None] < dev.length[:, None]
    sure = torch.from_numpy(heard & ((dev.label != SPEECH)[:, None] | (dev.mark == 1)))
    label = torch.from_numpy(np.repeat(dev.label[:, None], STEPS, 1))[sure]
    weight = (1 / torch.bincount(label).float())[label]
    answers = [logits(network, dev, name)[sure] for name in CONDITIONS]

    def cost(t):
        return float(
            np.mean(
                [
                    (torch.nn.functional.cross_entropy(x / t, label, reduction='none') * weight).sum() / weight.sum()
                    for x in answers
                ]
            )
        )

    return float(min(TEMPERATURES, key=cost))


def finish(options):
    torch.set_num_threads(1)
    network, saved = load_network(options.network)
    truth, dev = Truth(options.cache), Dev(options.data, options.cache)
    temperature = best_temperature(network, dev)
    with torch.no_grad():
        network.dense.weight /= temperature
        network.dense.bias /= temperature
    figures = {
        'temperature': temperature,
        'truth': truth.judge(network),
        'dev': dev.judge(network),
        'unreal': unreal(network),
    }
    print(json.dumps(figures, indent=1), flush=True)
    training = {
        'date': saved['date'],
        'seed': saved['options']['seed'],
        'steps': saved['step'],
        'parameters': parameters(network),
        'multiplyAddsPerSecond': round(multiply_adds(network.shape)),
        'data': 'openly licensed clips; see MODEL_CARD.md',
        'truth': {name: round(row['area'], 4) for name, row in figures['truth'].items()},
        'pauses': {name: round(row['pauses'], 4) for name, row in figures['dev'].items()},
    }
    export(
        network,
        'speech-rt',
        CLASSES,
        options.out,
        receptive=receptive_field(network.shape) + GRU_WARM_UP,
        training=training,
    )
    (Path(options.out) / 'rt-figures.json').write_text(json.dumps(figures, indent=1))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--network', required=True, help='the checkpoint')
    parser.add_argument('--out', required=True)
    finish(parser.parse_args())
