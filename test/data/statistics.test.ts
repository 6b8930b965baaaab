import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDataset } from '../../src/data/dataset.ts';
import { formatStatistics } from '../../src/data/report.ts';
import { datasetStatistics, subTokenStatistics } from '../../src/data/statistics.ts';
import { sentence, utf8 } from './support.ts';

const TRAIN = `1\tFC\tB-ORG\tO
2\tBayern\tI-ORG\tB-LOC
3\tAnna\tB-PER\tO

1\tJa\tO\tO

1\tJa\tB-OTH\tO

1\tJa\tO\tO
`;
const DEV = '1\tJa\tO\tO\n\n1\tAnna\tI-PER\tO\n2\tBayern\tB-ORG\tO\n';
const dataset = readDataset({ train: { file: 'train', bytes: utf8(TRAIN) }, dev: { file: 'dev', bytes: utf8(DEV) } });

const test = suite('statistics');
test('entities by type and level, labels, repeated sentences', () => {
  const { train, dev } = datasetStatistics(dataset);
  assert.equal([train!.sentences, train!.tokens], [4, 6]);
  assert.equal(train!.entities, { ORG: 1, OTH: 1, PER: 1 });
  assert.equal(train!.innerEntities, { LOC: 1 });
  assert.equal(train!.labels, { 'B-ORG': 1, 'B-OTH': 1, 'B-PER': 1, 'I-ORG': 1, O: 2 });
  assert.equal(train!.repeated, { sentences: 2, otherLabels: 1 });
  assert.equal(dev!.alsoIn, { train: { sentences: 1, otherLabels: 0 } });
  assert.equal(dev!.labelsNotInTrain, []);
  assert.is(train!.subTokens, undefined);
});
test('sub-tokens: one for each character, none for a dash, unknown for x', () => {
  const pieces = (words: readonly string[]) =>
    words.map((word) => Array.from(word.replaceAll('-', ''), (c) => (c === 'x' ? 1 : 9)));
  const sentences = [sentence('abc/O -/O xxd/O'), sentence('abcdefghi/O x/O'), sentence('a/O')];
  const found = subTokenStatistics(sentences, { pieces, unkId: 1, window: 8 });
  assert.equal(found, {
    window: 8,
    total: 9 + 12 + 3,
    mean: 8,
    percentiles: { '50': 9, '90': 12, '95': 12, '99': 12, '100': 12 },
    histogram: [{ from: 0, sentences: 3 }],
    windows: 2 + 2 + 1,
    splitSentences: 2,
    cutWords: 1,
    unknownPieces: 3,
    unknownWords: [
      { word: 'x', count: 1 },
      { word: 'xxd', count: 1 },
    ],
    emptyWords: 1,
  });
});
test('the table has a column a split', () => {
  const lines = formatStatistics(datasetStatistics(dataset)).split('\n');
  const row = (name: string) =>
    lines
      .find((line) => line.startsWith(name))!
      .slice(name.length)
      .trim()
      .split(/\s+/);
  assert.equal(lines[0]!.trim().split(/\s+/), ['train', 'dev']);
  assert.equal(row('tokens'), ['6', '3']);
  assert.equal(row('  ORG'), ['1', '1']);
  assert.equal(row('  OTH'), ['1', '0']);
  assert.equal(row('sentences repeated'), ['2', '0']);
  assert.equal(row('sentences also in train'), ['1']);
});
test('a split without sentences has figures of nothing', () => {
  const found = subTokenStatistics([], { pieces: () => [], unkId: 1, window: 8 });
  assert.equal([found.total, found.mean, found.windows, found.percentiles['100']], [0, 0, 0, 0]);
});
test.run();
