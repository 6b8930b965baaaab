import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { write } from '../../src/gpu/memory.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { readTensor } from '../../src/gpu/readback.ts';
import { adamW, addLoss, gradientNorm, StepUniform } from '../../src/kernels/adamw.ts';
import { batchOf, type Case, close, createTensor, kernelCase, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('adamw');
const OPTIONS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };

/** An optimizer over parameters that lie end to end, those that decay first. */
async function optimizer(values: Float32Array<ArrayBuffer>, decayed: number, maxNorm = OPTIONS.maxNorm) {
  const gpu = await testGpu();
  const size = values.length;
  const buffers = {
    parameter: upload(gpu, 'parameter', values),
    gradient: createTensor(gpu, 'gradient', [size]),
    first: createTensor(gpu, 'first', [size]),
    second: createTensor(gpu, 'second', [size]),
  };
  const result = createTensor(gpu, 'result', [4]);
  const step = new StepUniform(gpu);
  const plan = new Plan(gpu);
  const tokenLoss = upload(gpu, 'losses', Float32Array.of(0.25, 0.5));
  plan.clear(result);
  addLoss(plan, batchOf(gpu, [2]), { tokenLoss, result });
  gradientNorm(plan, { gradient: buffers.gradient, result }, maxNorm);
  adamW(plan, step, { ...buffers, clip: result }, decayed, OPTIONS);
  const built = await plan.build();
  let count = 0;
  return async (gradient: Float32Array<ArrayBuffer>, learningRate: number, weightDecay: number) => {
    write(gpu, buffers.gradient, gradient);
    step.write(learningRate, weightDecay, ++count, OPTIONS);
    const encoder = gpu.device.createCommandEncoder();
    built.encode(encoder);
    gpu.device.queue.submit([encoder.finish()]);
    const [norm, factor, loss, finite] = await readTensor(gpu, result);
    return { parameter: await readTensor(gpu, buffers.parameter), norm: norm!, factor: factor!, loss, finite };
  };
}

const joined = (c: Case, ...names: string[]) => Float32Array.from(names.flatMap((n) => [...c.values(n)]));

for (const size of SIZES) {
  const c = await kernelCase('adamw', size);
  if (!c) {
    if (size !== 'wide') test.skip(size);
    continue;
  }
  test(`${size}: five steps with clipping and decay of a part, as torch.optim.AdamW's`, async () => {
    const decayed = c.values('decayed').length;
    const run = await optimizer(joined(c, 'decayed', 'exempt'), decayed);
    const rates = c.facts.learning_rates as number[];
    const norms = c.values('grad_norms');
    for (const [k, rate] of rates.entries()) {
      const got = await run(joined(c, `grad_decayed_${k}`, `grad_exempt_${k}`), rate, 0.01);
      close(`norm ${k}`, Float32Array.of(got.norm), [norms[k]!], 2e-6 * norms[k]!);
      // No yardstick stands in this file: float32 holds parameters of up to 4 to 2.4e-7.
      close(`step ${k}`, got.parameter, joined(c, `decayed_after_${k}`, `exempt_after_${k}`), 1e-6);
    }
  });
}

test('a gradient below the bound is not clipped, one of zero changes only by decay', async () => {
  const run = await optimizer(Float32Array.of(1, 2, 3, 4), 2);
  const small = await run(Float32Array.of(0.3, 0, 0, 0.4), 0, 0);
  close('norm', Float32Array.of(small.norm), [0.5], 1e-7);
  assert.is(small.factor, 1);
  assert.is(small.loss, 0.75);
  const run2 = await optimizer(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 4);
  const still = await run2(new Float32Array(8), 0.1, 0.5);
  close('decay', still.parameter, [0.95, 1.9, 2.85, 3.8, 5, 6, 7, 8], 1e-6);
});

test('a gradient that is not finite changes nothing and says so', async () => {
  for (const bad of [Number.NaN, Infinity, 3e38]) {
    const run = await optimizer(Float32Array.of(1, 2, 3, 4), 4);
    const got = await run(Float32Array.of(1, bad, bad, 0), 0.1, 0.1);
    assert.is(got.finite, 0);
    assert.equal([...got.parameter], [1, 2, 3, 4]);
  }
});

test('without a bound the norm is reported and nothing clipped', async () => {
  const run = await optimizer(new Float32Array(4), 0, 0);
  const got = await run(Float32Array.of(30, 0, 0, 40), 0.1, 0);
  close('norm', Float32Array.of(got.norm), [50], 1e-5);
  assert.is(got.factor, 1);
});
test.run();
