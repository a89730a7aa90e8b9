import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EvaluationError } from '../../tools/evaluate/labels.ts';
import { listsSegments, parseSegments } from '../../tools/evaluate/segments.ts';

const parse = (text: string) => parseSegments(text, 'S.tsv', '/r');

test('a list of segments is told from a list of clips by its first line', () => {
  assert.ok(listsSegments('\ufeffstart\tend\tlabel\tfile\r\n'));
  assert.not(listsSegments('file\tclass\tgender\tcorpus\n'));
});

test('rows by recording, in order of time, whatever the order of columns', () => {
  const recordings = parse(
    'label\tfile\tend\tstart\tby\nspeech\ta.wav\t2.5\t1\tx\nnoise\tb.wav\t1\t0\tx\nspeech\ta.wav\t0.5\t0.25\tx\n',
  );
  assert.equal(recordings, [
    {
      file: 'a.wav',
      path: '/r/a.wav',
      segments: [
        { start: 0.25, end: 0.5, label: 'speech' },
        { start: 1, end: 2.5, label: 'speech' },
      ],
    },
    { file: 'b.wav', path: '/r/b.wav', segments: [{ start: 0, end: 1, label: 'noise' }] },
  ]);
});

test('what is wrong with a list is told with its line', () => {
  const refused = (row: string, pattern: RegExp) =>
    assert.throws(
      () => parse(`file\tstart\tend\tlabel\n${row}`),
      (error: Error) => error instanceof EvaluationError && pattern.test(error.message),
    );
  refused('a.wav\t1\t1\tspeech', /S\.tsv: line 2 goes from "1" to "1"/);
  refused('a.wav\t\t1\tspeech', /line 2 goes from "" to "1"/);
  refused('a.wav\tone\ttwo\tspeech', /two times in seconds/);
  refused('\t0\t1\tspeech', /line 2 names no file/);
  refused('a.wav\t0\t1\t', /line 2 has no label/);
  refused('', /lists no segments/);
});

test.run();
