"""The clips: the index, the decoded audio, and who is held out.

A clip is one row of index.tsv (or probe.tsv) and the int16 samples behind it. Decoded shards lie in
the cache as raw 16 kHz s16le and are memory-mapped, so that every process shares one copy.
"""
import csv
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

RATE = 16000
CLASSES = ('music', 'other', 'speech')
GENDERS = ('male', 'female')
EXPRESSIVE_SHARDS = 300                            # shards numbered from here on hold acted and shouted voices
EXPRESSIVE_CORPORA = ('nexuiz', 'fillets_ng')      # and so do these


@dataclass
class Clip:
    """One row of the index. `start` and `length` are samples in `file`."""
    file: Path
    start: int
    length: int
    label: str
    split: str
    gender: str
    corpus: str
    speaker: str
    language: str
    category: str
    segments: list = field(default_factory=list)   # (start, end) of speech, samples from the clip's start
    licence: str = ''
    attribution: str = ''
    bit: int = 0                                   # its corpus, as one bit
    expressive: bool = False                       # acted or shouted speech
    made: int = 0                                  # 0 as recorded, 1 another pitch, 2 another vocal effort

    @property
    def child(self):
        return 'child' in self.category

    @property
    def vocals(self):
        return 'vocals' in self.category

    @property
    def adult_gender(self):
        """male or female for adults whose corpus says so, else ''."""
        return '' if self.child else self.gender

    def samples(self):
        """int16 samples of the whole clip, a view into the decoded shard."""
        return shard(self.file)[self.start:self.start + self.length]


_shards = {}


def shard(path):
    """The memory-mapped samples of one decoded file."""
    if path not in _shards:
        _shards[path] = np.memmap(path, dtype=np.int16, mode='r')
    return _shards[path]


def decode_shards(data, cache):
    """Decode every shard of `data` that the cache does not hold yet; two ffmpeg at a time."""
    target = Path(cache) / 'audio'
    target.mkdir(parents=True, exist_ok=True)

    def decode(path):
        out = target / (path.stem + '.i16')
        if out.exists():
            return
        part = out.with_suffix('.part')
        subprocess.run(['ffmpeg', '-v', 'error', '-y', '-threads', '1', '-i', str(path),
                        '-ar', str(RATE), '-ac', '1', '-f', 's16le', str(part)], check=True)
        part.rename(out)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(decode, sorted((Path(data) / 'audio').glob('*.opus'))))


def load_clips(data, cache, table='index.tsv'):
    """All clips of a table, in its order."""
    clips = []
    with open(Path(data) / table, newline='') as handle:
        for row in csv.DictReader(handle, delimiter='\t', quoting=csv.QUOTE_NONE):
            start = round(float(row['start']) * RATE)
            length = round(float(row['end']) * RATE) - start
            clips.append(Clip(
                Path(cache) / 'audio' / (Path(row['shard']).stem + '.i16'), start, length, row['class'],
                row['split'], row['gender'], row['corpus'], f"{row['corpus']}/{row['speaker']}",
                row['language'], row['category'], parse_segments(row['speech'], length),
                licence=row['licence'], attribution=row['attribution'], expressive=is_expressive(row)))
    for clip in clips:
        if clip.label == 'speech' and not clip.segments:
            clip.segments = energy_segments(clip.samples())
    return clips


def is_expressive(row):
    number = Path(row['shard']).stem.split('-')[-1]
    acted = number.isdigit() and int(number) >= EXPRESSIVE_SHARDS or row['corpus'] in EXPRESSIVE_CORPORA
    return row['class'] == 'speech' and acted


def parse_segments(text, length):
    pairs = [piece.split('-') for piece in text.split(',') if piece]
    return [(round(float(a) * RATE), min(length, round(float(b) * RATE))) for a, b in pairs]


def energy_segments(samples, hop=512, margin_db=30.0, bridge=0.3):
    """Speech activity from energy alone, for clips whose index row names no segments.

    A hop is active when it lies above both the clip's 95th percentile - margin_db and 6 dB over its
    10th percentile; gaps shorter than `bridge` seconds are closed.
    """
    count = len(samples) // hop
    if count < 3:
        return [(0, len(samples))]
    frames = samples[:count * hop].astype(np.float32).reshape(count, hop)
    level = 10 * np.log10((frames ** 2).mean(1) + 1e-3)
    loud, floor = np.percentile(level, 95), np.percentile(level, 10)
    active = level > max(loud - margin_db, min(floor + 6, loud - 12))
    segments = []
    for index in np.flatnonzero(active):
        begin, end = index * hop, (index + 1) * hop
        if segments and begin - segments[-1][1] <= bridge * RATE:
            segments[-1][1] = end
        else:
            segments.append([begin, end])
    return [(a, b) for a, b in segments if b - a >= 0.06 * RATE] or [(0, len(samples))]


def shifted(clip, file, start, length, gender, made=1):
    """The same clip after an offline change that keeps who speaks; `gender` may be a guessed one."""
    ratio = length / clip.length
    segments = clip.segments if ratio == 1 else [(int(a * ratio), int(b * ratio)) for a, b in clip.segments]
    return replace(clip, file=file, start=start, length=length, gender=gender, made=made, segments=segments)
