import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { byCodePoint, labelIdsOf, labelSet, parseLabelFile, unknownLabels } from '../../src/data/labels.ts';
import { UserError } from '../../src/errors.ts';
import { sentence } from './support.ts';

const test = suite('labels');
test('O first, the others as Python sorts them', () => {
  const sentences = [sentence('a/I-PER b/B-LOCderiv c/B-LOC'), sentence('d/B-ORG e/B-loc f/B-LOCpart')];
  assert.equal(labelSet(sentences), ['O', 'B-LOC', 'B-LOCderiv', 'B-LOCpart', 'B-ORG', 'B-loc', 'I-PER']);
  assert.is(labelIdsOf(labelSet(sentences)).get('B-loc'), 5);
  assert.equal(labelSet([]), ['O']);
});
test('code points, not UTF-16 units: U+FF21 stands before U+1F600', () => {
  assert.equal(['B-😀', 'B-Ａ', 'B-'].sort(byCodePoint), ['B-', 'B-Ａ', 'B-😀']);
});
test('a label file keeps its order, with CRLF, blank lines and a byte-order mark', () => {
  assert.equal(parseLabelFile('\uFEFFB-PER\r\nI-PER\r\n\r\nO', 'labels.txt'), ['B-PER', 'I-PER', 'O']);
});
test('a faulty label file names every faulty line', () => {
  assert.throws(
    () => parseLabelFile('O\nB-PER\nPER\nB-PER\nE-PER\n', 'labels.txt'),
    (error: unknown) =>
      error instanceof UserError &&
      /labels.txt:3: 'PER'/.test(error.message) &&
      /labels.txt:4: B-PER stands in line 2/.test(error.message) &&
      /labels.txt:5: 'E-PER'/.test(error.message),
  );
  assert.throws(() => parseLabelFile('\n', 'labels.txt'), /no label/);
});
test('unknown labels with how often and where first', () => {
  const sentences = [sentence('a/O'), sentence('a/B-X b/O c/B-X', 'f', 7), sentence('a/I-Y b/B-X', 'f', 11)];
  const found = [...unknownLabels(sentences, ['O', 'B-Z'])].map(([l, { count, first }]) => [
    l,
    count,
    first.source?.line,
  ]);
  assert.equal(found, [
    ['B-X', 3, 7],
    ['I-Y', 1, 11],
  ]);
});
test.run();
