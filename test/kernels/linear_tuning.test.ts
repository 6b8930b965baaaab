import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../src/gpu/open_node.ts';
import type { TuningStore } from '../../src/gpu/tuning.ts';
import { LINEAR_VARIANTS, type LinearVariant, linearForward, linearKey } from '../../src/kernels/linear.ts';
import { tuneLinear } from '../../src/kernels/linear_tuning.ts';
import { batchOf, close, createTensor, maxAbs, runOnce, testGpu, upload } from '../gpu_support.ts';

const test = suite('tuning of linear layers');

const storage = () => {
  const kept: { text?: string; reads: number; writes: number } = { reads: 0, writes: 0 };
  const store: TuningStore = {
    read: async () => {
      kept.reads++;
      return kept.text;
    },
    write: async (text) => {
      kept.writes++;
      kept.text = text;
    },
  };
  return { kept, store };
};
const SHAPES = [
  [64, 192],
  [64, 7],
] as const;

test('a CPU adapter, whose fastest kernels are known, is not timed', async () => {
  const { kept, store } = storage();
  const gpu = await openGpu('auto', { tuning: { store } });
  if (gpu.adapter.kind !== 'gpu') {
    const bytes = gpu.allocatedBytes;
    await tuneLinear(gpu, SHAPES, 100, true);
    assert.is(gpu.tuned.size, 0);
    assert.is(kept.writes, 0);
    assert.is(gpu.allocatedBytes, bytes);
  }
  gpu.close();
});

test('timed once, then known: every product of a shape that several variants fit', async () => {
  const { kept, store } = storage();
  const gpu = await openGpu('auto', { tuning: { store, budget: 60_000 } });
  gpu.adapter.kind = 'gpu'; // as on one that nothing is known of
  const bytes = gpu.allocatedBytes;
  await tuneLinear(gpu, SHAPES, 100, true);
  const products = ['linear_forward', 'linear_grad_input', 'linear_grad_weight'] as const;
  for (const product of products) {
    assert.ok(['workgroup', 'tile'].includes(gpu.tuned.get(linearKey(product, 64, 192, 100))!), product);
  }
  assert.is(gpu.tuned.get(linearKey('linear_grad_input', 64, 7, 100)), undefined, 'only the plain kernel fits');
  assert.is(gpu.allocatedBytes, bytes, 'the memory it took is given back');
  assert.is(kept.writes, 1);
  const { tuned } = gpu;
  gpu.close();

  const again = await openGpu('auto', { tuning: { store, budget: 0 } });
  again.adapter.kind = 'gpu';
  await tuneLinear(again, SHAPES, 128, true);
  assert.equal([...again.tuned].sort(), [...tuned].sort(), 'batches of 65 to 128 tokens share their choice');
  assert.is(kept.writes, 1);
  again.close();
});

test('--retune times every variant that runs here, also on a CPU adapter, whatever is known', async () => {
  const { kept, store } = storage();
  const gpu = await openGpu('auto', { tuning: { store, retune: true, budget: 60_000 } });
  kept.text = '{ "adapters": 1 }';
  await tuneLinear(gpu, SHAPES, 100, false);
  const variant = gpu.tuned.get(linearKey('linear_forward', 64, 192, 100));
  assert.ok(variant !== undefined && LINEAR_VARIANTS.includes(variant as LinearVariant), variant);
  assert.match(kept.text!, /"linear_forward 64x192 128": "\w+"/);
  gpu.close();
});

test('no time left: the usual variants', async () => {
  const gpu = await openGpu('auto', { tuning: { retune: true, budget: 0 } });
  await tuneLinear(gpu, SHAPES, 100, true);
  assert.is(gpu.tuned.size, 0);
  gpu.close();
});

test('without tuning nothing is timed', async () => {
  const gpu = await testGpu();
  await tuneLinear(gpu, SHAPES, 100, true);
  assert.is(gpu.tuned.size, 0);
});

test('what is chosen changes results by rounding alone', async () => {
  const gpu = await openGpu();
  const wave = (n: number, seed: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed));
  const x = upload(gpu, 'x', wave(50 * 64, 1), [50, 64]);
  const weight = upload(gpu, 'weight', wave(192 * 64, 2), [192, 64]);
  const bias = upload(gpu, 'bias', wave(192, 3));
  const results = [];
  for (const variant of LINEAR_VARIANTS) {
    gpu.tuned = new Map([[linearKey('linear_forward', 64, 192, 50), variant]]);
    const { out } = await runOnce(gpu, (plan) => {
      const out = createTensor(gpu, 'out', [50, 192]);
      linearForward(plan, batchOf(gpu, [50]), { x, weight, bias, out }, 'linear');
      return { out };
    });
    results.push(out);
  }
  for (const got of results) close('out', got, results[0]!, 1e-6 * maxAbs(results[0]!));
  gpu.close();
});
test.run();
