import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toConll, toGermEval } from '../../src/data/write.ts';
import { read, sentence } from './support.ts';

const SENTENCES = [sentence('#/O New/B-LOC York/I-LOC \u0096/O', 'a/b.tsv', 3), sentence('1/O 2/O', 'a/b.tsv', 9)];

const test = suite('write');
test('two columns read back as they were', () => {
  const { sentences } = read(toConll(SENTENCES));
  assert.equal(
    sentences.map(({ words, labels }) => ({ words, labels })),
    SENTENCES.map(({ words, labels }) => ({ words, labels })),
  );
});
test('GermEval’s form reads back with both levels, whichever was chosen', () => {
  for (const level of ['outer', 'inner'] as const) {
    const both = SENTENCES.map((s) => ({ ...s, inner: s.words.map((_, w) => (w === 1 ? 'B-ORG' : 'O')) }));
    const text = toGermEval(both, level);
    assert.ok(text.startsWith('#\tb.tsv:3\n1\t#\t'));
    const { sentences, problems } = read(text, { level });
    assert.equal(
      problems.filter((problem) => problem.includes('error')),
      [],
    );
    assert.equal(
      sentences.map(({ words, labels, inner }) => ({ words, labels, inner })),
      both.map(({ words, labels, inner }) => ({ words, labels, inner })),
    );
  }
});
test.run();
