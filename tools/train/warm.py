"""Turn an exported ONNX model back into a checkpoint that training can go on from.

The export folded the batch norms, the input scale, the biases and the temperature of the calibration. The statistics
of the norms are measured anew on clips, so that the network in evaluation mode gives what the ONNX model gives and a
batch in training mode is close to it.

    python3 tools/train/warm.py bench/onnx/speech.onnx --data ../shared/data --cache DIR --out DIR/speech-start.pt
"""
import argparse
import time

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from corpus import RATE, load_clips
from effects import finish
from features import STEP, log_mel
from models import INPUT_SCALE, Network, Shape

COUNT = 48 * STEP


def some_features(clips, number=256, seed=5):
    """[number, frames, 64] of training clips, classes alike."""
    rng = np.random.default_rng(seed)
    by_label = {}
    for clip in clips:
        if clip.split == 'train' and clip.length > RATE:
            by_label.setdefault(clip.label, []).append(clip)
    rows = []
    for label in sorted(by_label):
        for index in rng.integers(len(by_label[label]), size=number // len(by_label)):
            x = by_label[label][index].samples()[:COUNT].astype(np.float32)
            rows.append(finish(rng, np.resize(x, COUNT)))
    with torch.no_grad():
        return log_mel(torch.from_numpy(np.stack(rows)))


def gru_gates(values):
    """ONNX's gate order z, r, h to torch's r, z, n."""
    z, r, h = np.split(values, 3)
    return torch.from_numpy(np.concatenate([r, z, h]))


def unfolded(path, features, temperature=1.0):
    """The network of an ONNX file that export.py wrote; the logits times `temperature`."""
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    network = Network(Shape(classes=len(tensors['dense.bias']))).eval()
    layers = {
        **{f'front{i}': layer for i, layer in enumerate(network.front)},
        'gather': network.gather,
        **{f'dilated{i}': layer for i, layer in enumerate(network.dilated)},
    }
    outputs = {}
    with torch.no_grad():
        for name, layer in layers.items():
            weight = tensors[name + '.weight'] / (np.float32(INPUT_SCALE) if name == 'front0' else 1)
            layer.conv.weight.copy_(torch.from_numpy(weight.reshape(layer.conv.weight.shape)))
            layer.norm.bias.copy_(torch.from_numpy(tensors[name + '.bias']))
            layer.norm.running_var.fill_(1 - layer.norm.eps)
            layer.conv.register_forward_hook(lambda module, given, out, name=name: outputs.__setitem__(name, out))
        gru = network.gru
        gru.weight_ih_l0.copy_(gru_gates(tensors['gru.W'][0]))
        gru.weight_hh_l0.copy_(gru_gates(tensors['gru.R'][0]))
        first, second = np.split(tensors['gru.B'][0], 2)
        gru.bias_ih_l0.copy_(gru_gates(first))
        gru.bias_hh_l0.copy_(gru_gates(second))
        network.dense.weight.copy_(torch.from_numpy(tensors['dense.weight'].T.copy()) * temperature)
        network.dense.bias.copy_(torch.from_numpy(tensors['dense.bias'].copy()) * temperature)
        before = network(features)
        for name, layer in layers.items():
            out = outputs[name]
            axes = [axis for axis in range(out.dim()) if axis != 1]
            mean, var = out.mean(axes), out.var(axes, unbiased=False)
            layer.norm.running_mean.copy_(mean)
            layer.norm.running_var.copy_(var)
            layer.norm.weight.copy_((var + layer.norm.eps).sqrt())
            layer.norm.bias.add_(mean)
            layer.conv._forward_hooks.clear()
        after = network(features)
    difference = float((before - after).abs().max())
    if difference > 1e-2:
        raise SystemExit(f'{path}: the batch norms do not unfold, logits differ by {difference}')
    return network, difference


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('onnx')
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--out', required=True, help='checkpoint to write')
    parser.add_argument('--temperature', type=float, default=1.0, help='of the calibration that the export folded in')
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, difference = unfolded(
        options.onnx, some_features(load_clips(options.data, options.cache)), options.temperature
    )
    torch.save(
        {
            'shape': network.shape.as_dict(),
            'ema': network.state_dict(),
            'step': 0,
            'score': 0.0,
            'options': {'seed': 0},
            'date': time.strftime('%Y-%m-%d'),
        },
        options.out,
    )
    print(f'{options.out}: logits differ by {difference:.1e} at most', flush=True)


if __name__ == '__main__':
    main()
