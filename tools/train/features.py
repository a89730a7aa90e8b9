"""Log-mel features: Meyda's melBands on causal frames, batched in torch.

band = ln(1 + sum(filter * |FFT(hann * frame)|^2)), samples at int16 scale. Frame j covers the samples
[(j + 1) * HOP - FRAME, (j + 1) * HOP); before the first sample lie zeros.
"""
import math

import numpy as np
import torch

RATE, FRAME, HOP, BANDS = 16000, 512, 256, 64
FRAMES_PER_STEP = 4
STEP = HOP * FRAMES_PER_STEP


def mel_filters():
    """Triangles of peak 1 as Meyda builds them, [bins, bands]. Its edge table is float32, its bins are 0..FRAME/2-1."""
    top = 1125 * math.log(1 + RATE / 2 / 700)
    mel = np.float32(np.arange(BANDS + 2) * (top / (BANDS + 1)))
    hertz = np.float32(700 * (np.exp(mel.astype(np.float64) / 1125) - 1))
    edge = np.floor((FRAME + 1) * hertz.astype(np.float64) / RATE).astype(int)
    bank = np.zeros((FRAME // 2 + 1, BANDS), np.float32)
    for band in range(BANDS):
        low, peak, high = edge[band:band + 3]
        for k in range(low, peak):
            bank[k, band] = (k - low) / (peak - low)
        for k in range(peak, high):
            bank[k, band] = (high - k) / (high - peak)
    return torch.from_numpy(bank[:FRAME // 2])


WINDOW = torch.from_numpy((0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))).astype(np.float32))
FILTERS = mel_filters()


def log_mel(samples):
    """[batch, n * HOP] samples at int16 scale -> [batch, n, BANDS]."""
    padded = torch.nn.functional.pad(samples, (FRAME - HOP, 0))
    spectrum = torch.fft.rfft(padded.unfold(1, FRAME, HOP) * WINDOW)[..., :FRAME // 2]
    power = spectrum.real.square() + spectrum.imag.square()
    return torch.log1p(power @ FILTERS)


def step_level(samples):
    """[batch, n * STEP] int16-scale samples -> RMS of each step on the [-1, 1] scale, [batch, n]."""
    return (samples / 32768).reshape(samples.shape[0], -1, STEP).square().mean(-1).sqrt()
