import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../src/gpu/open_node.ts';
import { kernelsOf, useKernelsOf } from '../../src/training/kernels.ts';

const test = suite('kernels of a run');

test('a resumed run takes the kernels of its checkpoint and times none', async () => {
  const first = await openGpu();
  first.tuned = new Map([['linear_forward 64x192 128', 'tile']]);
  const stored = JSON.parse(JSON.stringify({ seed: 1, ...kernelsOf(first) })) as Record<string, unknown>;
  first.close();
  const second = await openGpu('auto', { tuning: { retune: true } });
  useKernelsOf(second, stored);
  assert.equal(kernelsOf(second), kernelsOf(first));
  assert.is(second.tuning, undefined);
  second.close();
});

test('a run that was not tuned leaves no trace in its checkpoints, and resumes untuned', async () => {
  const gpu = await openGpu('auto', { tuning: {} });
  assert.equal(kernelsOf(gpu), {});
  useKernelsOf(gpu, { seed: 1 });
  assert.equal(kernelsOf(gpu), {});
  assert.is(gpu.tuning, undefined);
  gpu.close();
});
test.run();
