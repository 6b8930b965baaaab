import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  detectScheme,
  fromIob2,
  type LabelScheme,
  labelHint,
  parseLabel,
  toIob2,
} from '../../src/data/label_schemes.ts';

const split = (text: string): string[] => text.split(' ');
/** The same sentence in each scheme: two adjacent persons, one word between, an organisation of three words. */
const SAME: Record<LabelScheme, string[]> = {
  IOB1: split('I-PER I-PER B-PER O I-ORG I-ORG I-ORG I-LOC'),
  IOB2: split('B-PER I-PER B-PER O B-ORG I-ORG I-ORG B-LOC'),
  IOBES: split('B-PER E-PER S-PER O B-ORG I-ORG E-ORG S-LOC'),
};

const test = suite('label_schemes');
for (const scheme of ['IOB1', 'IOB2', 'IOBES'] as const) {
  test(`${scheme}: told, read into IOB2 and written from it`, () => {
    assert.is(detectScheme([SAME[scheme]]), scheme);
    assert.equal(toIob2(SAME[scheme], scheme), { labels: SAME.IOB2, faults: [] });
    assert.equal(fromIob2(SAME.IOB2, scheme), SAME[scheme]);
  });
}
test('a single B- that IOB1 has no use for makes it IOB2', () => {
  assert.is(detectScheme([split('O B-PER'), split('I-PER O')]), 'IOB2');
  assert.is(detectScheme([split('O O')]), 'IOB2');
});
test('I- without B- begins an entity, as conlleval reads it, and is reported', () => {
  const { labels, faults } = toIob2(split('I-PER O B-PER I-LOC I-LOC'), 'IOB2');
  assert.equal(labels, split('B-PER O B-PER B-LOC I-LOC'));
  assert.equal(
    faults.map(({ word, kind }) => [word, kind]),
    [
      [0, 'I- without B-'],
      [3, 'I- without B-'],
    ],
  );
});
test('broken IOBES: what has no start begins, what has no end ends there', () => {
  const { labels, faults } = toIob2(split('E-PER I-PER O B-LOC O B-ORG B-ORG E-ORG I-ORG B-PER'), 'IOBES');
  assert.equal(labels, split('B-PER B-PER O B-LOC O B-ORG B-ORG I-ORG B-ORG B-PER'));
  assert.equal(
    faults.map(({ word, kind }) => [word, kind]),
    [
      [0, 'E- without B-'],
      [1, 'I- without B-'],
      [1, 'entity without E-'],
      [3, 'entity without E-'],
      [5, 'entity without E-'],
      [8, 'I- without B-'],
      [8, 'entity without E-'],
      [9, 'entity without E-'],
    ],
  );
});
test('types may have hyphens and any letters', () => {
  assert.equal(parseLabel('B-creative-work'), { prefix: 'B', type: 'creative-work' });
  assert.equal(parseLabel('I-Ort'), { prefix: 'I', type: 'Ort' });
});
test('what is no label, and what it was probably meant to be', () => {
  for (const label of ['B_PER', 'LOC', 'b-PER', 'o', '0', 'B-', 'I', 'O-PER', 'B-A B', 'X-PER']) {
    assert.is(parseLabel(label), undefined, label);
  }
  assert.match(labelHint('B_PER'), /B-PER/);
  assert.match(labelHint('b-PER'), /B-PER/);
  assert.match(labelHint('U-LOC'), /S-LOC/);
  assert.match(labelHint('LOC'), /B-LOC/);
  assert.match(labelHint('0'), /capital letter/);
  assert.match(labelHint('B-'), /type is missing/);
  assert.match(labelHint('.'), /^expected O, B-TYPE or I-TYPE$/);
});
test.run();
