/** The training steps with each family of kernels, where `navigator.gpu` is. */

import { fetchShader } from '../../src/gpu/shaders.ts';
import { openWebGpu } from '../../src/index.ts';
import { differences, type Trained, trainingSteps } from './training_steps.ts';

/** usual: what the adapter takes by itself. plain: without any feature. gpu: what a GPU takes, which needs no feature either. */
export const FAMILIES = ['usual', 'plain', 'gpu'] as const;

export interface TrainedInTurn {
  family: (typeof FAMILIES)[number];
  trained: Trained;
  /** Names of the shaders that were loaded. */
  shaders: string[];
  /** Width of the subgroup kernels that the adapter should take by itself; 0 for none. */
  subgroups: number;
}

export async function trainInTurn(): Promise<TrainedInTurn[]> {
  const all: TrainedInTurn[] = [];
  for (const family of FAMILIES) {
    const shaders: string[] = [];
    const loadShader = (name: string) => {
      shaders.push(name);
      return fetchShader(name);
    };
    const gpu = await openWebGpu({ features: family !== 'plain', loadShader });
    const { kind, subgroupSize } = gpu.adapter;
    const subgroups = kind !== 'gpu' && gpu.has('subgroups') && [4, 8].includes(subgroupSize) ? subgroupSize : 0;
    if (family === 'gpu') gpu.adapter.kind = 'gpu';
    all.push({ family, trained: await trainingSteps(gpu), shaders, subgroups });
    gpu.close();
  }
  return all;
}

/** What is wrong with them beside the figures of another runtime, or with the shaders they were got by; nothing where all is well. */
export function wrongIn(all: readonly TrainedInTurn[], want: Trained): string[] {
  return FAMILIES.flatMap((family) => {
    const turn = all.find((t) => t.family === family);
    if (!turn) return [`${family}: not trained`];
    const forward = turn.shaders.filter((name) => name.startsWith('linear_forward')).join(' ');
    const usual = turn.subgroups > 0 ? new RegExp(`(subgroup|texture)${turn.subgroups}`) : /./;
    const isRight = { usual, plain: /^(?!.*(subgroup|texture))/, gpu: /linear_forward_workgroup/ }[family];
    const kernels = isRight.test(forward) ? [] : [`${family}: used ${forward}`];
    return [...kernels, ...differences(turn.trained, want).map((difference) => `${family}: ${difference}`)];
  });
}
