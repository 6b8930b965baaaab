/** Attention over packed sequences, in the streaming form. */
import type { Workgroups } from '../gpu/built_plan.ts';
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { type BatchBuffers, TILE } from './batch.ts';

/**
 * plain: an invocation a query. workgroup: blocks pass through workgroup memory, for GPUs. subgroup8: keys handed round the lanes
 * of a subgroup of 8, for CPU adapters whose vectors are that wide.
 */
export const ATTENTION_VARIANTS = ['plain', 'workgroup', 'subgroup8'] as const;
export type AttentionVariant = (typeof ATTENTION_VARIANTS)[number];

/** Variants that run on the plan's adapter. */
export function attentionVariants({ adapter, has }: Pick<Plan, 'adapter' | 'has'>): AttentionVariant[] {
  return ATTENTION_VARIANTS.filter((v) => v !== 'subgroup8' || (has('subgroups') && adapter.subgroupSize === 8));
}

function bestVariant(plan: Plan): AttentionVariant {
  if (plan.adapter.kind === 'gpu') return 'workgroup';
  return attentionVariants(plan).includes('subgroup8') ? 'subgroup8' : 'plain';
}

export interface AttentionOptions {
  heads: number;
  /** Rate of dropout on the probabilities, and which dropout of the model it is. */
  dropout: number;
  site: number;
}

function common(
  plan: Plan,
  label: string,
  batch: BatchBuffers,
  qkv: Tensor,
  { heads, dropout, site }: AttentionOptions,
) {
  const headSize = qkv.shape[1]! / 3 / heads;
  if (!Number.isInteger(headSize / 4)) throw new Error(`${label}: head size ${headSize} is not a multiple of 4`);
  const variant = plan.attentionVariant ?? bestVariant(plan);
  return {
    file: (kernel: string): string => (variant === 'plain' ? kernel : `${kernel}_${variant}`),
    constants: {
      HEADS: heads,
      HEAD_SIZE: headSize,
      DROPOUT: dropout,
      SITE: site,
      ...(variant === 'plain' && { LANES: TILE }),
    },
    ...(variant === 'workgroup' && { sizes: { PARTS: Math.ceil(headSize / 32) } }),
    inputs: { batch: batch.attention, random: batch.random, tiles: batch.tiles, qkv },
    workgroups: (): Workgroups => [batch.current.tiles, heads],
    /** Multiplications and additions of one product over all pairs. */
    product: () => 2 * batch.current.pairs * heads * headSize,
    traffic: (tensors: number) => () => 4 * batch.current.tokens * heads * headSize * tensors,
  };
}

/** Records out and logSum.  qkv [tokens, 3 · hidden]: queries, keys, values; out [tokens, hidden]; logSum [tokens, heads]. */
export function attentionForward(
  plan: Plan,
  batch: BatchBuffers,
  t: { qkv: Tensor; out: Tensor; logSum: Tensor },
  options: AttentionOptions,
  label: string,
): void {
  const c = common(plan, label, batch, t.qkv, options);
  plan.dispatch({
    kernel: c.file('attention_forward'),
    label,
    constants: c.constants,
    ...(c.sizes && { sizes: c.sizes }),
    bindings: { ...c.inputs, out: t.out, log_sum: t.logSum },
    workgroups: c.workgroups,
    flops: () => 2 * c.product(),
    bytes: c.traffic(4),
  });
}

/** Records gradQkv [tokens, 3 · hidden] from gradOut [tokens, hidden] and what the forward pass read and wrote. */
export function attentionBackward(
  plan: Plan,
  batch: BatchBuffers,
  t: { qkv: Tensor; out: Tensor; logSum: Tensor; gradOut: Tensor; gradQkv: Tensor },
  options: AttentionOptions,
  label: string,
): void {
  const c = common(plan, label, batch, t.qkv, options);
  const delta = plan.tensor(`${label} delta`, t.logSum.shape);
  const shared = { ...c.inputs, log_sum: t.logSum, grad_out: t.gradOut, grad_qkv: t.gradQkv, delta };
  plan.dispatch({
    kernel: c.file('attention_backward_query'),
    label: `${label} grad q`,
    constants: c.constants,
    ...(c.sizes && { sizes: c.sizes }),
    bindings: { ...shared, out: t.out },
    workgroups: c.workgroups,
    flops: () => 3 * c.product(),
    bytes: c.traffic(6),
  });
  plan.dispatch({
    kernel: c.file('attention_backward_key_value'),
    label: `${label} grad k, v`,
    constants: c.constants,
    ...(c.sizes && { sizes: c.sizes }),
    bindings: shared,
    workgroups: c.workgroups,
    flops: () => 4 * c.product(),
    bytes: c.traffic(6),
  });
}
