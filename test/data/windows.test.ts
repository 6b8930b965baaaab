import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { splitIntoWindows } from '../../src/data/windows.ts';

/** Words of these many sub-tokens. */
const words = (...sizes: number[]): number[][] => sizes.map((n) => new Array<number>(n).fill(9));
const ranges = (sizes: number[], window: number) =>
  splitIntoWindows(words(...sizes), window).map(({ from, to }) => [from, to]);

const test = suite('windows');
test('a sentence that fits exactly is one window; one sub-token more makes two', () => {
  assert.equal(ranges([3, 3, 2], 10), [[0, 3]]);
  assert.equal(ranges([3, 3, 3], 10), [
    [0, 2],
    [2, 3],
  ]);
});
test('a word longer than the window has one to itself', () => {
  assert.equal(ranges([1, 20, 1, 1], 10), [
    [0, 1],
    [1, 2],
    [2, 4],
  ]);
  assert.equal(ranges([20], 10), [[0, 1]]);
});
test('a word without sub-tokens takes the place of [UNK]', () => {
  assert.equal(ranges([0, 0, 0], 4), [
    [0, 2],
    [2, 3],
  ]);
});
test('the smallest window holds one sub-token', () => {
  assert.equal(ranges([2, 1], 3), [
    [0, 1],
    [1, 2],
  ]);
  assert.throws(() => splitIntoWindows(words(1), 2), /at least 3/);
});
test('a sentence without words has no window', () => assert.equal(ranges([], 10), []));
test.run();
