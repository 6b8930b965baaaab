/** Activations, element by element. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';
import { workgroupsFor } from './workgroups.ts';

/** The overrides' numbers for the names that config.json uses. */
export const ACTIVATIONS = { gelu_new: 0, gelu: 1, relu: 2 } as const;
export type Activation = keyof typeof ACTIVATIONS;

/** Records out = f(x), both [tokens, width]. */
export function activationForward(
  plan: Plan,
  batch: BatchBuffers,
  t: { x: Tensor; out: Tensor },
  activation: Activation,
  label: string,
): void {
  const WIDTH = t.x.shape[1]!;
  plan.dispatch({
    kernel: 'activation_forward',
    label,
    constants: { WIDTH, ACTIVATION: ACTIVATIONS[activation] },
    bindings: { batch: batch.tokens, ...t },
    workgroups: () => workgroupsFor((batch.current.tokens * WIDTH) / 4, 64),
    flops: () => 12 * batch.current.tokens * WIDTH,
    bytes: () => 8 * batch.current.tokens * WIDTH,
  });
}

/** Records gradIn = gradOut · f′(x), all [tokens, width]. */
export function activationBackward(
  plan: Plan,
  batch: BatchBuffers,
  t: { x: Tensor; gradOut: Tensor; gradIn: Tensor },
  activation: Activation,
  label: string,
): void {
  const WIDTH = t.x.shape[1]!;
  plan.dispatch({
    kernel: 'activation_backward',
    label: `${label} grad x`,
    constants: { WIDTH, ACTIVATION: ACTIVATIONS[activation] },
    bindings: { batch: batch.tokens, x: t.x, grad_out: t.gradOut, grad_in: t.gradIn },
    workgroups: () => workgroupsFor((batch.current.tokens * WIDTH) / 4, 64),
    flops: () => 18 * batch.current.tokens * WIDTH,
    bytes: () => 12 * batch.current.tokens * WIDTH,
  });
}
