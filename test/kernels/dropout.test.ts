import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dropout } from '../../src/kernels/dropout.ts';
import { batchOf, runOnce, testGpu, upload } from '../gpu_support.ts';

const test = suite('dropout');

async function run(rows: number, width: number, rate: number, site: number, seed: number) {
  const gpu = await testGpu();
  const got = await runOnce(gpu, (plan) => {
    const x = upload(gpu, 'x', new Float32Array(rows * width).fill(1), [rows, width]);
    return { out: dropout(plan, batchOf(gpu, [rows], { seed }), x, rate, site, 'dropout') };
  });
  return got.out;
}

test('drops the expected share and scales the rest', async () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const values = await run(200, 100, rate, 0, 1);
    const kept = values.filter((v) => v !== 0);
    // Six standard deviations of a binomial share.
    const bound = 6 * Math.sqrt((rate * (1 - rate)) / values.length);
    assert.ok(Math.abs(kept.length / values.length - (1 - rate)) < bound, `rate ${rate}: kept ${kept.length}`);
    assert.ok(kept.every((v) => Math.abs(v * (1 - rate) - 1) < 1e-6));
  }
});

test('rate 0 changes nothing', async () => {
  assert.ok((await run(3, 5, 0, 0, 1)).every((v) => v === 1));
});

test('the draw depends on seed and site, and on nothing else', async () => {
  const a = await run(50, 40, 0.5, 0, 1);
  assert.equal(await run(50, 40, 0.5, 0, 1), a);
  for (const other of [await run(50, 40, 0.5, 1, 1), await run(50, 40, 0.5, 0, 2)]) {
    const same = other.reduce((n, v, i) => n + Number(v === a[i]), 0) / a.length;
    assert.ok(Math.abs(same - 0.5) < 0.07, `independent draws agree half the time, these ${same}`);
  }
});

test('neighbours and rows are independent', async () => {
  const values = await run(128, 128, 0.5, 2, 7);
  const agree = (offset: number) => {
    let same = 0;
    for (let i = offset; i < values.length; i++) same += Number((values[i] === 0) === (values[i - offset] === 0));
    return same / (values.length - offset);
  };
  for (const offset of [1, 2, 4, 64, 128, 256])
    assert.ok(Math.abs(agree(offset) - 0.5) < 0.03, `offset ${offset}: ${agree(offset)}`);
});
test.run();
