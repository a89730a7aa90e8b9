import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EvaluationError, parseLabels, readLabels } from '../../tools/evaluate/labels.ts';

const parse = (text: string) => parseLabels(text, 'L.tsv', '/clips');

test('rows of a list; columns in any order, others passed over, gender may be empty', () => {
  const clips = parse(
    'corpus\tgender\tfile\tage\tclass\r\nA\tfemale\tx.wav\t30\tspeech\r\nB\t\tsub/y.wav\t\tmusic\r\n\n',
  );
  assert.equal(clips, [
    { file: 'x.wav', path: '/clips/x.wav', class: 'speech', gender: 'female', corpus: 'A' },
    { file: 'sub/y.wav', path: '/clips/sub/y.wav', class: 'music', gender: undefined, corpus: 'B' },
  ]);
});

function refused(act: () => unknown, pattern: RegExp): void {
  try {
    act();
  } catch (error) {
    assert.instance(error, EvaluationError);
    assert.match((error as Error).message, pattern);
    assert.not.ok((error as Error).message.includes('\n'));
    return;
  }
  assert.unreachable('accepted');
}

test('what is wrong with a list is told in one line with its place', () => {
  refused(() => parse('file\tclass\ngender'), /L\.tsv: line 1 lacks the columns gender, corpus; it has file, class/);
  refused(
    () => parse('file\tclass\tgender\tcorpus\na.wav\tsong\t\tA'),
    /line 2 has "song" for class; allowed: speech, music, other$/,
  );
  refused(
    () => parse('file\tclass\tgender\tcorpus\na.wav\tspeech\tm\tA'),
    /line 2 has "m" for gender; allowed: male, female or nothing/,
  );
  refused(() => parse('file\tclass\tgender\tcorpus\n\tspeech\t\tA'), /line 2 names no file/);
  refused(() => parse('file\tclass\tgender\tcorpus\n'), /lists no clips/);
});

test('a missing list and a missing file are named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'labels-'));
  const list = join(folder, 'L.tsv');
  const message = (): Promise<string> =>
    readLabels(list, folder).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
  assert.match(await message(), /L\.tsv: the list of labels can't be read \(ENOENT\)/);
  await writeFile(list, 'file\tclass\tgender\tcorpus\na.wav\tspeech\t\tA\nb.wav\tmusic\t\tA\n');
  assert.match(await message(), /a\.wav: this file of .*L\.tsv is missing, and 1 others$/);
});

test.run();
