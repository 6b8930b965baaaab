import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBytes } from '../../src/gpu/readback.ts';
import { argmax, crossEntropy, softmax } from '../../src/kernels/cross_entropy.ts';
import { batchOf, close, createTensor, kernelCase, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('cross-entropy');

async function run(logits: Float32Array<ArrayBuffer>, labels: Int32Array) {
  const gpu = await testGpu();
  const shape = [labels.length, logits.length / labels.length];
  const batch = batchOf(gpu, [labels.length], { labels });
  const best = createTensor(gpu, 'best', [labels.length]);
  const got = await runOnce(gpu, (plan) => {
    const input = upload(gpu, 'logits', logits, shape);
    const tokenLoss = createTensor(gpu, 'loss', [labels.length]);
    const gradLogits = createTensor(gpu, 'grad', shape);
    const probabilities = createTensor(gpu, 'probabilities', shape);
    crossEntropy(plan, batch, { logits: input, tokenLoss, gradLogits }, 'loss');
    softmax(plan, batch, { logits: input, out: probabilities }, 'softmax');
    argmax(plan, batch, { logits: input, best }, 'argmax');
    return { tokenLoss, gradLogits, probabilities };
  });
  const loss = got.tokenLoss.reduce((a, b) => a + b, 0);
  return { ...got, loss, best: new Uint32Array(await readBytes(gpu, best)) };
}

for (const size of SIZES) {
  for (const kind of ['plain', 'extreme']) {
    const c = await kernelCase(`cross_entropy_${kind}`, size);
    if (!c) {
      if (size !== 'wide') test.skip(`${kind} ${size}`);
      continue;
    }
    test(`${kind} ${size}: loss and gradient as PyTorch's`, async () => {
      const got = await run(c.values('logits'), c.integers('labels'));
      c.check('out', Float32Array.of(got.loss));
      c.check('grad_logits', got.gradLogits);
    });
  }
}

test('all labels ignored: loss 0, gradient 0', async () => {
  const got = await run(Float32Array.of(1, 2, 3, 4), Int32Array.of(-100, -100));
  assert.is(got.loss, 0);
  assert.equal([...got.gradLogits], [0, 0, 0, 0]);
});

test('one token', async () => {
  const got = await run(Float32Array.of(0, Math.log(3)), Int32Array.of(0));
  close('loss', Float32Array.of(got.loss), [Math.log(4)], 1e-6);
  close('gradient', got.gradLogits, [-0.75, 0.75], 1e-6);
});

test('softmax and best label; the first of equals wins; huge logits stay finite', async () => {
  const got = await run(Float32Array.of(0, 0, 0, 1e30, -1e30, 1e30, -1, 2, 1), Int32Array.of(0, 0, 0));
  close('softmax', got.probabilities.subarray(0, 6), [1 / 3, 1 / 3, 1 / 3, 0.5, 0, 0.5], 1e-6);
  assert.equal([...got.best], [0, 0, 1]);
});
test.run();
