"""Input that is no sound of the world: what the two models say to it. Never `speech`, never a sure gender."""
import numpy as np
import torch

from features import RATE, STEP, log_mel

STEPS = 46


def signals():
    """name -> int16-scale samples of three seconds."""
    count = STEPS * STEP
    t = np.arange(count) / RATE
    rng = np.random.default_rng(5)
    out = {'digital silence': np.zeros(count), 'dc': np.full(count, 8000.0), 'faint dc': np.full(count, 3.0),
           'full-scale square 200 Hz': 32767 * np.sign(np.sin(2 * np.pi * 200 * t)),
           'clipped noise': rng.standard_normal(count) * 1e5, 'rounding noise': rng.standard_normal(count)}
    for hertz in (50, 60):
        out[f'hum {hertz} Hz'] = sum(6000 / k * np.sin(2 * np.pi * hertz * k * t) for k in range(1, 8))
        out[f'pure hum {hertz} Hz'] = 6000 * np.sin(2 * np.pi * hertz * t)
    for hertz in (100, 220, 440, 1000, 3000, 6000):
        out[f'tone {hertz} Hz'] = 8000 * np.sin(2 * np.pi * hertz * t)
    for low, high in ((50, 7500), (100, 1000)):
        hertz = np.geomspace(low, high, count)
        out[f'sweep {low}-{high} Hz'] = 8000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
        out[f'sweep {high}-{low} Hz'] = out[f'sweep {low}-{high} Hz'][::-1]
    for level in (30, 300, 3000, 10000):
        out[f'white noise {level}'] = rng.standard_normal(count) * level
        spectrum = np.fft.rfft(rng.standard_normal(count)) / np.sqrt(np.arange(count // 2 + 1) + 1.0)
        pink = np.fft.irfft(spectrum, count)
        out[f'pink noise {level}'] = pink / pink.std() * level
    for rate in (1, 10, 100):
        clicks = np.zeros(count)
        clicks[::RATE // rate] = 20000
        out[f'clicks {rate} a second'] = clicks
    word = np.zeros(count)
    n = np.arange(320)
    word[16000:16320] = np.hanning(320) * sum(4000 / k * np.sin(2 * np.pi * 130 * k * n / RATE) for k in range(1, 30))
    out['20 ms voiced burst'] = word
    return {name: np.clip(np.round(x), -32768, 32767).astype(np.float32) for name, x in out.items()}


def degenerate(speech, gender, temperatures=(1.0, 1.0)):
    """name -> p(speech) at its highest over the lengths 0.25 to 3 s, worst label, worst gender margin (all steps counted)."""
    made = signals()
    x = log_mel(torch.from_numpy(np.stack(list(made.values()))))
    with torch.no_grad():
        p = torch.softmax(speech(x) / temperatures[0], -1).numpy()
        g = torch.softmax(gender(x) / temperatures[1], -1).numpy() if gender else None
    out = {}
    for row, name in enumerate(made):
        means = np.stack([p[row, :n].mean(0) for n in (4, 8, 16, 31, 46)])
        margin = max(abs(np.subtract(*(g[row, :n] * (p[row, :n, 2:] + 1e-6)).sum(0) / (p[row, :n, 2].sum() + n * 1e-6))) for n in (16, 31, 46)) if gender else 0
        out[name] = {'speech': float(means[:, 2].max()), 'is_speech': bool((means.argmax(1) == 2).any()), 'margin': float(margin)}
    return out


if __name__ == '__main__':
    import sys
    from evaluate import load_network
    networks = [load_network(path)[0] for path in sys.argv[1:3]]
    for name, row in degenerate(*networks).items():
        print(f"{name:26} p(speech) {row['speech']:.2f} {'SPEECH' if row['is_speech'] else '':7} margin {row['margin']:.2f}")
