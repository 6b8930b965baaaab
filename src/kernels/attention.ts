/** Attention over packed sequences, in the streaming form. */
import type { Dispatch, Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { type BatchBuffers, TILE } from './batch.ts';
import { prefersTextures, subgroupSize } from './variants.ts';

/**
 * plain: an invocation a query. workgroup: blocks pass through workgroup memory, for GPUs. subgroup8: keys handed round the lanes
 * of a subgroup of 8, for CPU adapters whose vectors are that wide. texture8: as subgroup8, two queries a lane, with what is read
 * copied into textures first, which llvmpipe reads faster; hidden sizes a multiple of 64.
 */
export const ATTENTION_VARIANTS = ['plain', 'workgroup', 'subgroup8', 'texture8'] as const;
export type AttentionVariant = (typeof ATTENTION_VARIANTS)[number];

/** Variants that run on the plan's adapter. */
export function attentionVariants(plan: Pick<Plan, 'adapter' | 'has'>): AttentionVariant[] {
  return ATTENTION_VARIANTS.filter((v) => {
    if (v === 'texture8') return prefersTextures(plan);
    return v !== 'subgroup8' || subgroupSize(plan) === 8;
  });
}

/** The variant that the plan insists on or the adapter's usual one; the next best where the sizes do not fit textures. */
function variantFor(plan: Plan, qkv: Tensor, context: Tensor): AttentionVariant {
  const available = attentionVariants(plan);
  const usual = plan.adapter.kind === 'gpu' ? 'workgroup' : available.filter((v) => v !== 'workgroup').at(-1)!;
  const variant = plan.attentionVariant ?? usual;
  if (variant !== 'texture8' || (plan.fitsTexture(qkv) && plan.fitsTexture(context))) return variant;
  return 'subgroup8';
}

export interface AttentionOptions {
  heads: number;
  /** Rate of dropout on the probabilities, and which dropout of the model it is. */
  dropout: number;
  site: number;
}

/** Tokens of a tile in the variants whose lanes own two. */
const LONG_TILE = 16;

function common(
  plan: Plan,
  label: string,
  batch: BatchBuffers,
  { qkv, context, gradOut }: { qkv: Tensor; context: Tensor; gradOut?: Tensor },
  { heads, dropout, site }: AttentionOptions,
) {
  const headSize = qkv.shape[1]! / 3 / heads;
  if (!Number.isInteger(headSize / 4)) throw new Error(`${label}: head size ${headSize} is not a multiple of 4`);
  const variant = variantFor(plan, qkv, context);
  const textured = variant === 'texture8';
  const tiles = batch.tiles(textured ? LONG_TILE : TILE);
  const rows = () => batch.current.tokens;
  const read = { qkv, ...(gradOut && { grad_out: gradOut }) };
  const dispatch: Pick<Dispatch, 'constants' | 'sizes' | 'bindings' | 'textures' | 'workgroups'> = {
    constants: textured
      ? { DROPOUT: dropout }
      : {
          HEADS: heads,
          HEAD_SIZE: headSize,
          DROPOUT: dropout,
          SITE: site,
          ...(variant === 'plain' && { LANES: TILE }),
        },
    ...(variant === 'workgroup' && { sizes: { PARTS: Math.ceil(headSize / 32) } }),
    bindings: {
      random: batch.random,
      tiles: tiles.list,
      ...(textured ? { sizes: plan.uniform([heads, headSize, site]) } : { batch: batch.attention, ...read }),
    },
    ...(textured && {
      textures: Object.fromEntries(Object.entries(read).map(([name, tensor]) => [name, { tensor, rows }])),
    }),
    workgroups: () => [tiles.count, heads],
  };
  return {
    file: (kernel: string): string => (variant === 'plain' ? kernel : `${kernel}_${variant}`),
    dispatch,
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
  const c = common(plan, label, batch, { qkv: t.qkv, context: t.out }, options);
  plan.dispatch({
    ...c.dispatch,
    kernel: c.file('attention_forward'),
    label,
    bindings: { ...c.dispatch.bindings, out: t.out, log_sum: t.logSum },
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
  const c = common(plan, label, batch, { qkv: t.qkv, context: t.out, gradOut: t.gradOut }, options);
  const delta = plan.tensor(`${label} delta`, t.logSum.shape);
  const bindings = { ...c.dispatch.bindings, log_sum: t.logSum, grad_qkv: t.gradQkv, delta };
  plan.dispatch({
    ...c.dispatch,
    kernel: c.file('attention_backward_query'),
    label: `${label} grad q`,
    bindings: { ...bindings, out: t.out },
    flops: () => 3 * c.product(),
    bytes: c.traffic(6),
  });
  plan.dispatch({
    ...c.dispatch,
    kernel: c.file('attention_backward_key_value'),
    label: `${label} grad k, v`,
    bindings,
    flops: () => 4 * c.product(),
    bytes: c.traffic(6),
  });
}
