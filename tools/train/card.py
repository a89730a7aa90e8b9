"""Print the model card's tables from figures.json and the index."""
import argparse
import json
from collections import defaultdict
from pathlib import Path

from corpus import CLASSES, GENDERS, RATE, load_clips
from evalset import CONDITIONS
from evaluate import LENGTHS


def percent(value):
    return f'{value:.3f}'


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    return '\n'.join(lines + ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows]) + '\n'


def summaries(rows):
    """Rows of (name, summary) as a table of both models."""
    out = []
    for name, row in rows:
        speech, gender = row.get('speech'), row.get('gender')
        cells = [name]
        cells += [percent(speech['balanced']), *(percent(speech['recall'][c]) if c in speech['recall'] else '' for c in CLASSES), percent(speech['ece'])] if speech else [''] * 5
        cells += [percent(gender['balanced']), *(percent(gender['recall'][g]) if g in gender['recall'] else '' for g in GENDERS), percent(gender['ece'])] if gender else [''] * 4
        out.append(cells)
    return table(['', '3-class', *CLASSES, 'ECE', 'gender', *GENDERS, 'ECE'], out)


def groups(rows):
    """name -> recalls with counts, as a table."""
    out = []
    for name, row in sorted(rows.items()):
        cells = [name]
        for kind, labels in (('recall', CLASSES), ('gender', GENDERS)):
            cells += [f'{row[kind][c][0]:.2f} ({row[kind][c][1]})' if c in row.get(kind, {}) else '' for c in labels]
        out.append(cells)
    return table(['', *CLASSES, *GENDERS], out)


def sources(clips):
    """Corpora, minutes, licences and attributions, as the index gives them."""
    rows = defaultdict(lambda: [defaultdict(float), set(), set()])
    for clip in clips:
        row = rows[clip.corpus]
        row[0][clip.label] += clip.length / RATE / 60
        row[1].add(clip.licence)
        if clip.attribution:
            row[2].add(clip.attribution)
    out = []
    for corpus, (minutes, licences, names) in sorted(rows.items()):
        shown = sorted(names)
        extra = f' and {len(shown) - 3} more' if len(shown) > 3 else ''
        out.append([corpus, ', '.join(f'{k} {v:.1f}' for k, v in sorted(minutes.items())),
                    '; '.join(sorted(licences)), '; '.join(n.replace('|', '/') for n in shown[:3]) + extra])
    return table(['corpus', 'minutes', 'licence', 'attribution'], out)


def parts(figures, part, labels):
    """Recalls by kind of sound or by pitch band, of the folds where there are any: a row a name, a column a condition."""
    sources = list(figures['held_out'].values()) or [figures['dev']]
    rows = []
    for name in sorted({n for source in sources for n in source[part]['clean'] if n}):
        cells = [name]
        for condition in CONDITIONS:
            right, count = 0.0, 0
            for source in sources:
                for kind in ('recall', 'gender'):
                    for label, (value, number) in source[part][condition].get(name, {}).get(kind, {}).items():
                        if label in labels:
                            right, count = right + value * number, count + number
            cells.append(f'{right / count:.2f} ({count})' if count else '')
        rows.append(cells)
    return table(['', *CONDITIONS], rows)


def cross_corpus(figures):
    """Recalls averaged over the corpora that a fold held out, condition by condition."""
    out = []
    for condition in CONDITIONS:
        values = defaultdict(list)
        for fold in figures['held_out'].values():
            for name, value in fold['average'][condition].items():
                values[name].append(value)
        out.append([condition, *(percent(sum(values[n]) / len(values[n])) if values[n] else '' for n in (*CLASSES, *GENDERS))])
    return table(['mean over folds', *CLASSES, *GENDERS], out)


def held_out_corpora(figures):
    merged = {}
    for fold in figures['held_out'].values():
        merged.update(fold['corpora'])
    return groups(merged)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cache', required=True)
    parser.add_argument('--figures', required=True)
    options = parser.parse_args()
    figures = json.loads(Path(options.figures).read_text())
    for title, part in (('Dev', figures['dev']), ('Acted probe', figures['probe'])):
        print(f'### {title}, by condition and by length (clean)\n')
        print(summaries([(name, part['conditions'][name]) for name in CONDITIONS] +
                        [(f'{name} s', part['lengths'][name]) for name in LENGTHS]))
    if figures['held_out']:
        print('### Held-out corpora\n\n' + cross_corpus(figures) + '\n' + held_out_corpora(figures))
    print('### By kind of sound\n\n' + parts(figures, 'kinds', ('music', 'other')))
    print('### By pitch\n\n' + parts(figures, 'bands', GENDERS))
    print('### Kinds made another way: share called other\n')
    print(table(['', *CONDITIONS], [[kind, *(f"{figures['made_kinds'][c][kind]['other']:.2f}" for c in CONDITIONS)] for kind in figures['made_kinds']['clean']]))
    print('### Dev, by corpus\n\n' + groups(figures['dev']['corpora']))
    print('### Dev, by language (speech)\n\n' + groups({k: v for k, v in figures['dev']['languages'].items() if k != '-'}))
    print('### Degenerate input\n')
    print(table(['input', 'highest p(speech)', 'called speech', 'highest gender margin'],
                [[name, percent(row['speech']), 'yes' if row['is_speech'] else 'no', percent(row['margin'])] for name, row in figures['degenerate'].items()]))
    print('### Sources\n\n' + sources(load_clips(options.data, options.cache)))
