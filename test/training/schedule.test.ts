import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BatchOrder, largestBatch } from '../../src/training/order.ts';
import { learningRateAt } from '../../src/training/schedule.ts';

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
  const order = new BatchOrder({ count: 23, batchSize: 4, accumulation: 2, shuffle: true, seed: 5 });
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
test('a step’s batches do not depend on the steps asked for before', () => {
  const options = { count: 50, batchSize: 8, accumulation: 1, shuffle: true, seed: 9 };
  const a = new BatchOrder(options);
  for (let s = 0; s < 20; s++) a.batches(s);
  assert.equal(new BatchOrder(options).batches(13), a.batches(13));
});
test('no batch can hold more than the longest sequences together', () => {
  assert.is(largestBatch([3, 9, 4, 7], 2), 16);
  assert.is(largestBatch([3], 5), 3);
});
test.run();
