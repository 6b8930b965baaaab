import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BatchOrder, largestBatch } from '../../src/training/order.ts';
import { learningRateAt } from '../../src/training/schedule.ts';
import { dropWords } from '../../src/training/word_dropout.ts';

const test = suite('schedule and order');

test('linear: up over the warm-up, then down to zero, as get_linear_schedule_with_warmup', () => {
  const schedule = { name: 'linear', learningRate: 1e-3, warmupSteps: 30, steps: 300 } as const;
  const close = (step: number, want: number) =>
    assert.ok(Math.abs(learningRateAt(schedule, step) - want) < 1e-12, `${step}`);
  close(0, 0);
  close(1, 1e-3 / 30);
  close(30, 1e-3);
  close(165, 0.5e-3);
  close(299, 1e-3 / 270);
  close(300, 0);
});
test('cosine halves in the middle, constant stays', () => {
  const shape = { learningRate: 1, warmupSteps: 0, steps: 100 };
  assert.ok(Math.abs(learningRateAt({ name: 'cosine', ...shape }, 50) - 0.5) < 1e-12);
  assert.is(learningRateAt({ name: 'constant', ...shape }, 99), 1);
});
test('an epoch goes through every sequence once, in another order than the next', () => {
  const order = new BatchOrder({
    lengths: new Array(23).fill(10),
    batch: { sequences: 4 },
    accumulation: 2,
    shuffle: true,
    seed: 5,
  });
  assert.is(order.stepsPerEpoch, 3);
  const epoch = (e: number) => [0, 1, 2].flatMap((s) => order.batches(3 * e + s)).flat();
  assert.equal(
    [...epoch(0)].sort((a, b) => a - b),
    Array.from({ length: 23 }, (_, i) => i),
  );
  assert.not.equal(epoch(0), epoch(1));
  assert.equal(
    order.batches(2).map((b) => b.length),
    [4, 3],
    'the last step takes what is left',
  );
});
const LENGTHS = Array.from({ length: 50 }, (_, i) => 3 + ((i * 17) % 29));
for (const batch of [{ sequences: 8 }, { tokens: 64 }]) {
  const options = { lengths: LENGTHS, batch, accumulation: 1, shuffle: true, seed: 9 };
  test(`a step’s batches of ${JSON.stringify(batch)} do not depend on the steps asked for before`, () => {
    const a = new BatchOrder(options);
    for (let s = 0; s < 40; s++) a.batches(s);
    assert.equal(new BatchOrder(options).batches(33), a.batches(33));
    assert.equal(new BatchOrder(options).batches(7), a.batches(7));
  });
}
test('a budget of tokens is kept and filled, every sequence once an epoch', () => {
  const order = new BatchOrder({ lengths: LENGTHS, batch: { tokens: 64 }, accumulation: 1, shuffle: true, seed: 9 });
  const batches = Array.from({ length: order.stepsPerEpoch }, (_, s) => order.batches(s)[0]!);
  const tokens = batches.map((b) => b.reduce((sum, i) => sum + LENGTHS[i]!, 0));
  assert.ok(tokens.every((n) => n <= 64));
  assert.equal(
    batches.flat().sort((a, b) => a - b),
    LENGTHS.map((_, i) => i),
  );
  assert.ok(order.fill! > 0.9 && order.fill! <= 1, `fill ${order.fill}`);
  assert.ok(Math.abs(order.fill! - tokens.reduce((a, b) => a + b, 0) / 64 / tokens.length) < 1e-12);
  assert.is(order.capacity, 64);
  assert.throws(
    () => new BatchOrder({ lengths: [70], batch: { tokens: 64 }, accumulation: 1, shuffle: true, seed: 9 }),
    /70 sub-tokens.*--max-tokens-per-batch/,
  );
});
test('no batch can hold more than the longest sequences together', () => {
  assert.is(largestBatch([3, 9, 4, 7], 2), 16);
  assert.is(largestBatch([3], 5), 3);
});
test('word dropout turns whole words into [UNK], about as many as it should, the same at the same step', () => {
  const ids = Int32Array.from([2, ...Array.from({ length: 300 }, (_, i) => 10 + i), 3]);
  const labels = new Int32Array(302).fill(-100);
  const words = Array.from({ length: 100 }, (_, word) => ({ sentence: 0, word, position: 1 + 3 * word }));
  const draw = (step: number) => dropWords([[{ ids, labels, words }]], 0.3, 1, 7, step)[0]![0]!.ids;
  const dropped = draw(4);
  assert.is(dropped[0], 2);
  assert.is(dropped[301], 3);
  const whole = words.map(({ position: p }) => [...dropped.slice(p, p + 3)].filter((id) => id === 1).length);
  assert.ok(whole.every((n) => n === 0 || n === 3));
  const share = whole.filter((n) => n === 3).length;
  assert.ok(share > 12 && share < 48, `${share} of 100 at rate 0.3`);
  assert.equal(draw(4), dropped);
  assert.not.equal(draw(5), dropped);
});
test.run();
