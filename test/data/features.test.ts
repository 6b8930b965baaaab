import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFeatures } from '../../src/data/features.ts';
import { labelIdsOf, labelSet } from '../../src/data/labels.ts';
import { readSentences } from '../../src/data/read.ts';
import { UserError } from '../../src/errors.ts';
import { sharedData } from '../support.ts';
import { sentence } from './support.ts';

/** A tokenizer of code points that drops control characters beyond ASCII. */
const characters = (words: readonly string[]): number[][] =>
  words.map((word) => Array.from(word, (c) => c.codePointAt(0)!).filter((c) => c < 0x80 || c > 0x9f));
const SPECIAL = { clsId: 2, sepId: 3, unkId: 1 };

const test = suite('features');
test('labels stand at first sub-tokens, words at their positions', () => {
  const sentences = [sentence('ab/B-PER \u0096/O c/O'), sentence('defg/B-PER h/O')];
  const features = makeFeatures(sentences, characters, { ...SPECIAL, window: 5, labelIds: labelIdsOf(['O', 'B-PER']) });
  assert.equal(features, [
    {
      ids: Int32Array.of(2, 97, 98, 1, 3),
      labels: Int32Array.of(-100, 1, -100, 0, -100),
      words: [
        { sentence: 0, word: 0, position: 1 },
        { sentence: 0, word: 1, position: 3 },
      ],
    },
    {
      ids: Int32Array.of(2, 99, 3),
      labels: Int32Array.of(-100, 0, -100),
      words: [{ sentence: 0, word: 2, position: 1 }],
    },
    {
      ids: Int32Array.of(2, 100, 101, 102, 3),
      labels: Int32Array.of(-100, 1, -100, -100, -100),
      words: [{ sentence: 1, word: 0, position: 1 }],
    },
    {
      ids: Int32Array.of(2, 104, 3),
      labels: Int32Array.of(-100, 0, -100),
      words: [{ sentence: 1, word: 1, position: 1 }],
    },
  ]);
});
test('without label ids nothing has a label', () => {
  const [feature] = makeFeatures([sentence('ab/? c/?')], characters, { ...SPECIAL, window: 9 });
  assert.equal(feature!.labels, new Int32Array(5).fill(-100));
});
test('a label that the set lacks is named with its place', () => {
  const run = () =>
    makeFeatures([sentence('a/B-LOC', 'dev.tsv', 12)], characters, {
      ...SPECIAL,
      window: 9,
      labelIds: labelIdsOf(['O']),
    });
  assert.throws(run, (error: unknown) => error instanceof UserError && /dev.tsv:12.*B-LOC/.test(error.message));
});

// SHA-256 of what train_hf.py's `encode` gives with the tokenizer above: each row as JSON [ids, labels, words].
const GERMEVAL_DEV: [window: number, windows: number, digest: string][] = [
  [128, 2777, '71af19986634fddeb74c5712cdfa3d77772396c13da2c4a2a4481266058e793f'],
  [40, 7290, '4ed8e7205594e7167e7e84305de8cc8c34ac8d2295abaf81497e1ce800d7491c'],
  [9, 33198, 'bfd3c483e7056d10e5af98a70d19653cb1a14cdf88ea36012bb4ddd33bcb19e6'],
];
const file = sharedData('germeval2014/NER-de-dev.tsv');
for (const [window, windows, digest] of GERMEVAL_DEV) {
  (file ? test : test.skip)(
    `GermEval’s dev file in windows of ${window}: the reference program’s, to the last id`,
    () => {
      const { sentences } = readSentences({ file: file!, bytes: readFileSync(file!) });
      const options = { ...SPECIAL, window, labelIds: labelIdsOf(labelSet(sentences)) };
      const features = makeFeatures(sentences, characters, options);
      const hash = createHash('sha256');
      for (const { ids, labels, words } of features) {
        const positions = words.map(({ sentence: s, word, position }) => [s, word, position]);
        hash.update(JSON.stringify([[...ids], [...labels], positions]));
      }
      assert.is(features.length, windows);
      assert.is(
        features.reduce((sum, { words }) => sum + words.length, 0),
        41_653,
        'every word once',
      );
      assert.is(hash.digest('hex'), digest);
    },
  );
}
test.run();
