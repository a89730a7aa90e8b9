"""The network: a causal convolutional front end over time and mel, dilated convolutions and a GRU over steps.

    logmel [B, T, 64] -> conv2d x3 (time / 4, mel / 8) -> conv2d over the remaining bands -> [B, C, S]
    -> residual dilated conv1d -> GRU -> dense -> softmax [B, S, classes]

Zero look-ahead: every convolution over time is padded on the left only, by (k - 1) * d + 1 - stride.
Padding is zeros in the feature domain, which is what digital silence gives.
"""
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional

INPUT_SCALE = 0.1   # brings ln(power) near 1; folded into the first convolution at export


@dataclass
class Shape:
    """Everything that fixes a network's form."""
    classes: int = 3
    front: tuple = ((16, 5, 5, 2), (32, 3, 3, 2), (48, 3, 3, 1))   # channels, time, mel, time stride; mel stride is 2
    width: int = 96
    dilations: tuple = (1, 2, 4, 8)
    hidden: int = 96
    dropout: float = 0.15
    bands: int = 64
    level: int = 0      # frames of a causal running mean of the log power that is taken off; 0: none

    def as_dict(self):
        return asdict(self)


class Front(nn.Module):
    """Convolution over time (causal) and mel (padded on both sides), batch norm, relu. [B, C, T, F]."""

    def __init__(self, inputs, outputs, time, mel, stride):
        super().__init__()
        self.pad = (mel // 2, mel // 2, time - stride, 0)
        self.conv = nn.Conv2d(inputs, outputs, (time, mel), (stride, 2), bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(functional.pad(x, self.pad))))


class Gather(nn.Module):
    """One convolution over all remaining bands: the flattening dense layer. [B, C, S, F] -> [B, W, S]."""

    def __init__(self, inputs, outputs, bands):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (1, bands), bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x))).squeeze(3)


class Dilated(nn.Module):
    """Residual causal convolution over steps, kernel 3. [B, W, S]."""

    def __init__(self, width, dilation):
        super().__init__()
        self.pad = (2 * dilation, 0)
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x):
        return x + torch.relu(self.norm(self.conv(functional.pad(x, self.pad))))


class Network(nn.Module):
    """logmel [B, T, 64] -> logits [B, T / 4, classes]."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        inputs, bands, front = 1, shape.bands, []
        for channels, time, mel, stride in shape.front:
            front.append(Front(inputs, channels, time, mel, stride))
            inputs, bands = channels, bands // 2
        self.front = nn.ModuleList(front)
        self.gather = Gather(inputs, shape.width, bands)
        self.dilated = nn.ModuleList(Dilated(shape.width, d) for d in shape.dilations)
        self.gru = nn.GRU(shape.width, shape.hidden, batch_first=True) if shape.hidden else None
        self.dense = nn.Linear(shape.hidden or shape.width, shape.classes)
        self.dropout = nn.Dropout(shape.dropout)
        self.dropout2d = nn.Dropout2d(shape.dropout / 2)

    def forward(self, x):
        if self.shape.level:
            mean = functional.pad(x.mean(2)[:, None], (self.shape.level - 1, 0))
            x = x - functional.avg_pool1d(mean, self.shape.level, 1)[:, 0, :, None]
        x = (x * INPUT_SCALE).unsqueeze(1)
        for layer in self.front:
            x = layer(x)
        x = self.gather(self.dropout2d(x))
        x = self.dropout(x)
        for layer in self.dilated:
            x = layer(x)
        x = self.dropout(x.transpose(1, 2))
        if self.gru is not None:
            x = self.dropout(self.gru(x)[0])
        return self.dense(x)


def parameters(network):
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def receptive_field(shape):
    """Steps that the convolutions see, the present one included."""
    frames, jump = 1, 1
    for _, time, _, stride in shape.front:
        frames += (time - 1) * jump
        jump *= stride
    return -(-frames // 4) + sum(2 * d for d in shape.dilations)


def multiply_adds(shape):
    """Multiply-adds per second of audio."""
    rate, inputs, bands, total = 62.5, 1, shape.bands, 0
    for channels, time, mel, stride in shape.front:
        rate, bands = rate / stride, bands // 2
        total += rate * bands * channels * inputs * time * mel
        inputs = channels
    total += rate * inputs * bands * shape.width
    total += rate * len(shape.dilations) * 3 * shape.width ** 2
    if shape.hidden:
        total += rate * 3 * shape.hidden * (shape.width + shape.hidden)
    return total + rate * (shape.hidden or shape.width) * shape.classes
