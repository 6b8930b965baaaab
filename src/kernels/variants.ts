/** What the adapter lets kernels choose from. */
import type { Plan } from '../gpu/plan.ts';

/** Invocations in a subgroup; 0 where kernels can't use subgroups. */
export const subgroupSize = ({ adapter, has }: Pick<Plan, 'adapter' | 'has'>): number =>
  has('subgroups') ? adapter.subgroupSize : 0;

/** Whether kernels that read their operands from textures pay: on llvmpipe, with vectors of 8. */
export const prefersTextures = (plan: Pick<Plan, 'adapter' | 'has'>): boolean =>
  subgroupSize(plan) === 8 && plan.adapter.kind === 'cpu' && plan.adapter.readsTextures;
