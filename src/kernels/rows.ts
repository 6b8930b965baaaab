/** Kernels that go over the rows of a matrix: LayerNorm and sums of columns. */
import type { Plan } from '../gpu/plan.ts';

/** plain: an invocation a row, or a column; what CPU adapters do best. workgroup: a workgroup a row, or 32 columns; for GPUs. */
export const ROW_VARIANTS = ['plain', 'workgroup'] as const;
export type RowVariant = (typeof ROW_VARIANTS)[number];

/** The variant that the plan insists on, or what suits its adapter. */
export const rowVariant = (plan: Plan): RowVariant =>
  plan.rowVariant ?? (plan.adapter.kind === 'gpu' ? 'workgroup' : 'plain');

/** Name of a kernel's file in that variant. */
export const rowKernel = (kernel: string, variant: RowVariant): string =>
  variant === 'plain' ? kernel : `${kernel}_${variant}`;
