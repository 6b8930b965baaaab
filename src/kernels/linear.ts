/** Linear layer, out = x · weightᵀ + bias. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';

const ROWS = 16;
const LANES = 16;

function sizesOf(label: string, x: Tensor, weight: Tensor, out: Tensor): { IN: number; OUT: number } {
  const [OUT, IN] = weight.shape as [number, number];
  if (x.shape[1] !== IN || out.shape[1] !== OUT) {
    throw new Error(`${label}: x [${x.shape}], weight [${weight.shape}] and out [${out.shape}] do not fit`);
  }
  return { IN, OUT };
}

/** Records out = x · weightᵀ + bias.  x [tokens, in], weight [out, in], bias [out], out [tokens, out]. */
export function linearForward(
  plan: Plan,
  batch: BatchBuffers,
  t: { x: Tensor; weight: Tensor; bias: Tensor; out: Tensor },
  label: string,
): void {
  const { IN, OUT } = sizesOf(label, t.x, t.weight, t.out);
  plan.dispatch({
    kernel: 'linear_forward',
    label,
    constants: { IN, OUT },
    bindings: { batch: batch.tokens, ...t },
    workgroups: () => [Math.ceil(OUT / LANES), Math.ceil(batch.current.tokens / ROWS)],
    flops: () => 2 * batch.current.tokens * IN * OUT,
    bytes: () => 4 * (batch.current.tokens * (IN + OUT) + IN * OUT),
  });
}

/** Records gradX = gradOut · weight, or gradX += … where `accumulate`. */
export function linearGradInput(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradOut: Tensor; weight: Tensor; gradX: Tensor },
  label: string,
  accumulate = false,
): void {
  const { IN, OUT } = sizesOf(label, t.gradX, t.weight, t.gradOut);
  plan.dispatch({
    kernel: 'linear_grad_input',
    label: `${label} grad x`,
    constants: { IN, OUT, ACCUMULATE: Number(accumulate) },
    bindings: { batch: batch.tokens, grad_out: t.gradOut, weight: t.weight, grad_x: t.gradX },
    workgroups: () => [Math.ceil(IN / LANES), Math.ceil(batch.current.tokens / ROWS)],
    flops: () => 2 * batch.current.tokens * IN * OUT,
    bytes: () => 4 * (batch.current.tokens * (IN + OUT) + IN * OUT),
  });
}

/** Records gradWeight += gradOutᵀ · x and gradBias += Σ gradOut. */
export function linearGradParameters(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradOut: Tensor; x: Tensor; gradWeight: Tensor; gradBias: Tensor },
  label: string,
): void {
  const { IN, OUT } = sizesOf(label, t.x, t.gradWeight, t.gradOut);
  plan.dispatch({
    kernel: 'linear_grad_weight',
    label: `${label} grad weight`,
    constants: { IN, OUT },
    bindings: { batch: batch.tokens, grad_out: t.gradOut, x: t.x, grad_weight: t.gradWeight },
    workgroups: [Math.ceil(IN / LANES), Math.ceil(OUT / ROWS)],
    flops: () => 2 * batch.current.tokens * IN * OUT,
    bytes: () => 4 * (batch.current.tokens * (IN + OUT) + IN * OUT),
  });
  plan.dispatch({
    kernel: 'column_sum',
    label: `${label} grad bias`,
    constants: { WIDTH: OUT },
    bindings: { batch: batch.tokens, grad_out: t.gradOut, grad_bias: t.gradBias },
    workgroups: [Math.ceil(OUT / 32)],
    flops: () => batch.current.tokens * OUT,
    bytes: () => 4 * batch.current.tokens * OUT,
  });
}
