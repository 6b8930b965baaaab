import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { write } from '../../src/gpu/memory.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { readTensor } from '../../src/gpu/readback.ts';
import { adamW, addLoss, gradientNorm, StepUniform } from '../../src/kernels/adamw.ts';
import { RowOptimizer } from '../../src/kernels/adamw_rows.ts';
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

/** The same optimizer, the parameters that decay being a table whose rows are moved as they are listed. */
async function rowsOptimizer(table: Float32Array<ArrayBuffer>, width: number, exempt: Float32Array<ArrayBuffer>) {
  const gpu = await testGpu();
  const buffers = (values: Float32Array<ArrayBuffer>, shape: number[]) => ({
    parameter: upload(gpu, 'parameter', values, shape),
    gradient: createTensor(gpu, 'gradient', shape),
    first: createTensor(gpu, 'first', shape),
    second: createTensor(gpu, 'second', shape),
  });
  const words = buffers(table, [table.length / width, width]);
  const rest = buffers(exempt, [exempt.length]);
  const rows = new RowOptimizer(gpu, words, OPTIONS);
  const result = createTensor(gpu, 'result', [4]);
  const step = new StepUniform(gpu);
  const plan = new Plan(gpu);
  plan.clear(result);
  rows.catchUp(plan);
  gradientNorm(plan, { gradient: rest.gradient, rows: rows.touched, result }, OPTIONS.maxNorm);
  adamW(plan, step, { ...rest, clip: result }, 0, OPTIONS);
  rows.update(plan, result);
  const built = await plan.build();
  const settling = await rows.settling();
  const run = async (plan: typeof built) => {
    const encoder = gpu.device.createCommandEncoder();
    plan.encode(encoder);
    gpu.device.queue.submit([encoder.finish()]);
  };
  let count = 0;
  return {
    async step(gradient: Float32Array<ArrayBuffer>, exemptGradient: Float32Array<ArrayBuffer>, rate: number) {
      write(gpu, words.gradient, gradient);
      write(gpu, rest.gradient, exemptGradient);
      const listed = [...gradient.keys()].filter((i) => gradient[i] !== 0).map((i) => Math.floor(i / width));
      step.write(rate, 0.01, ++count, OPTIONS);
      rows.write(count, rate, 0.01, listed);
      await run(built);
      const [norm] = await readTensor(gpu, result);
      assert.ok(
        (await readTensor(gpu, words.gradient)).every((g) => g === 0),
        'gradients are set to zero',
      );
      return { norm: norm!, exempt: await readTensor(gpu, rest.parameter) };
    },
    /** The table with every row up to date. */
    async table() {
      rows.settle(count);
      await run(settling);
      return readTensor(gpu, words.parameter);
    },
  };
}

for (const size of SIZES) {
  const c = await kernelCase('adamw', size);
  if (!c) continue;
  test(`${size}: five steps over the rows of a table, as torch.optim.AdamW's`, async () => {
    const [, width] = c.shape('decayed') as [number, number];
    for (const often of [true, false]) {
      const optimizer = await rowsOptimizer(c.values('decayed'), width, c.values('exempt'));
      for (const [k, rate] of (c.facts.learning_rates as number[]).entries()) {
        const got = await optimizer.step(c.values(`grad_decayed_${k}`), c.values(`grad_exempt_${k}`), rate);
        close(`norm ${k}`, Float32Array.of(got.norm), [c.values('grad_norms')[k]!], 2e-6 * got.norm);
        close(`exempt ${k}`, got.exempt, c.values(`exempt_after_${k}`), 1e-6);
        if (often || k === 4) close(`table ${k}`, await optimizer.table(), c.values(`decayed_after_${k}`), 1e-6);
      }
    }
  });
}

test('a row without a gradient moves on as torch.optim.AdamW moves it, whenever that is made up for', async () => {
  const width = 4;
  const steps = 10;
  // A float64 twin of one parameter of row 0, whose gradient is there at steps 1 and 7 only; row 1 has one at every step.
  let [p, m, v] = [0.5, 0, 0];
  for (let k = 1; k <= steps; k++) {
    const g = k === 1 || k === 7 ? 0.01 : 0;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= p * 0.01 * 0.01;
    p -= (0.01 * (m / (1 - 0.9 ** k))) / (Math.sqrt(v / (1 - 0.999 ** k)) + 1e-8);
  }
  for (const often of [true, false]) {
    const optimizer = await rowsOptimizer(new Float32Array(3 * width).fill(0.5), width, new Float32Array(4));
    for (let k = 1; k <= steps; k++) {
      const gradient = new Float32Array(3 * width).fill(0.01, width, 2 * width);
      if (k === 1 || k === 7) gradient.fill(0.01, 0, width);
      await optimizer.step(gradient, new Float32Array(4), 0.01);
      if (often) await optimizer.table();
    }
    const table = await optimizer.table();
    close('row 0', table.subarray(0, width), [p, p, p, p], 1e-6);
    // Never touched: only the decay of ten steps.
    close('row 2', table.subarray(2 * width), new Array(width).fill(0.5 * 0.9999 ** steps), 1e-6);
  }
});

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
