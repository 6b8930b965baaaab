/** The shapes of a model's linear layers, timed on the adapter at hand. */
import type { AlbertConfig } from '../formats/albert_config.ts';
import type { Gpu } from '../gpu/device.ts';
import { type LinearShape, tuneLinear } from '../kernels/linear_tuning.ts';

/** Width in and out of every linear layer: E -> H, queries, keys and values, attention's output, feed-forward, classifier. */
export function linearShapes(config: AlbertConfig): LinearShape[] {
  const { embedding_size: E, hidden_size: H, intermediate_size: I, labels } = config;
  return [
    [E, H],
    [H, 3 * H],
    [H, H],
    [H, I],
    [I, H],
    [H, labels.length],
  ];
}

/**
 * Chooses the kernels of a plan that runs this model in batches of up to `tokens`; call it before the plan is recorded. What it
 * chose stands in `gpu.tuned`. Does nothing unless the device was opened with `tuning`.
 * @param training chooses those of the backward pass too.
 */
export function tuneModel(gpu: Gpu, config: AlbertConfig, tokens: number, training: boolean): Promise<void> {
  return tuneLinear(gpu, linearShapes(config), tokens, training);
}
