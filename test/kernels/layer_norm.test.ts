import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { layerNormBackward, layerNormForward, layerNormGradParameters } from '../../src/kernels/layer_norm.ts';
import { ROW_VARIANTS } from '../../src/kernels/rows.ts';
import { batchOf, close, createTensor, kernelCase, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('layer norm');

for (const variant of ROW_VARIANTS) {
  for (const size of SIZES) {
    for (const kind of ['plain', 'far_mean', 'small_spread']) {
      const c = await kernelCase(`layer_norm_${kind}`, size);
      if (!c) {
        if (size !== 'wide') test.skip(`${kind} ${size}`);
        continue;
      }
      test(`${variant}, ${kind} ${size}: forward and every gradient as PyTorch's`, async () => {
        const gpu = await testGpu();
        const [tokens, width] = c.shape('x') as [number, number];
        const batch = batchOf(gpu, [tokens]);
        const tensor = (name: string) => upload(gpu, name, c.values(name), c.shape(name));
        const got = await runOnce(gpu, (plan) => {
          plan.rowVariant = variant;
          const [gamma, beta, gradOut] = [tensor('gamma'), tensor('beta'), tensor('grad_out')];
          const out = createTensor(gpu, 'out', [tokens, width]);
          const inference = createTensor(gpu, 'out', [tokens, width]);
          const gradIn = createTensor(gpu, 'grad in', [tokens, width]);
          const gradGamma = createTensor(gpu, 'grad gamma', [width]);
          const gradBeta = createTensor(gpu, 'grad beta', [width]);
          const inputs = { x: tensor('x'), residual: tensor('residual'), gamma, beta };
          const saved = layerNormForward(plan, batch, { ...inputs, out }, c.facts.eps as number, 'norm');
          layerNormForward(plan, batch, { ...inputs, out: inference }, c.facts.eps as number, 'norm', false);
          layerNormBackward(plan, batch, { ...saved, gradOut, gamma, gradIn }, 'norm');
          layerNormGradParameters(plan, batch, { ...saved, gradOut, gradGamma, gradBeta }, 'norm');
          return { out, inference, gradIn, gradGamma, gradBeta };
        });
        c.check('out', got.out);
        assert.equal(got.inference, got.out);
        c.check('grad_x', got.gradIn);
        c.check('grad_residual', got.gradIn);
        c.check('grad_gamma', got.gradGamma);
        c.check('grad_beta', got.gradBeta);
      });
    }
  }

  test(`${variant}, without a residual; a row of equal values gives beta`, async () => {
    const gpu = await testGpu();
    const got = await runOnce(gpu, (plan) => {
      plan.rowVariant = variant;
      const x = upload(gpu, 'x', Float32Array.of(5, 5, 5, 5, 1, 2, 3, 4), [2, 4]);
      const gamma = upload(gpu, 'gamma', Float32Array.of(2, 2, 2, 2));
      const beta = upload(gpu, 'beta', Float32Array.of(1, 2, 3, 4));
      const out = createTensor(gpu, 'out', [2, 4]);
      layerNormForward(plan, batchOf(gpu, [2]), { x, gamma, beta, out }, 1e-12, 'norm');
      return { out };
    });
    const s = 1 / Math.sqrt(1.25);
    close('out', got.out, [1, 2, 3, 4, 1 - 3 * s, 2 - s, 3 + s, 4 + 3 * s], 2e-6);
  });
}
test.run();
