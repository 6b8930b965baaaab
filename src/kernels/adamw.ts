/** AdamW over all parameters, after clipping by the global gradient norm. */
import type { Gpu } from '../gpu/device.ts';
import { createUniform, write } from '../gpu/memory.ts';
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers } from './batch.ts';
import { workgroupsFor } from './workgroups.ts';

/** As torch.optim.AdamW names them. */
export interface AdamWOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Largest global gradient norm; 0 leaves gradients as they are. */
  maxNorm: number;
}

/** The parameters and what the optimizer keeps of each, all flat and equally long. */
export interface OptimizerBuffers {
  parameter: Tensor;
  gradient: Tensor;
  first: Tensor;
  second: Tensor;
}

const PARTIALS = 1024;

/** The step's numbers on the GPU. */
export class StepUniform {
  readonly tensor: Tensor;
  readonly #gpu: Gpu;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.tensor = createUniform(gpu, 'step', 4);
  }

  /** @param step counts from 1, as in the paper. */
  write(learningRate: number, weightDecay: number, step: number, options: AdamWOptions): void {
    const corrections = [1 - options.beta1 ** step, 1 - options.beta2 ** step];
    write(this.#gpu, this.tensor, Float32Array.of(learningRate, weightDecay, ...corrections));
  }
}

/**
 * Records the norm of the whole gradient and the sum of the token losses.
 * @param result [4]: norm, clipping factor, loss, 1 where both are finite.
 */
export function gradientNorm(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradient: Tensor; tokenLoss: Tensor; result: Tensor },
  maxNorm: number,
): void {
  const partials = plan.tensor('gradient norm partials', [PARTIALS]);
  const constants = { COUNT: t.gradient.size, PARTIALS };
  plan.dispatch({
    kernel: 'gradient_norm',
    entryPoint: 'partial',
    label: 'gradient norm',
    constants: { ...constants },
    bindings: { gradient: t.gradient, partials },
    workgroups: [PARTIALS / 64],
    flops: 2 * t.gradient.size,
    bytes: t.gradient.byteLength,
  });
  plan.dispatch({
    kernel: 'gradient_norm',
    entryPoint: 'finish',
    label: 'gradient norm, loss',
    constants: { PARTIALS, MAX_NORM: maxNorm },
    bindings: { batch: batch.tokens, partials, token_loss: t.tokenLoss, result: t.result },
    workgroups: [1],
    flops: PARTIALS + t.tokenLoss.size,
    bytes: 4 * (PARTIALS + t.tokenLoss.size),
  });
}

/** Records one AdamW step. @param decayed how many parameters, from the first, decay. @param clip result of gradientNorm. */
export function adamW(
  plan: Plan,
  step: StepUniform,
  t: OptimizerBuffers & { clip: Tensor },
  decayed: number,
  options: AdamWOptions,
): void {
  const COUNT = t.parameter.size;
  plan.dispatch({
    kernel: 'adamw',
    label: 'AdamW',
    constants: {
      COUNT,
      DECAYED: decayed,
      BETA1: options.beta1,
      BETA2: options.beta2,
      REST1: 1 - options.beta1,
      REST2: 1 - options.beta2,
      EPSILON: options.epsilon,
    },
    bindings: { step: step.tensor, ...t },
    workgroups: workgroupsFor(COUNT, 64),
    flops: 14 * COUNT,
    bytes: 28 * COUNT,
  });
}
