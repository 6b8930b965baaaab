import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { batchesBySize, batchesByTokens, epochOrder, fillRate } from '../../src/data/batches.ts';
import { Random } from '../../src/random.ts';

const sorted = (batches: readonly (readonly number[])[]): number[] => batches.flat().sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Lengths as of German sentences: most about 25, some long. */
const random = new Random(7);
const LENGTHS = upTo(2000).map(() => Math.min(128, 4 + Math.round(-24 * Math.log(1 - random.uniform()))));

const test = suite('batches');
test('file order without a draw; a shuffled order holds every feature once', () => {
  assert.equal(epochOrder(4), [0, 1, 2, 3]);
  const order = epochOrder(500, { seed: 3, epoch: 0 });
  assert.equal(sorted([order]), upTo(500));
  assert.not.equal(order, upTo(500));
  assert.equal(epochOrder(0, { seed: 3, epoch: 0 }), []);
});
test('an epoch’s order depends on seed and epoch alone', () => {
  const order = epochOrder(500, { seed: 3, epoch: 2 });
  assert.equal(epochOrder(500, { seed: 3, epoch: 2 }), order);
  assert.not.equal(epochOrder(500, { seed: 3, epoch: 1 }), order);
  assert.not.equal(epochOrder(500, { seed: 4, epoch: 2 }), order);
});
test('every place is as likely to come first', () => {
  const firsts = new Array<number>(5).fill(0);
  for (let epoch = 0; epoch < 5000; epoch++) firsts[epochOrder(5, { seed: 1, epoch })[0]!]!++;
  // 1000 each; the standard deviation is 28.
  for (const n of firsts) assert.ok(Math.abs(n - 1000) < 140, String(firsts));
});
test('by size: the last batch takes what is left', () => {
  assert.equal(batchesBySize([4, 3, 2, 1, 0], 2), [[4, 3], [2, 1], [0]]);
  assert.equal(batchesBySize([], 2), []);
  assert.throws(() => batchesBySize([1], 0), /at least 1/);
});
test('by tokens, in order: a batch ends where the next feature would not fit', () => {
  assert.equal(batchesByTokens([0, 1, 2, 3], [5, 5, 1, 10], { tokens: 10 }), [[0, 1], [2], [3]]);
  assert.equal(batchesByTokens([3, 2], [5, 5, 1, 9], { tokens: 10 }), [[3, 2]]);
});
test('by tokens: none is lost, none too full, and packing longest first fills better', () => {
  const order = epochOrder(LENGTHS.length, { seed: 5, epoch: 0 });
  const tokens = 512;
  const plain = batchesByTokens(order, LENGTHS, { tokens });
  const packed = batchesByTokens(order, LENGTHS, { tokens, packWithin: 500, draw: { seed: 5, epoch: 0 } });
  for (const batches of [plain, packed]) {
    assert.equal(sorted(batches), upTo(LENGTHS.length));
    assert.ok(batches.every((batch) => batch.reduce((sum, i) => sum + LENGTHS[i]!, 0) <= tokens));
  }
  assert.ok(fillRate(plain, LENGTHS, tokens) < 0.98);
  assert.ok(fillRate(packed, LENGTHS, tokens) > 0.98);
  assert.equal(batchesByTokens(order, LENGTHS, { tokens, packWithin: 500, draw: { seed: 5, epoch: 0 } }), packed);
});
test('fill rate', () => {
  assert.is(fillRate([[0, 1], [2]], [4, 4, 2], 10), 0.5);
  assert.is(fillRate([], [], 10), 0);
});
test('a feature longer than a batch is an error that says so', () => {
  assert.throws(() => batchesByTokens([0], [11], { tokens: 10 }), /11 sub-tokens.*at most 10/);
});
test.run();
