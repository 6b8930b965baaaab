/** What embeddings, layers and classifier share while a plan of the model is recorded. */
import type { AlbertConfig } from '../formats/albert_config.ts';
import type { Plan } from '../gpu/plan.ts';
import type { BatchBuffers } from '../kernels/batch.ts';
import type { ParameterSet } from './parameters.ts';

export interface Recording {
  plan: Plan;
  batch: BatchBuffers;
  config: AlbertConfig;
  parameters: ParameterSet;
  /** Where gradients are added; undefined for inference, where nothing is saved and nothing dropped. */
  gradients: ParameterSet | undefined;
  /** Keep of each layer only its input, and run it again before its backward pass: the same bits in less memory. */
  recompute?: boolean;
}

/** Dropouts of the model, numbered; a layer's two stand at 16 + 2 · layer. */
export const SITES = {
  embeddings: 0,
  classifier: 1,
  attention: (block: number) => 16 + 2 * block,
  output: (block: number) => 17 + 2 * block,
};

/** Dropout is for training alone. */
export const rate = (r: Recording, probability: number): number => (r.gradients ? probability : 0);
