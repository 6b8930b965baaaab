import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Span, spansOf, strictSpansOf } from '../../src/evaluation/spans.ts';

const test = suite('entity spans');
const show = (spans: Span[]) => spans.map(({ type, start, end }) => `${type} ${start}-${end}`).join(', ');
const lenient = (labels: string) => show(spansOf(labels.split(' ')));
const strict = (labels: string) => show(strictSpansOf(labels.split(' ')));

test('the same entities in IOB1, IOB2 and IOBES', () => {
  const want = 'PER 0-2, LOC 3-4, LOC 4-6';
  assert.is(lenient('I-PER I-PER O I-LOC B-LOC I-LOC'), want);
  assert.is(lenient('B-PER I-PER O B-LOC B-LOC I-LOC'), want);
  assert.is(lenient('B-PER E-PER O S-LOC B-LOC E-LOC'), want);
});

test('sequences that no scheme allows', () => {
  assert.is(lenient('O I-PER I-PER'), 'PER 1-3');
  assert.is(lenient('B-PER I-LOC I-LOC'), 'PER 0-1, LOC 1-3');
  assert.is(lenient('B-PER I-LOC I-PER'), 'PER 0-1, LOC 1-2, PER 2-3');
  assert.is(lenient('B-LOC I-LOC-deriv'), 'LOC 0-1, LOC-deriv 1-2');
  assert.is(lenient('E-PER I-PER'), 'PER 0-1, PER 1-2');
  assert.is(lenient('S-PER S-PER I-PER'), 'PER 0-1, PER 1-2, PER 2-3');
});

test('strict IOB2 knows only what B- starts', () => {
  assert.is(strict('I-LOC B-LOC I-PER I-LOC'), 'LOC 1-2');
  assert.is(strict('B-LOC I-LOC B-LOC O I-LOC'), 'LOC 0-2, LOC 2-3');
});

test('no words, and no entities', () => {
  assert.equal(spansOf([]), []);
  assert.equal(strictSpansOf([]), []);
  assert.equal(spansOf(['O', 'O']), []);
});
test.run();
