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

/** The parameters and what the optimizer keeps of each, all flat and equally long: a multiple of 4. */
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
    write(this.#gpu, this.tensor, stepValues(learningRate, weightDecay, step, options));
  }
}

/** A step's numbers as the kernels have them: learning rate, weight decay, 1 − β1^step, 1 − β2^step. */
export const stepValues = (learningRate: number, weightDecay: number, step: number, { beta1, beta2 }: AdamWOptions) =>
  Float32Array.of(learningRate, weightDecay, 1 - beta1 ** step, 1 - beta2 ** step);

/** Overrides of the AdamW kernels. */
export const adamWConstants = ({ beta1, beta2, epsilon }: AdamWOptions) => ({
  BETA1: beta1,
  BETA2: beta2,
  REST1: 1 - beta1,
  REST2: 1 - beta2,
  EPSILON: epsilon,
});

/** Pieces of a flat buffer that fit a binding, at multiples of 256 bytes. */
function chunksOf(plan: Plan, size: number): { from: number; count: number }[] {
  const most = Math.floor(plan.maxBindingSize / 256) * 64;
  return Array.from({ length: Math.ceil(size / most) }, (_, i) => ({
    from: i * most,
    count: Math.min(most, size - i * most),
  }));
}

/** Records result[2] += Σ tokenLoss, for the batch just run. Clear `result` before the first batch of a step. */
export function addLoss(plan: Plan, batch: BatchBuffers, t: { tokenLoss: Tensor; result: Tensor }): void {
  plan.dispatch({
    kernel: 'gradient_norm',
    entryPoint: 'loss',
    label: 'loss',
    bindings: { batch: batch.tokens, token_loss: t.tokenLoss, result: t.result },
    workgroups: [1],
    flops: () => batch.current.tokens,
    bytes: () => 4 * batch.current.tokens,
  });
}

/** Rows of a table's gradient [rows, width]: those in `list`, as many as `count` says; the others are zero. */
export interface GradientRows {
  gradient: Tensor;
  list: Tensor;
  count: Tensor;
}

/**
 * Records the norm of the whole gradient, after addLoss.
 * @param gradient all of it, or all but a table's. @param result [4]: norm, clipping factor, loss, 1 where both are finite.
 */
export function gradientNorm(
  plan: Plan,
  t: { gradient: Tensor; rows?: GradientRows | undefined; result: Tensor },
  maxNorm: number,
): void {
  const chunks = chunksOf(plan, t.gradient.size);
  const partials = plan.tensor('gradient norm partials', [PARTIALS * (chunks.length + (t.rows ? 1 : 0))]);
  for (const [i, { from, count }] of chunks.entries()) {
    plan.dispatch({
      kernel: 'gradient_norm',
      entryPoint: 'partial',
      label: 'gradient norm',
      constants: { COUNT: count, PARTIALS, FIRST: i * PARTIALS },
      bindings: { gradient: t.gradient.rows(from, count), partials },
      workgroups: [PARTIALS / 64],
      flops: 2 * count,
      bytes: 4 * count,
    });
  }
  if (t.rows) {
    const { gradient, list, count } = t.rows;
    plan.dispatch({
      kernel: 'gradient_norm',
      entryPoint: 'partial_rows',
      label: 'gradient norm of rows',
      constants: { WIDTH: gradient.shape[1]!, PARTIALS, FIRST: chunks.length * PARTIALS },
      bindings: { batch: count, gradient, rows: list, partials },
      workgroups: [PARTIALS / 64],
    });
  }
  plan.dispatch({
    kernel: 'gradient_norm',
    entryPoint: 'finish',
    label: 'gradient norm',
    constants: { PARTIALS: partials.size, MAX_NORM: maxNorm },
    bindings: { partials, result: t.result },
    workgroups: [1],
    flops: partials.size,
    bytes: 4 * partials.size,
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
  const { clip, ...flat } = t;
  for (const { from, count } of chunksOf(plan, t.parameter.size)) {
    const slices = Object.entries(flat).map(([name, tensor]) => [name, tensor.rows(from, count)] as const);
    plan.dispatch({
      kernel: 'adamw',
      label: 'AdamW',
      constants: {
        COUNT: count,
        DECAYED: Math.min(count, Math.max(0, decayed - from)),
        ...adamWConstants(options),
      },
      bindings: { step: step.tensor, clip, ...Object.fromEntries(slices) },
      workgroups: workgroupsFor(count / 4, 64),
      flops: 14 * count,
      bytes: 28 * count,
    });
  }
}
