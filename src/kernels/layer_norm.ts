/** Residual and LayerNorm, out = (sum − mean) · rstd · gamma + beta with sum = x + residual. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';
import { type RowVariant, rowKernel, rowVariant } from './rows.ts';

/** Rows that a workgroup owns. */
const ROWS: Record<RowVariant, number> = { plain: 16, workgroup: 1 };

/** What the backward pass needs: the normalised sum [tokens, width], and mean and rstd of each row [tokens, 2]. */
export interface LayerNormSaved {
  sum: Tensor;
  stats: Tensor;
}

/**
 * Records the forward pass.  x, residual, out [tokens, width]; gamma, beta [width].
 * @param save false for inference: nothing is kept for a backward pass.
 */
export function layerNormForward(
  plan: Plan,
  batch: BatchBuffers,
  t: { x: Tensor; residual?: Tensor; gamma: Tensor; beta: Tensor; out: Tensor },
  epsilon: number,
  label: string,
  save = true,
): LayerNormSaved {
  const [tokens, width] = t.x.shape as [number, number];
  const saved = {
    sum: plan.tensor(`${label} sum`, save ? [tokens, width] : [4]),
    stats: plan.tensor(`${label} stats`, save ? [tokens, 2] : [4]),
  };
  const variant = rowVariant(plan);
  plan.dispatch({
    kernel: rowKernel('layer_norm_forward', variant),
    label,
    constants: { WIDTH: width, EPSILON: epsilon, RESIDUAL: Number(t.residual !== undefined), SAVE: Number(save) },
    bindings: {
      batch: batch.tokens,
      x: t.x,
      residual: t.residual ?? t.x,
      gamma: t.gamma,
      beta: t.beta,
      ...saved,
      out: t.out,
    },
    workgroups: () => [Math.ceil(batch.current.tokens / ROWS[variant])],
    flops: () => 8 * batch.current.tokens * width,
    bytes: () => 4 * batch.current.tokens * width * (save ? 4 : 3),
  });
  return saved;
}

/** Records gradIn, the gradient of x and of residual alike [tokens, width]. */
export function layerNormBackward(
  plan: Plan,
  batch: BatchBuffers,
  t: LayerNormSaved & { gradOut: Tensor; gamma: Tensor; gradIn: Tensor },
  label: string,
): void {
  const width = t.gradIn.shape[1]!;
  const variant = rowVariant(plan);
  plan.dispatch({
    kernel: rowKernel('layer_norm_backward', variant),
    label: `${label} grad x`,
    constants: { WIDTH: width },
    bindings: {
      batch: batch.tokens,
      grad_out: t.gradOut,
      sum: t.sum,
      stats: t.stats,
      gamma: t.gamma,
      grad_in: t.gradIn,
    },
    workgroups: () => [Math.ceil(batch.current.tokens / ROWS[variant])],
    flops: () => 14 * batch.current.tokens * width,
    bytes: () => 12 * batch.current.tokens * width,
  });
}

/** Records gradGamma += … and gradBeta += …, [width] each. */
export function layerNormGradParameters(
  plan: Plan,
  batch: BatchBuffers,
  t: LayerNormSaved & { gradOut: Tensor; gradGamma: Tensor; gradBeta: Tensor },
  label: string,
): void {
  const width = t.gradOut.shape[1]!;
  plan.dispatch({
    kernel: rowKernel('layer_norm_gradient', rowVariant(plan)),
    label: `${label} grad gamma, beta`,
    constants: { WIDTH: width },
    bindings: {
      batch: batch.tokens,
      grad_out: t.gradOut,
      sum: t.sum,
      stats: t.stats,
      grad_gamma: t.gradGamma,
      grad_beta: t.gradBeta,
    },
    workgroups: [Math.ceil(width / 32)],
    flops: () => 5 * batch.current.tokens * width,
    bytes: () => 8 * batch.current.tokens * width,
  });
}
