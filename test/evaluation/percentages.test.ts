import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fixed, percentagesOf } from '../../src/evaluation/percentages.ts';

const test = suite('percentages');

test('numbers are rounded as printf rounds them: exact ties to the even digit', () => {
  // printf '%.2f' on the left of each pair gives the right.
  for (const [value, text] of [
    [15.625, '15.62'],
    [9.375, '9.38'],
    [12.125, '12.12'],
    [0.125, '0.12'],
    [0.375, '0.38'],
    [1.005, '1.00'],
    [2.675, '2.67'],
    [100, '100.00'],
    [-15.625, '-15.62'],
  ] as const) {
    assert.is(fixed(value, 2), text);
  }
  assert.is(fixed(0.5, 0), '0');
  assert.is(fixed(1.5, 0), '2');
  assert.is(fixed(2.5, 0), '2');
});

test('nothing of nothing is 0', () => {
  assert.equal(percentagesOf({ gold: 0, found: 0, correct: 0 }), { precision: 0, recall: 0, f1: 0 });
  assert.equal(percentagesOf({ gold: 2, found: 4, correct: 1 }), { precision: 25, recall: 50, f1: 100 / 3 });
});
test.run();
