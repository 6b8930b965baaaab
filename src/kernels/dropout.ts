/** Dropout; the same dispatch over the gradient is its backward pass. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';
import { workgroupsFor } from './workgroups.ts';

/**
 * Records dropout of x [tokens, width] at `rate`.
 * @param site which dropout of the model this is: each draws its own numbers.
 * @returns the result, or x itself at rate 0, where nothing is recorded.
 */
export function dropout(plan: Plan, batch: BatchBuffers, x: Tensor, rate: number, site: number, label: string): Tensor {
  if (rate === 0) return x;
  const out = plan.tensor(label, x.shape);
  const WIDTH = x.shape[1]!;
  plan.dispatch({
    kernel: 'dropout',
    label,
    constants: { WIDTH, RATE: rate, SITE: site },
    bindings: { batch: batch.tokens, random: batch.random, x, out },
    workgroups: () => workgroupsFor(batch.current.tokens * WIDTH, 64),
    flops: () => batch.current.tokens * WIDTH,
    bytes: () => 8 * batch.current.tokens * WIDTH,
  });
  return out;
}
