"""Speech whose every border is known: synthetic voices and the fixtures' voices between silences of known length.

Sentences of espeak-ng, flite, festival and test/fixtures/voices, cut to where they sound, stand between silences of 0.2
to 2 s. Nobody's opinion is in it. Never trained on. One folder a condition in CACHE/truth: audio/truth.i16, index.tsv
(as the data's, with the spans of speech), features.npz. Voices whose programme is not installed are left out.

    python3 tools/train/truth.py --data ../shared/data --cache DIR
"""
import argparse
import csv
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import fft

import effects
from corpus import RATE, load_clips
from features import STEP, log_mel, step_level

CONDITIONS = ('clean', 'white5', 'pink5', 'bed5', 'music10', 'room', 'telephone')
TRACKS = 48
SECONDS = 16
COUNT = SECONDS * RATE // STEP * STEP
GAPS = (0.2, 2.0)
FIXTURES = Path(__file__).resolve().parents[2] / 'test' / 'fixtures' / 'voices'

TEXTS = {
    'en': (
        'The train leaves platform nine at half past seven',
        'She keeps her old letters in a wooden box',
        'We ought to paint the fence before winter comes',
        'Please leave your message after the tone',
        'Nobody remembers who first found the island',
        'His brother sells fresh bread on Saturdays',
        'Turn left behind the church and follow the river',
        'A thin layer of ice covered the whole lake',
        'Thank you very much',
        'Yes of course',
        'What is the name of your street',
        'Call me back tomorrow morning',
    ),
    'de': (
        'Der Zug hat heute zehn Minuten Verspätung',
        'Wir haben gestern lange auf dich gewartet',
        'Guten Morgen',
        'Das Wetter bleibt bis Sonntag schön',
    ),
    'fr': ('Le marché ouvre tous les jours à sept heures', 'Nous avons marché le long de la rivière', 'Bonjour madame'),
    'es': ('La biblioteca cierra a las nueve de la noche', 'Mi hermana trabaja en una escuela', 'Muchas gracias'),
    'it': ('Il treno parte dal secondo binario', 'La casa di mia nonna ha un grande giardino', 'Buona sera signora'),
    'pl': ('Jutro rano jedziemy nad morze', 'Na rynku stoi stara studnia'),
    'cs': ('Zítra ráno pojedeme k babičce na venkov', 'Na náměstí stojí stará kašna', 'Dobrý den'),
    'fi': ('Huomenna lähdemme aikaisin kohti rannikkoa', 'Talon takana kasvaa vanha omenapuu'),
    'ca': ('Demà al matí anirem a la platja amb tren', 'La casa té un jardí molt gran'),
    'ru': ('Завтра утром мы поедем на море', 'За домом растёт старая яблоня'),
}

ESPEAK = tuple(
    (language, language + variant)
    for language in ('en', 'de', 'fr', 'es', 'it', 'pl')
    for variant in ('', '+f3', '+m7')
)
FLITE = ('awb', 'rms', 'slt', 'kal16')
FESTIVAL = (
    ('en', 'kal_diphone'),
    ('en', 'ked_diphone'),
    ('en', 'cmu_us_slt_arctic_hts'),
    ('cs', 'czech_dita'),
    ('cs', 'czech_machac'),
    ('it', 'lp_diphone'),
    ('it', 'pc_diphone'),
    ('fi', 'hy_fi_mv_diphone'),
    ('fi', 'suo_fi_lj_diphone'),
    ('ca', 'upc_ca_ona_hts'),
    ('ru', 'msu_ru_nsh_clunits'),
)
ENCODING = {'cs': 'iso-8859-2', 'fi': 'iso-8859-15', 'it': 'iso-8859-15', 'ca': 'iso-8859-15'}


@dataclass
class Track:
    """Samples at int16 scale and the spans of speech in them."""

    voice: str
    samples: np.ndarray
    spans: list


def read(path):
    """Float samples at int16 scale, 16 kHz."""
    out = subprocess.run(
        ['ffmpeg', '-v', 'error', '-i', str(path), '-ar', str(RATE), '-ac', '1', '-f', 's16le', '-'],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(out, np.int16).astype(np.float32)


def levels(x, hop=160):
    frames = x[: len(x) // hop * hop].reshape(-1, hop)
    return 10 * np.log10((frames**2).mean(1) + 1)


def sounding(x, below=38.0, hop=160):
    """The clip from its first to its last frame of 10 ms that is at most `below` dB under its loudest."""
    level = levels(x, hop)
    loud = np.flatnonzero(level > level.max() - below)
    return x[loud[0] * hop : (loud[-1] + 1) * hop]


def whole(x, longest=0.15, below=38.0, hop=160):
    """Whether no silence inside is longer than a stop's."""
    quiet = np.concatenate([[0], levels(x, hop) < levels(x, hop).max() - below, [0]]).astype(int)
    edges = np.flatnonzero(np.diff(quiet))
    return len(x) > 0.3 * RATE and all(b - a <= longest * RATE / hop for a, b in zip(edges[::2], edges[1::2]))


def synthesise(folder):
    """(voice, sentences) of every voice whose programme is installed."""

    def run(command, text=None):
        return shutil.which(command[0]) and subprocess.run(command, input=text, capture_output=True).returncode == 0

    voices = {}
    path = folder / 'out.wav'
    for language, voice in ESPEAK:
        for text in TEXTS[language]:
            if run(['espeak-ng', '-v', voice, '-w', str(path), text]):
                voices.setdefault(f'espeak-ng {voice}', []).append(read(path))
    for voice in FLITE:
        for text in TEXTS['en']:
            if run(['flite', '-voice', voice, '-t', text, '-o', str(path)]):
                voices.setdefault(f'flite {voice}', []).append(read(path))
    for language, voice in FESTIVAL:
        for text in TEXTS[language]:
            path.unlink(missing_ok=True)
            encoded = text.encode(ENCODING.get(language, 'utf-8'), 'ignore')
            if (
                run(['text2wave', '-eval', f'(voice_{voice})', '-o', str(path)], encoded)
                and path.exists()
                and path.stat().st_size > 9000
            ):
                voices.setdefault(f'festival {voice}', []).append(read(path))
    for recording in sorted(FIXTURES.glob('*.flac')):
        voices.setdefault('recording ' + recording.stem.rsplit('-', 1)[0], []).append(read(recording))
    return {name: kept for name, clips in voices.items() if (kept := [s for s in map(sounding, clips) if whole(s)])}


def put_together(rng, voice, sentences):
    """A track: silence, sentence, silence, sentence ... until it is full."""
    x, spans, at = np.zeros(COUNT, np.float32), [], 0
    while True:
        at += int(np.exp(rng.uniform(*np.log(GAPS))) * RATE)
        part = sentences[rng.integers(len(sentences))]
        if at + len(part) > COUNT - 0.2 * RATE:
            break
        x[at : at + len(part)] = part * (1500 / effects.rms(part) * 10 ** (rng.uniform(-4, 4) / 20))
        spans.append((at, at + len(part)))
        at += len(part)
    return Track(voice, x, spans)


def speech_level(track):
    return effects.rms(np.concatenate([track.samples[a:b] for a, b in track.spans]))


def bed(rng, clips):
    """COUNT samples of clips, one after another."""
    parts, count = [], 0
    while count < COUNT:
        part = clips[rng.integers(len(clips))].samples().astype(np.float32)
        level = effects.rms(part)
        if level > 1:
            parts.append(part * (1000 / level))
            count += len(part)
    return np.concatenate(parts)[:COUNT]


def degrade(track, condition, rng, beds):
    """The track in one condition, at int16 scale, rounded and clipped."""
    x, level = track.samples, speech_level(track)
    if condition in ('white5', 'pink5'):
        y = np.concatenate(
            [effects.coloured(rng, 4 * RATE, 0 if condition == 'white5' else 3) for _ in range(SECONDS // 4)]
        )[:COUNT]
        x = x + y * (level / effects.rms(y) * 10 ** (-5 / 20))
    elif condition in beds:
        y = bed(rng, beds[condition])
        x = x + y * (level / effects.rms(y) * 10 ** (-int(condition.lstrip('bedmusic')) / 20))
    elif condition == 'room':
        seconds = rng.uniform(0.25, 0.7)
        count = int(seconds * RATE)
        response = (
            effects.white(rng, count)
            * np.exp(-6.9 * np.arange(count) / count)
            * (10 ** (-rng.uniform(6, 14) / 20) / np.sqrt(count / 13.8))
        )
        response[0] = 1
        size = fft.next_fast_len(COUNT + count)
        x = fft.irfft(fft.rfft(x, size) * fft.rfft(response, size), size)[:COUNT].astype(np.float32)
    elif condition == 'telephone':
        parts = [
            effects.telephone(fft.rfft(part, effects.FFT_SIZE).astype(np.complex64), len(part), 8)
            for part in np.split(x, SECONDS // 4)
        ]
        x = np.concatenate(parts)
    if condition in ('clean', 'room', 'telephone'):  # half of them with the faint noise of a microphone
        x = x + rng.integers(2) * level * 10 ** (-rng.uniform(45, 60) / 20) * np.resize(
            effects.coloured(rng, 4 * RATE), COUNT
        )
    return np.clip(np.round(x), -32768, 32767).astype(np.int16)


def shares(spans, steps):
    """Share of speech in each step."""
    mask = np.zeros(steps * STEP, np.float32)
    for a, b in spans:
        mask[a:b] = 1
    return mask.reshape(steps, STEP).mean(1)


def build(data, cache):
    """Write every condition's folder unless it is there."""
    root = Path(cache) / 'truth'
    if all((root / c / 'features.npz').exists() for c in CONDITIONS):
        return
    dev = [c for c in load_clips(data, cache) if c.split == 'dev']
    beds = {
        'bed5': [
            c
            for c in dev
            if c.label == 'other'
            and 'cry' not in c.category
            and 'crowd' not in c.category
            and 'laugh' not in c.category
        ],
        'music10': [c for c in dev if c.label == 'music' and not c.vocals],
    }
    rng = np.random.default_rng(11)
    with tempfile.TemporaryDirectory() as folder:
        voices = synthesise(Path(folder))
    names = sorted(voices)
    print(f'{len(names)} voices, {sum(map(len, voices.values()))} sentences: {", ".join(names)}', flush=True)
    tracks = [
        put_together(rng, name, voices[name])
        for name in (names[i % len(names)] for i in range(max(TRACKS, len(names))))
    ]
    for index, condition in enumerate(CONDITIONS):
        folder = root / condition
        (folder / 'audio').mkdir(parents=True, exist_ok=True)
        x = np.stack(
            [degrade(t, condition, np.random.default_rng([13, index, row]), beds) for row, t in enumerate(tracks)]
        )
        x.tofile(folder / 'audio' / 'truth.i16')
        with open(folder / 'index.tsv', 'w', newline='') as handle:
            table = csv.writer(handle, delimiter='\t')
            table.writerow(['shard', 'start', 'end', 'class', 'speaker', 'speech'])
            for row, track in enumerate(tracks):
                spans = ','.join(f'{a / RATE:.3f}-{b / RATE:.3f}' for a, b in track.spans)
                table.writerow(
                    [
                        'truth.opus',
                        f'{row * COUNT / RATE:.3f}',
                        f'{(row + 1) * COUNT / RATE:.3f}',
                        'speech',
                        track.voice,
                        spans,
                    ]
                )
        samples = torch.from_numpy(x.astype(np.float32))
        with torch.no_grad():
            logmel = torch.cat([log_mel(part).half() for part in samples.split(8)]).numpy()
        np.savez(
            folder / 'features.npz',
            features=logmel,
            level=step_level(samples).numpy(),
            share=np.stack([shares(t.spans, COUNT // STEP) for t in tracks]),
            spans=np.array([t.spans for t in tracks], object),
        )
        print(f'{condition}: {len(tracks)} tracks', flush=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    options = parser.parse_args()
    build(options.data, options.cache)
