import { suite } from 'uvu';
import { type Activation, activationBackward, activationForward } from '../../src/kernels/activation.ts';
import { batchOf, close, createTensor, kernelCase, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('activation');

async function run(
  activation: Activation,
  x: Float32Array<ArrayBuffer>,
  grad: Float32Array<ArrayBuffer>,
  shape: number[],
) {
  const gpu = await testGpu();
  const batch = batchOf(gpu, [shape[0]!]);
  return runOnce(gpu, (plan) => {
    const input = upload(gpu, 'x', x, shape);
    const out = createTensor(gpu, 'out', shape);
    const gradIn = createTensor(gpu, 'grad in', shape);
    activationForward(plan, batch, { x: input, out }, activation, activation);
    activationBackward(
      plan,
      batch,
      { x: input, gradOut: upload(gpu, 'grad out', grad, shape), gradIn },
      activation,
      activation,
    );
    return { out, gradIn };
  });
}

for (const size of SIZES) {
  for (const activation of ['gelu_new', 'gelu', 'relu'] as const) {
    const c = await kernelCase(activation, size);
    if (!c) {
      if (size !== 'wide') test.skip(`${activation} ${size}`);
      continue;
    }
    test(`${activation} ${size}: forward and gradient as PyTorch's`, async () => {
      const got = await run(activation, c.values('x'), c.values('grad_out'), c.shape('x'));
      c.check('out', got.out);
      c.check('grad_x', got.gradIn);
      // The cases hold ±1e4, which widens a tolerance relative to the largest value; near zero it must be tight as well.
      const x = c.values('x');
      const near = (values: Float32Array) => values.filter((_, i) => Math.abs(x[i]!) < 6);
      close('out near zero', near(got.out), near(c.values('out')), 3e-6);
      close('gradient near zero', near(got.gradIn), near(c.values('grad_x')), 1.5e-5);
    });
  }
}

for (const activation of ['gelu_new', 'gelu', 'relu'] as const) {
  test(`${activation}: far out it is the identity or zero, and so is its slope`, async () => {
    const x = Float32Array.of(1e4, -1e4, 1e10, -1e10, 1e15, -1e15, 1e20, -1e20, 60, -60, 0, -0);
    const got = await run(activation, x, new Float32Array(12).fill(1), [3, 4]);
    close('out', got.out, [1e4, 0, 1e10, 0, x[4]!, 0, x[6]!, 0, 60, 0, 0, 0], 0);
    const middle = activation === 'relu' ? 0 : 0.5;
    close('slope', got.gradIn, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, middle, middle], 1e-7);
  });
}
test.run();
