import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gpu } from '../../src/gpu/device.ts';
import { Plan } from '../../src/gpu/plan.ts';
import {
  type AttentionOptions,
  type AttentionVariant,
  attentionBackward,
  attentionForward,
  attentionVariants,
} from '../../src/kernels/attention.ts';
import { batchOf, close, createTensor, kernelCase, maxAbs, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';
import { attentionTwin } from './attention_twin.ts';

const test = suite('attention');

/** [tokens, hidden] × 3 -> [tokens, 3 · hidden], and back. */
function interleave(parts: readonly Float32Array[], hidden: number): Float32Array<ArrayBuffer> {
  const tokens = parts[0]!.length / hidden;
  const out = new Float32Array(tokens * 3 * hidden);
  parts.forEach((part, p) => {
    for (let t = 0; t < tokens; t++) out.set(part.subarray(t * hidden, (t + 1) * hidden), (t * 3 + p) * hidden);
  });
  return out;
}
function third(values: Float32Array, part: number, hidden: number): Float32Array {
  const tokens = values.length / hidden / 3;
  const out = new Float32Array(tokens * hidden);
  for (let t = 0; t < tokens; t++) {
    out.set(values.subarray((t * 3 + part) * hidden, (t * 3 + part + 1) * hidden), t * hidden);
  }
  return out;
}

async function runVariant(
  gpu: Gpu,
  lengths: number[],
  qkvValues: Float32Array<ArrayBuffer>,
  gradValues: Float32Array<ArrayBuffer>,
  options: AttentionOptions,
  seed: number,
  variant: AttentionVariant,
) {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const hidden = gradValues.length / tokens;
  const batch = batchOf(gpu, lengths, { seed });
  return runOnce(gpu, (plan) => {
    plan.attentionVariant = variant;
    const qkv = upload(gpu, 'qkv', qkvValues, [tokens, 3 * hidden]);
    const gradOut = upload(gpu, 'grad out', gradValues, [tokens, hidden]);
    const out = createTensor(gpu, 'out', [tokens, hidden]);
    const logSum = createTensor(gpu, 'log sum', [tokens, options.heads]);
    const gradQkv = createTensor(gpu, 'grad qkv', [tokens, 3 * hidden]);
    attentionForward(plan, batch, { qkv, out, logSum }, options, 'attention');
    attentionBackward(plan, batch, { qkv, out, logSum, gradOut, gradQkv }, options, 'attention');
    return { out, logSum, gradQkv };
  });
}

const wave = (length: number, seed: number, scale = 1) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 7.233 + seed) * scale);

for (const variant of attentionVariants(new Plan(await testGpu()))) {
  const run = (
    gpu: Gpu,
    lengths: number[],
    qkv: Float32Array<ArrayBuffer>,
    grad: Float32Array<ArrayBuffer>,
    options: AttentionOptions,
    seed = 0,
  ) => runVariant(gpu, lengths, qkv, grad, options, seed, variant);

  for (const size of SIZES) {
    for (const kind of ['plain', 'peaked']) {
      const c = await kernelCase(`attention_${kind}`, size);
      if (!c) {
        if (size !== 'wide') test.skip(`${kind} ${size}`);
        continue;
      }
      test(`${variant}, ${kind} ${size}: forward and every gradient as PyTorch's`, async () => {
        const gpu = await testGpu();
        const [, hidden] = c.shape('q') as [number, number];
        const options = { heads: c.facts.heads as number, dropout: 0, site: 0 };
        const qkv = interleave([c.values('q'), c.values('k'), c.values('v')], hidden);
        const got = await run(gpu, c.facts.lengths as number[], qkv, c.values('grad_out'), options);
        c.check('out', got.out);
        c.check('grad_q', third(got.gradQkv, 0, hidden));
        c.check('grad_k', third(got.gradQkv, 1, hidden));
        c.check('grad_v', third(got.gradQkv, 2, hidden));
      });
    }
  }

  for (const [lengths, heads, headSize] of [
    [[1], 1, 4],
    [[8], 2, 64],
    [[9, 1, 1, 7], 3, 12],
    [[130, 3], 2, 32],
    [[16, 17], 1, 128],
  ] as const) {
    test(`${variant}, lengths ${lengths.join(', ')}, ${heads} heads of ${headSize}: as the float64 twin`, async () => {
      const gpu = await testGpu();
      const tokens = lengths.reduce((a, b) => a + b, 0);
      const hidden = heads * headSize;
      const qkv = wave(tokens * 3 * hidden, 1, 1.5);
      const grad = wave(tokens * hidden, 2);
      const got = await run(gpu, [...lengths], qkv, grad, { heads, dropout: 0, site: 0 });
      const want = attentionTwin(qkv, grad, lengths, heads);
      close('out', got.out, want.out, 3e-6 * maxAbs(Float32Array.from(want.out)));
      close('log sum', got.logSum, want.logSum, 1e-5);
      close('grad qkv', got.gradQkv, want.gradQkv, 1e-5 * maxAbs(Float32Array.from(want.gradQkv)));
    });
  }

  test(`${variant}, a softmax so peaked that all weight is on one key`, async () => {
    const gpu = await testGpu();
    const hidden = 8;
    // Queries and keys along one axis, 100 times over: scores of up to 8·10⁴ and exp underflows for all keys but the largest.
    const qkv = new Float32Array(3 * 3 * hidden);
    for (let t = 0; t < 3; t++) {
      qkv.fill(100, t * 24, t * 24 + 8);
      qkv.fill(t * 100, t * 24 + 8, t * 24 + 16);
      qkv.fill(t + 1, t * 24 + 16, t * 24 + 24);
    }
    const got = await run(gpu, [3], qkv, new Float32Array(24).fill(1), { heads: 2, dropout: 0, site: 0 });
    close('out', got.out, new Float32Array(24).fill(3), 0);
    assert.ok(got.gradQkv.every((v) => Number.isFinite(v)));
    close('grad v', third(got.gradQkv, 2, hidden), [...new Array(16).fill(0), ...new Array(8).fill(3)], 0);
  });

  test(`${variant}, dropout keeps the expected share, scales what it keeps, and is the same in forward and backward`, async () => {
    const gpu = await testGpu();
    const [length, heads, headSize, rate] = [96, 2, 4, 0.25];
    const hidden = heads * headSize;
    // Equal scores and one-hot values: out shows the kept probabilities, each 1/length/(1 − rate) or 0.
    const qkv = new Float32Array(length * 3 * hidden);
    for (let t = 0; t < length; t++) qkv.fill(1, (t * 3 + 2) * hidden, (t * 3 + 3) * hidden);
    const grad = new Float32Array(length * hidden).fill(1);
    const options = { heads, dropout: rate, site: 3 };
    const got = await run(gpu, [length], qkv, grad, options, 11);
    const share = got.out.reduce((a, b) => a + b, 0) / got.out.length;
    assert.ok(Math.abs(share - 1) < 0.02, `mean ${share}`);
    const kept = got.out.map((v) => v * length * (1 - rate));
    assert.ok(
      kept.every((v) => Math.abs(v - Math.round(v)) < 1e-3),
      'whole numbers of kept keys',
    );
    // Σ over keys of grad_v = Σ over queries of out, where values and gradients are 1: both count the same kept pairs.
    const gradV = third(got.gradQkv, 2, hidden).reduce((a, b) => a + b, 0);
    const outs = got.out.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(gradV - outs) < 1e-3 * outs, `${gradV} against ${outs}`);
    const again = await run(gpu, [length], qkv, grad, options, 11);
    assert.equal(again.out, got.out);
    const other = await run(gpu, [length], qkv, grad, options, 12);
    assert.not.equal(other.out, got.out);
  });

  test(`${variant}, gradients with dropout agree with finite differences`, async () => {
    const gpu = await testGpu();
    const [lengths, heads, hidden] = [[6, 3], 1, 4];
    const qkv = wave(9 * 3 * hidden, 5);
    const grad = wave(9 * hidden, 6);
    const options = { heads, dropout: 0.3, site: 1 };
    const loss = (out: Float32Array) => out.reduce((sum, v, i) => sum + v * grad[i]!, 0);
    const { gradQkv } = await run(gpu, lengths, qkv, grad, options, 4);
    for (const i of [0, 5, 9, 14, 40, 77, 83, 100]) {
      const step = 1e-2;
      const at = async (delta: number) => {
        const moved = qkv.slice();
        moved[i]! += delta;
        return loss((await run(gpu, lengths, moved, grad, options, 4)).out);
      };
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      assert.ok(Math.abs(slope - gradQkv[i]!) < 2e-3, `element ${i}: ${gradQkv[i]} against ${slope}`);
    }
  });

  if (variant !== 'plain')
    test(`${variant}, with dropout as plain, over blocks of keys and tiles of queries`, async () => {
      const gpu = await testGpu();
      const [lengths, heads, hidden] = [[40, 9, 33], 2, 64];
      const [qkv, grad] = [wave(82 * 3 * hidden, 7, 1.5), wave(82 * hidden, 8)];
      const options = { heads, dropout: 0.3, site: 2 };
      const got = await run(gpu, lengths, qkv, grad, options, 5);
      const want = await runVariant(gpu, lengths, qkv, grad, options, 5, 'plain');
      close('out', got.out, want.out, 3e-6 * maxAbs(want.out));
      close('grad qkv', got.gradQkv, want.gradQkv, 1e-5 * maxAbs(want.gradQkv));
    });

  test(`${variant}, two runs give the same bits`, async () => {
    const gpu = await testGpu();
    const qkv = wave(40 * 96, 3);
    const grad = wave(40 * 32, 4);
    const options = { heads: 4, dropout: 0.1, site: 0 };
    const a = await run(gpu, [25, 15], qkv, grad, options);
    const b = await run(gpu, [25, 15], qkv, grad, options);
    assert.equal(a, b);
  });
}
test.run();
