"""Fill the cache: decode the shards, make the pitch-shifted variants. Runs once; later runs find it done."""
import argparse
import time

from corpus import decode_shards, load_clips
from pitch import shift_clips


def prepare(data, cache):
    """Returns (all clips of the index, the shifted training clips)."""
    start = time.time()
    decode_shards(data, cache)
    print(f'decoded, {time.time() - start:.0f} s', flush=True)
    clips = load_clips(data, cache)
    print(f'{len(clips)} clips, {sum(c.length for c in clips) / 16000 / 3600:.2f} h, {time.time() - start:.0f} s', flush=True)
    moved = shift_clips(clips, cache)
    print(f'{len(moved)} shifted clips, {sum(c.length for c in moved) / 16000 / 3600:.2f} h, '
          f'{time.time() - start:.0f} s', flush=True)
    return clips, moved


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    options = parser.parse_args()
    prepare(options.data, options.cache)
