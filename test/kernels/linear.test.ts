import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gpu } from '../../src/gpu/device.ts';
import { openGpu } from '../../src/gpu/open_node.ts';
import { Plan } from '../../src/gpu/plan.ts';
import type { BatchBuffers } from '../../src/kernels/batch.ts';
import { embeddingSum } from '../../src/kernels/embedding.ts';
import {
  type LinearVariant,
  linearActivationForward,
  linearActivationGradInput,
  linearForward,
  linearGradInput,
  linearGradParameters,
  linearKey,
  linearVariants,
} from '../../src/kernels/linear.ts';
import { batchOf, close, createTensor, kernelCase, maxAbs, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('linear');
const VARIANTS = linearVariants(new Plan(await testGpu()));

for (const size of SIZES) {
  for (const kind of ['square', 'up', 'down', 'one_row']) {
    const c = await kernelCase(`linear_${kind}`, size);
    if (!c) {
      if (size !== 'wide') test.skip(`${kind} ${size}`);
      continue;
    }
    for (const variant of VARIANTS)
      test(`${variant}, ${kind} ${size}: forward and every gradient as PyTorch's`, async () => {
        const gpu = await testGpu();
        const [tokens, k] = c.shape('x') as [number, number];
        const [n] = c.shape('bias') as [number];
        // More capacity than tokens: rows past the batch must be neither read nor written.
        const batch = batchOf(gpu, [tokens], { capacity: tokens + 19 });
        const padded = (name: string, width: number) => {
          const values = new Float32Array((tokens + 19) * width).fill(Number.NaN);
          values.set(c.values(name));
          return upload(gpu, name, values, [tokens + 19, width]);
        };
        const x = padded('x', k);
        const gradOut = padded('grad_out', n);
        const weight = upload(gpu, 'weight', c.values('weight'), [n, k]);
        const bias = upload(gpu, 'bias', c.values('bias'));
        const ones = (size: number) => new Float32Array(size).fill(1);
        const gradWeight = upload(gpu, 'grad weight', ones(n * k), [n, k]);
        const gradBias = upload(gpu, 'grad bias', ones(n));
        const addend = upload(gpu, 'addend', ones((tokens + 19) * k), [tokens + 19, k]);
        const got = await runOnce(gpu, (plan) => {
          plan.linearVariant = variant;
          plan.rowVariant = variant === 'workgroup' ? 'workgroup' : 'plain';
          const out = createTensor(gpu, 'out', [tokens + 19, n]);
          const gradX = createTensor(gpu, 'grad x', [tokens + 19, k]);
          const gradXPlus = createTensor(gpu, 'grad x', [tokens + 19, k]);
          linearForward(plan, batch, { x, weight, bias, out }, 'linear');
          linearGradInput(plan, batch, { gradOut, weight, gradX }, 'linear');
          linearGradInput(plan, batch, { gradOut, weight, gradX: gradXPlus, addend }, 'linear');
          linearGradParameters(plan, batch, { gradOut, x, gradWeight, gradBias }, 'linear');
          return { out, gradX, gradXPlus, gradWeight, gradBias };
        });
        c.check('out', got.out.subarray(0, tokens * n));
        c.check('grad_x', got.gradX.subarray(0, tokens * k));
        const minusOne = (values: Float32Array) => values.map((v) => v - 1);
        // Gradients of parameters are added to; adding 1 and taking it away costs a rounding of 1.2e-7.
        for (const [name, values] of [
          ['grad_x', minusOne(got.gradXPlus.subarray(0, tokens * k))],
          ['grad_weight', minusOne(got.gradWeight)],
          ['grad_bias', minusOne(got.gradBias)],
        ] as const) {
          const want = c.values(name);
          const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
          close(name, values, want, 16 * c.errors[name]! + 1e-6 * (1 + largest));
        }
        assert.ok(
          got.out.subarray(tokens * n).every((v) => v === 0),
          'rows past the batch are not written',
        );
        assert.ok(
          got.gradX.subarray(tokens * k).every((v) => v === 0),
          'rows past the batch are not written',
        );
      });
  }
}

for (const activation of ['gelu_new', 'gelu', 'relu'] as const) {
  for (const save of [true, false])
    test(`${activation} behind the product, ${save ? '' : 'not '}saved for the backward pass: every variant as plain`, async () => {
      const gpu = await testGpu();
      const [tokens, k, n] = [70, 64, 128];
      const batch = batchOf(gpu, [tokens]);
      const run = (variant: LinearVariant) =>
        runOnce(gpu, (plan) => {
          plan.linearVariant = variant;
          const x = upload(gpu, 'x', wave(tokens * k, 1), [tokens, k]);
          const weight = upload(gpu, 'weight', wave(n * k, 2), [n, k]);
          const bias = upload(gpu, 'bias', wave(n, 3));
          const inner = createTensor(gpu, 'inner', [tokens, n]);
          const out = createTensor(gpu, 'out', [tokens, n]);
          linearActivationForward(plan, batch, { x, weight, bias, inner, out }, activation, save, 'ffn');
          return { inner, out };
        });
      const want = await run('plain');
      for (const variant of VARIANTS) {
        const got = await run(variant);
        close(`${variant} out`, got.out, want.out, 1e-5 * maxAbs(want.out));
        if (save) close(`${variant} inner`, got.inner, want.inner, 1e-5 * maxAbs(want.inner));
      }
    });
}

for (const activation of ['gelu_new', 'gelu', 'relu'] as const)
  test(`${activation} before the product, backward: every variant as plain`, async () => {
    const gpu = await testGpu();
    const [tokens, k, n] = [70, 128, 64];
    const batch = batchOf(gpu, [tokens]);
    const run = (variant: LinearVariant) =>
      runOnce(gpu, (plan) => {
        plan.linearVariant = variant;
        const gradOut = upload(gpu, 'grad out', wave(tokens * n, 1), [tokens, n]);
        const weight = upload(gpu, 'weight', wave(n * k, 2), [n, k]);
        const inner = upload(gpu, 'inner', wave(tokens * k, 3), [tokens, k]);
        const gradActivated = createTensor(gpu, 'grad activated', [tokens, k]);
        const gradInner = createTensor(gpu, 'grad inner', [tokens, k]);
        linearActivationGradInput(plan, batch, { gradOut, weight, inner, gradActivated, gradInner }, activation, 'ffn');
        return { gradInner };
      });
    const { gradInner: want } = await run('plain');
    for (const variant of VARIANTS) close(variant, (await run(variant)).gradInner, want, 1e-5 * maxAbs(want));
  });

/** Uneven values without structure that rounding could hide in. */
const wave = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed) * 1.7);

const SMALL = 12_000;
const small = openGpu('auto', { maxBindingSize: SMALL });

for (const [tokens, k, n, blocks] of [
  [1, 4, 1],
  [3, 128, 384],
  [70, 64, 128],
  [33, 132, 260],
  [129, 8, 7],
  [50, 36, 44],
  // Weights larger than a binding, in blocks of rows that begin at multiples of 256 bytes.
  [9, 64, 260, 7],
  [2, 20, 996, 7],
  [7, 36, 132, 2],
  [6, 64, 192, 5],
  [3, 33, 150, 3],
] as const) {
  const within = blocks === undefined ? '' : ` with at most ${SMALL} bytes a binding`;
  for (const variant of VARIANTS)
    test(`${variant}, ${tokens} × ${k} × ${n}${within}: as a float64 product`, async () => {
      const gpu = await (blocks === undefined ? testGpu() : small);
      let products = 0;
      const batch = batchOf(gpu, [tokens]);
      const [xs, ws, bs, gs] = [wave(tokens * k, 1), wave(n * k, 2), wave(n, 3), wave(tokens * n, 4)];
      const got = await runOnce(gpu, (plan) => {
        plan.linearVariant = variant;
        plan.rowVariant = variant === 'workgroup' ? 'workgroup' : 'plain';
        const dispatch = plan.dispatch.bind(plan);
        plan.dispatch = (d) => {
          if (d.kernel.startsWith('linear')) products++;
          dispatch(d);
        };
        const x = upload(gpu, 'x', xs, [tokens, k]);
        const weight = upload(gpu, 'weight', ws, [n, k]);
        const gradOut = upload(gpu, 'grad out', gs, [tokens, n]);
        const out = createTensor(gpu, 'out', [tokens, n]);
        const gradX = createTensor(gpu, 'grad x', [tokens, k]);
        const gradWeight = createTensor(gpu, 'grad weight', [n, k]);
        const gradBias = createTensor(gpu, 'grad bias', [n]);
        linearForward(plan, batch, { x, weight, bias: upload(gpu, 'bias', bs), out }, 'linear');
        linearGradInput(plan, batch, { gradOut, weight, gradX }, 'linear');
        linearGradParameters(plan, batch, { gradOut, x, gradWeight, gradBias }, 'linear');
        return { out, gradX, gradWeight, gradBias };
      });
      assert.is(products, 3 * (blocks ?? 1), 'each product in its blocks');
      const sum = (count: number, term: (i: number) => number) => {
        let total = 0;
        for (let i = 0; i < count; i++) total += term(i);
        return total;
      };
      const grid = (rows: number, columns: number, at: (r: number, c: number) => number) =>
        Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
      const bound = (terms: number) => 4e-7 * 3 * terms;
      close(
        'out',
        got.out,
        grid(tokens, n, (t, j) => bs[j]! + sum(k, (i) => xs[t * k + i]! * ws[j * k + i]!)),
        bound(k),
      );
      close(
        'grad x',
        got.gradX,
        grid(tokens, k, (t, i) => sum(n, (j) => gs[t * n + j]! * ws[j * k + i]!)),
        bound(n),
      );
      close(
        'grad weight',
        got.gradWeight,
        grid(n, k, (j, i) => sum(tokens, (t) => gs[t * n + j]! * xs[t * k + i]!)),
        bound(tokens),
      );
      close(
        'grad bias',
        got.gradBias,
        grid(1, n, (_, j) => sum(tokens, (t) => gs[t * n + j]!)),
        bound(tokens),
      );
    });
}
const product = async (gpu: Gpu, record: (plan: Plan, batch: BatchBuffers) => void) => {
  const plan = new Plan(gpu);
  record(plan, batchOf(gpu, [70]));
  return (await plan.build()).operations.map(({ kernel }) => kernel);
};
const layer = (gpu: Gpu, n: number) => ({
  x: upload(gpu, 'x', wave(70 * 64, 1), [70, 64]),
  weight: upload(gpu, 'weight', wave(n * 64, 2), [n, 64]),
  bias: upload(gpu, 'bias', wave(n, 3)),
  out: createTensor(gpu, 'out', [70, n]),
});

test('a GPU takes the kernels with tiles in workgroup memory, for all sizes that they fit', async () => {
  const gpu = await openGpu();
  gpu.adapter.kind = 'gpu';
  const kernels = (n: number) => product(gpu, (plan, batch) => linearForward(plan, batch, layer(gpu, n), 'linear'));
  assert.equal(await kernels(128), ['linear_forward_workgroup']);
  assert.equal(await kernels(25), ['linear_forward_tile'], 'the classifier has as many columns as labels');
  gpu.close();
});

test('half precision, where it is asked for on a GPU that has it: operands of 11 bits, sums in single precision', async () => {
  const gpu = await testGpu();
  if (!gpu.has('shader-f16')) {
    await openGpu('auto', { halfPrecision: true }).then(
      () => assert.unreachable('opened'),
      (error: Error) => assert.match(error.message, /no half precision.*leave out --half-precision/),
    );
    return;
  }
  for (const [tokens, k, n] of [
    [70, 64, 192],
    [33, 132, 260],
    [1, 4, 4],
  ] as const) {
    const [xs, ws, bs] = [wave(tokens * k, 1), wave(n * k, 2), wave(n, 3)];
    const run = (halfPrecision: boolean) =>
      runOnce(gpu, (plan) => {
        plan.linearVariant = 'workgroup';
        plan.halfPrecision = halfPrecision;
        const out = createTensor(gpu, 'out', [tokens, n]);
        const weight = upload(gpu, 'weight', ws, [n, k]);
        const x = upload(gpu, 'x', xs, [tokens, k]);
        linearForward(plan, batchOf(gpu, [tokens]), { x, weight, bias: upload(gpu, 'bias', bs), out }, 'linear');
        return { out };
      });
    const got = (await run(true)).out;
    const whole = (await run(false)).out;
    assert.ok(got.some((v, i) => v !== whole[i]));
    // Two roundings of 2^-11 a term, of terms up to 1.7 × 1.7.
    close('out', got, whole, k * 2 * 2 ** -11 * 1.7 ** 2);
    const rounded = await run(true);
    assert.equal(rounded.out, got, 'the same bits again');
  }
});

test('what tuning found is taken, where it fits and runs here', async () => {
  const gpu = await openGpu();
  const kernels = async (n: number, variant: string) => {
    gpu.tuned = new Map([[linearKey('linear_forward', 64, n, 70), variant]]);
    return product(gpu, (plan, batch) => linearForward(plan, batch, layer(gpu, n), 'linear'));
  };
  assert.equal(await kernels(128, 'tile'), ['linear_forward_tile']);
  const usual = await kernels(128, 'no such variant');
  assert.equal(await kernels(128, `subgroup${64 - gpu.adapter.subgroupSize}`), usual, 'made on another adapter');
  assert.is.not((await kernels(25, 'workgroup'))[0], 'linear_forward_workgroup');
  gpu.close();
});

for (const variant of VARIANTS)
  test(`${variant}: the same bits from two runs`, async () => {
    const gpu = await testGpu();
    const run = () =>
      runOnce(gpu, (plan) => {
        plan.linearVariant = variant;
        plan.rowVariant = variant === 'workgroup' ? 'workgroup' : 'plain';
        const batch = batchOf(gpu, [70]);
        const { x, weight, bias, out } = layer(gpu, 192);
        const gradOut = upload(gpu, 'grad out', wave(70 * 192, 4), [70, 192]);
        const gradX = createTensor(gpu, 'grad x', [70, 64]);
        const gradWeight = createTensor(gpu, 'grad weight', [192, 64]);
        const gradBias = createTensor(gpu, 'grad bias', [192]);
        linearForward(plan, batch, { x, weight, bias, out }, 'linear');
        linearGradInput(plan, batch, { gradOut, weight, gradX }, 'linear');
        linearGradParameters(plan, batch, { gradOut, x, gradWeight, gradBias }, 'linear');
        return { out, gradX, gradWeight, gradBias };
      });
    assert.equal(await run(), await run());
  });

test('an activation larger than a binding is an error that says what would help', async () => {
  const gpu = await small;
  const batch = batchOf(gpu, [100]);
  const weight = upload(gpu, 'weight', wave(64 * 16, 1), [64, 16]);
  const bias = upload(gpu, 'bias', wave(64, 1));
  const record = (plan: Plan) => {
    const x = plan.tensor('x', [100, 16]);
    const out = plan.tensor('layer 0 inner', [100, 64]);
    linearForward(plan, batch, { x, weight, bias, out }, 'layer 0 ffn');
  };
  assert.throws(
    () => record(new Plan(gpu)),
    /"layer 0 inner" \[100, 64\] takes 25600 bytes.* can bind 12000 at once.*--per-device-train-batch-size/,
  );
});

test('a table of parameters larger than a binding is an error that says so', async () => {
  const gpu = await small;
  const batch = batchOf(gpu, [4]);
  const word = upload(gpu, 'word embeddings', wave(500 * 16, 1), [500, 16]);
  const rows = upload(gpu, 'rows', wave(64, 1), [4, 16]);
  const plan = new Plan(gpu);
  const tensors = { word, position: rows, tokenType: rows, out: createTensor(gpu, 'out', [4, 16]) };
  assert.throws(
    () => embeddingSum(plan, batch, tensors, 'embeddings'),
    /"word embeddings" .*The model is too large for this adapter/,
  );
});
test.after(async () => (await small).close());
test.run();
