import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDataset } from '../../src/data/dataset.ts';
import { formatProblem } from '../../src/data/problems.ts';
import { describeFacts } from '../../src/data/read.ts';
import { type LabelledRow, readRowSentences } from '../../src/data/rows.ts';
import { toConll, toGermEval } from '../../src/data/write.ts';

const row = (text: string, number: number, file = 'train.parquet'): LabelledRow => {
  const cells = text.split(' ').map((cell) => cell.split('/') as [string, string, string?]);
  return {
    words: cells.map(([word]) => word),
    labels: cells.map(([, label]) => label),
    ...(cells[0]![2] !== undefined && { inner: cells.map(([, , inner]) => inner!) }),
    file,
    row: number,
  };
};
const read = (rows: LabelledRow[], level?: 'outer' | 'inner') => {
  const result = readRowSentences({ file: 'train', rows }, { level });
  return { ...result, problems: result.problems.map(formatProblem) };
};

const test = suite('rows');
test('IOB1 and IOBES become IOB2, told over all files of a split', () => {
  const iob1 = read([row('Ulm/I-LOC', 1, 'a'), row('Bonn/I-LOC Rom/B-LOC', 3, 'b')]);
  assert.equal(
    iob1.sentences.map(({ labels, source }) => [labels, source]),
    [
      [['B-LOC'], { file: 'a', line: 1, unit: 'row' }],
      [['B-LOC', 'B-LOC'], { file: 'b', line: 3, unit: 'row' }],
    ],
  );
  assert.equal(
    iob1.problems.map((text) => text.replace(/ with .*/, '')),
    ['a, row 1: warning: 1 entity begins', 'b, row 3: warning: 1 entity begins'],
  );
  assert.is(describeFacts(iob1.facts), 'Parquet, 2 rows in 2 files, labels IOB1, read into IOB2');
  const iobes = read([row('Bad/B-LOC Ems/E-LOC Rom/S-LOC', 1)]);
  assert.equal([iobes.sentences[0]!.labels, iobes.problems], [['B-LOC', 'I-LOC', 'B-LOC'], []]);
});
test('the inner level, and a table that has none', () => {
  const rows = [row('FC/B-ORG/O Köln/I-ORG/B-LOC', 1)];
  const [outer] = read(rows).sentences;
  assert.equal(
    [outer!.labels, outer!.inner],
    [
      ['B-ORG', 'I-ORG'],
      ['O', 'B-LOC'],
    ],
  );
  const [inner] = read(rows, 'inner').sentences;
  assert.equal(
    [inner!.labels, inner!.inner],
    [
      ['O', 'B-LOC'],
      ['B-ORG', 'I-ORG'],
    ],
  );
  assert.match(toGermEval([inner!], 'inner'), /^#\ttrain\.parquet, row 1\n1\tFC\tB-ORG\tO\n2\tKöln\tI-ORG\tB-LOC\n/);
  assert.match(read([row('Köln/B-LOC', 1)], 'inner').problems[0]!, /^train: error: has no inner level/);
});
test('every fault is told with its file and row', () => {
  const { problems, sentences } = read([row('Anna/PER kam/O', 4, 'a.parquet'), row('/O x/B-', 7, 'b.parquet')]);
  assert.match(problems[0]!, /^a\.parquet, row 4: error: 'PER' is no label/);
  assert.equal(
    problems.slice(1).map((text) => text.slice(0, 40)),
    ['b.parquet, row 7: error: word 1 is empty', "b.parquet, row 7: error: 'B-' is no labe"],
  );
  assert.is(sentences.length, 2);
  assert.match(read([]).problems[0]!, /^train: error: has no row/);
});
test('words that a file of lines could not hold', () => {
  const { sentences, problems } = readRowSentences({
    file: 'train',
    rows: [{ words: ['a\tb', '\u200b', 'c\nd'], labels: ['O', 'O', 'O'], file: 'x', row: 1 }],
  });
  assert.equal(
    problems.map(({ kind }) => kind),
    ['space in a token', 'invisible token', 'space in a token'],
  );
  assert.is(toConll(sentences), 'a b\tO\n\u200b\tO\nc d\tO\n\n');
});
test('rows and files of lines in one data set: what one repeats of the other has both places', () => {
  const dev = { file: 'dev.tsv', bytes: new TextEncoder().encode('Er O\n\nAnna B-PER\n') };
  const { labels, problems } = readDataset({ train: { file: 'train', rows: [row('Er/O', 5)] }, dev });
  assert.equal(labels, ['O', 'B-PER']);
  assert.equal(problems.map(formatProblem), [
    'dev.tsv:3: warning: B-PER, which occurs once in dev, here first, never occurs in train',
    'dev.tsv:1: warning: 1 of 2 sentences of dev stand in train as well; the first, here, in train.parquet, row 5',
  ]);
  const unknown = readDataset({ train: { file: 'train', rows: [row('Ulm/B-LOC', 5)] } }, { labels: ['O', 'B-PER'] });
  assert.match(formatProblem(unknown.problems[0]!), /^train\.parquet, row 5: error: the label set lacks B-LOC/);
});
test.run();
