/** Linear layer, out = x · weightᵀ + bias, in the variant that suits the adapter and the sizes. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';

/**
 * plain: any sizes, no feature. tile: 8 × 8 sums in registers, sizes a multiple of 4. subgroup8, subgroup4: one subgroup a
 * workgroup owns 32 × 32 sums and hands one operand round its lanes; for CPU adapters, whose subgroups are their vectors.
 */
export const LINEAR_VARIANTS = ['plain', 'tile', 'subgroup8', 'subgroup4'] as const;
export type LinearVariant = (typeof LINEAR_VARIANTS)[number];

/** Rows and columns of the result that a workgroup owns. */
const TILES: Record<LinearVariant, { rows: number; columns: number }> = {
  plain: { rows: 16, columns: 16 },
  tile: { rows: 16, columns: 32 },
  subgroup8: { rows: 32, columns: 32 },
  subgroup4: { rows: 32, columns: 32 },
};

/** Variants that run on the plan's adapter. */
export function linearVariants({ adapter, has }: Pick<Plan, 'adapter' | 'has'>): LinearVariant[] {
  const subgroups = has('subgroups') ? adapter.subgroupSize : 0;
  return LINEAR_VARIANTS.filter((v) => !v.startsWith('subgroup') || v === `subgroup${subgroups}`);
}

/** The fastest variant that fits sizes and adapter, or the one that the plan insists on where it fits. */
function variantFor(plan: Plan, sizes: readonly number[]): LinearVariant {
  if (sizes.some((n) => n % 4 !== 0)) return 'plain';
  return plan.linearVariant ?? linearVariants(plan).at(-1)!;
}

const file = (kernel: string, variant: LinearVariant): string =>
  variant === 'plain' ? kernel : `${kernel}_${variant}`;

function sizesOf(label: string, x: Tensor, weight: Tensor, out: Tensor): { IN: number; OUT: number } {
  const [OUT, IN] = weight.shape as [number, number];
  if (x.shape[1] !== IN || out.shape[1] !== OUT) {
    throw new Error(`${label}: x [${x.shape}], weight [${weight.shape}] and out [${out.shape}] do not fit`);
  }
  return { IN, OUT };
}

/** Arithmetic and traffic of one product over the batch's tokens. */
const cost = (batch: BatchBuffers, IN: number, OUT: number) => ({
  flops: () => 2 * batch.current.tokens * IN * OUT,
  bytes: () => 4 * (batch.current.tokens * (IN + OUT) + IN * OUT),
});

/** Records out = x · weightᵀ + bias.  x [tokens, in], weight [out, in], bias [out], out [tokens, out]. */
export function linearForward(
  plan: Plan,
  batch: BatchBuffers,
  t: { x: Tensor; weight: Tensor; bias: Tensor; out: Tensor },
  label: string,
): void {
  const { IN, OUT } = sizesOf(label, t.x, t.weight, t.out);
  const variant = variantFor(plan, [IN]);
  const { rows, columns } = TILES[variant];
  plan.dispatch({
    kernel: file('linear_forward', variant),
    label,
    bindings: { batch: batch.tokens, sizes: plan.uniform([IN, OUT]), ...t },
    workgroups: () => [Math.ceil(OUT / columns), Math.ceil(batch.current.tokens / rows)],
    ...cost(batch, IN, OUT),
  });
}

/** Records gradX = gradOut · weight (+ addend). gradX and addend [tokens, in] must not share memory. */
export function linearGradInput(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradOut: Tensor; weight: Tensor; gradX: Tensor; addend?: Tensor },
  label: string,
): void {
  const { IN, OUT } = sizesOf(label, t.gradX, t.weight, t.gradOut);
  const variant = variantFor(plan, [IN, OUT]);
  const { rows, columns } = TILES[variant];
  plan.dispatch({
    kernel: file('linear_grad_input', variant),
    label: `${label} grad x`,
    bindings: {
      batch: batch.tokens,
      sizes: plan.uniform([IN, OUT, Number(t.addend !== undefined)]),
      grad_out: t.gradOut,
      weight: t.weight,
      grad_x: t.gradX,
      addend: t.addend ?? t.weight,
    },
    workgroups: () => [Math.ceil(IN / columns), Math.ceil(batch.current.tokens / rows)],
    ...cost(batch, IN, OUT),
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
  const variant = variantFor(plan, [IN, OUT]);
  const { rows, columns } = TILES[variant];
  plan.dispatch({
    kernel: file('linear_grad_weight', variant),
    label: `${label} grad weight`,
    bindings: {
      batch: batch.tokens,
      sizes: plan.uniform([IN, OUT]),
      grad_out: t.gradOut,
      x: t.x,
      grad_weight: t.gradWeight,
    },
    workgroups: [Math.ceil(IN / columns), Math.ceil(OUT / rows)],
    ...cost(batch, IN, OUT),
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
