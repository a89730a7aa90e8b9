"""Write a trained network as ONNX (opset 17) plus its meta JSON.

The graph is built node by node, so that it holds only what runs: batch norms and the input scale are
folded into the convolutions, the calibration temperature into the last dense layer.
"""
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from features import BANDS, FRAME, FRAMES_PER_STEP, HOP, RATE
from models import INPUT_SCALE, Network


class Builder:
    """Collects nodes and tensors under readable names."""

    def __init__(self):
        self.nodes, self.tensors = [], []

    def tensor(self, name, values):
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name, values):
        """A kernel or matrix. The model file keeps it as float16, so the ONNX file has the very same numbers."""
        return self.tensor(name, np.asarray(values, np.float32).astype(np.float16).astype(np.float32))

    def node(self, op, inputs, name, outputs=None, **attributes):
        outputs = outputs or [name]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=name, **attributes))
        return next(out for out in outputs if out)


def folded(conv, norm):
    """Weights and bias of a convolution with its batch norm (as in evaluation) folded in."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = conv.weight * scale.reshape(-1, *[1] * (conv.weight.dim() - 1))
    return weight.detach().numpy(), (norm.bias - norm.running_mean * scale).detach().numpy()


def gru_tensors(gru):
    """torch's gate order is r, z, n; ONNX's is z, r, h."""
    def reorder(tensor):
        r, z, n = tensor.detach().numpy().reshape(3, gru.hidden_size, -1)
        return np.concatenate([z, r, n])
    bias = np.concatenate([reorder(gru.bias_ih_l0)[:, 0], reorder(gru.bias_hh_l0)[:, 0]])
    return reorder(gru.weight_ih_l0)[None], reorder(gru.weight_hh_l0)[None], bias[None]


def build(network, temperature=1.0):
    """The ONNX model of a network in evaluation mode."""
    b = Builder()

    def conv(x, layer, name, pads, scale=1.0):
        weight, bias = folded(layer.conv, layer.norm)
        out = b.node('Conv', [x, b.weight(name + '.weight', weight * np.float32(scale)), b.tensor(name + '.bias', bias)],
                     name, kernel_shape=layer.conv.kernel_size, strides=layer.conv.stride,
                     dilations=layer.conv.dilation, group=1, pads=pads)
        return b.node('Relu', [out], name + '.relu')

    x = b.node('Unsqueeze', ['logmel', b.tensor('channel_axis', np.array([1]))], 'image')
    for index, layer in enumerate(network.front):
        mel_left, mel_right, time_left, _ = layer.pad
        x = conv(x, layer, f'front{index}', [time_left, mel_left, 0, mel_right], 1.0 if index else INPUT_SCALE)
    x = conv(x, network.gather, 'gather', [0, 0, 0, 0])
    x = b.node('Squeeze', [x, b.tensor('band_axis', np.array([3]))], 'steps')
    for index, layer in enumerate(network.dilated):
        y = conv(x, layer, f'dilated{index}', [layer.pad[0], 0])
        x = b.node('Add', [x, y], f'dilated{index}.residual')
    if network.gru is not None:
        x = b.node('Transpose', [x], 'gru.input', perm=[2, 0, 1])
        w, r, bias = gru_tensors(network.gru)
        x = b.node('GRU', [x, b.weight('gru.W', w), b.weight('gru.R', r), b.tensor('gru.B', bias)], 'gru',
                   ['gru.output'], hidden_size=network.gru.hidden_size, linear_before_reset=1)
        x = b.node('Squeeze', [x, b.tensor('direction_axis', np.array([1]))], 'gru.states')
        x = b.node('Transpose', [x], 'hidden', perm=[1, 0, 2])
    else:
        x = b.node('Transpose', [x], 'hidden', perm=[0, 2, 1])
    weight = network.dense.weight.detach().numpy().T / np.float32(temperature)
    bias = network.dense.bias.detach().numpy() / np.float32(temperature)
    x = b.node('MatMul', [x, b.weight('dense.weight', weight)], 'dense')
    x = b.node('Add', [x, b.tensor('dense.bias', bias)], 'logits')
    b.node('Softmax', [x], 'probabilities', axis=-1)
    graph = helper.make_graph(
        b.nodes, 'undertone',
        [helper.make_tensor_value_info('logmel', TensorProto.FLOAT, ['batch', 'time', BANDS])],
        [helper.make_tensor_value_info('probabilities', TensorProto.FLOAT, ['batch', 'steps', network.shape.classes])],
        b.tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], producer_name='undertone')
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def export(network, name, labels, folder, temperature=1.0, cutoff=0.0, receptive=48, warmup=None, training=None, gate=None):
    """Write NAME.onnx and NAME.meta.json into `folder`. `gate`: the model that tells a voice model where to listen."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    onnx.save(build(network, temperature), str(folder / f'{name}.onnx'))
    meta = {'name': name, 'version': 1, 'labels': list(labels), 'sampleRate': RATE,
            'features': {'kind': 'logmel', 'frame': FRAME, 'hop': HOP, 'bands': BANDS},
            'framesPerStep': FRAMES_PER_STEP, 'receptiveField': receptive, 'unknownCutoff': round(float(cutoff), 4),
            'training': training or {}}
    if gate:
        meta['gate'] = gate
    if warmup:
        meta['warmupWeights'] = [round(float(w), 3) for w in warmup]
    (folder / f'{name}.meta.json').write_text(json.dumps(meta, indent=2) + '\n')
    size = (folder / f'{name}.onnx').stat().st_size
    print(f'{folder / name}.onnx: {size / 1e6:.2f} MB', flush=True)
