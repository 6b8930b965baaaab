/** Softmax cross-entropy with its gradient, softmax and best label. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';

const ROWS = 16;

/** Records tokenLoss [tokens] and gradLogits [tokens, labels] of logits [tokens, labels] against the batch's labels. */
export function crossEntropy(
  plan: Plan,
  batch: BatchBuffers,
  t: { logits: Tensor; tokenLoss: Tensor; gradLogits: Tensor },
  label: string,
): void {
  const LABELS = t.logits.shape[1]!;
  plan.dispatch({
    kernel: 'cross_entropy',
    label,
    constants: { LABELS },
    bindings: {
      batch: batch.loss,
      logits: t.logits,
      labels: batch.labels,
      loss: t.tokenLoss,
      grad_logits: t.gradLogits,
    },
    workgroups: () => [Math.ceil(batch.current.tokens / ROWS)],
    flops: () => 8 * batch.current.tokens * LABELS,
    bytes: () => 8 * batch.current.tokens * LABELS,
  });
}

/** Records out = softmax(logits), both [tokens, labels]. */
export function softmax(plan: Plan, batch: BatchBuffers, t: { logits: Tensor; out: Tensor }, label: string): void {
  const LABELS = t.logits.shape[1]!;
  plan.dispatch({
    kernel: 'softmax',
    label,
    constants: { LABELS },
    bindings: { batch: batch.tokens, ...t },
    workgroups: () => [Math.ceil(batch.current.tokens / ROWS)],
    flops: () => 6 * batch.current.tokens * LABELS,
    bytes: () => 8 * batch.current.tokens * LABELS,
  });
}

/** Records best [tokens] u32, the label with the largest logit. */
export function argmax(plan: Plan, batch: BatchBuffers, t: { logits: Tensor; best: Tensor }, label: string): void {
  const LABELS = t.logits.shape[1]!;
  plan.dispatch({
    kernel: 'argmax',
    label,
    constants: { LABELS },
    bindings: { batch: batch.tokens, ...t },
    workgroups: () => [Math.ceil(batch.current.tokens / ROWS)],
    bytes: () => 4 * batch.current.tokens * LABELS,
  });
}
