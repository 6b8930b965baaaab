/** Dropout, in place; the same dispatch over the gradient is its backward pass. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';
import { workgroupsFor } from './workgroups.ts';

/** Records dropout of x [tokens, width] at `rate`; nothing at rate 0. @param site which dropout of the model this is. */
export function dropout(plan: Plan, batch: BatchBuffers, x: Tensor, rate: number, site: number, label: string): void {
  if (rate === 0) return;
  plan.dispatch({
    kernel: 'dropout',
    label,
    constants: { WIDTH: x.shape[1]!, RATE: rate, SITE: site },
    bindings: { batch: batch.tokens, random: batch.random, x },
    workgroups: workgroupsFor(x.size, 64),
    flops: x.size,
    bytes: 8 * x.size,
  });
}
