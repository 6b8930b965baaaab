/** A model of random weights and batches of random ids: what every benchmark runs. */
import { AlbertModel } from '../../src/albert/model.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../../src/formats/albert_config.ts';
import { PRESET_SIZES, type PresetName } from '../../src/formats/albert_presets.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { ActivationPool } from '../../src/gpu/memory.ts';
import type { Profiler } from '../../src/gpu/profiler.ts';
import { SequenceClassifier } from '../../src/inference/classifier.ts';
import { Random } from '../../src/random.ts';
import { Trainer, type TrainingSequence } from '../../src/training/trainer.ts';

export interface Sizes {
  size: PresetName;
  /** Sub-tokens in a batch, and in each of its sequences. */
  tokens: number;
  length: number;
  vocabulary: number;
  labels: number;
  /** Run each layer again in the backward pass. */
  recompute: boolean;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

export function configOf({ size, vocabulary, labels }: Sizes): AlbertConfig {
  return {
    ...ALBERT_DEFAULTS,
    ...PRESET_SIZES[size],
    vocab_size: vocabulary,
    classifier_dropout_prob: 0,
    labels: Array.from({ length: labels }, (_, i) => `LABEL_${i}`),
  };
}

export const makeModel = (gpu: Gpu, sizes: Sizes): AlbertModel => AlbertModel.random(gpu, configOf(sizes), 1);

/** Gives a new batch at every call. */
export function batchMaker({ tokens, length, vocabulary, labels }: Sizes): () => TrainingSequence[] {
  const random = new Random(1);
  return () =>
    Array.from({ length: tokens / length }, () => ({
      ids: Int32Array.from({ length }, () => 5 + random.below(vocabulary - 5)),
      labels: Int32Array.from({ length }, () => random.below(labels)),
    }));
}

export function makeTrainer(
  model: AlbertModel,
  { tokens, recompute }: Sizes,
  pool: ActivationPool,
  profiler?: Profiler,
): Promise<Trainer> {
  return Trainer.create(
    model,
    {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      maxNorm: 1,
      weightDecay: 0.01,
      schedule: { name: 'constant', learningRate: 1e-3, warmupSteps: 0, steps: 1e9 },
      seed: 1,
      capacity: tokens,
      recompute,
      ...(profiler && { profiler }),
    },
    pool,
  );
}

/** Milliseconds of each of `steps` training steps, one after the other. */
export async function timeSteps(trainer: Trainer, batch: () => TrainingSequence[], steps: number): Promise<number[]> {
  const times: number[] = [];
  const until = trainer.state.step + steps;
  let last = performance.now();
  for await (const _ of trainer.steps((step) => (step < until ? [batch()] : undefined))) {
    times.push(performance.now() - last);
    last = performance.now();
  }
  return times;
}

/** Milliseconds of classifying each of `runs` batches. */
export async function timeInference(
  classifier: SequenceClassifier,
  batch: () => TrainingSequence[],
  runs: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const sequences = batch();
    const began = performance.now();
    for await (const _ of classifier.classify(sequences));
    times.push(performance.now() - began);
  }
  return times;
}

export const makeClassifier = (model: AlbertModel, tokens: number, pool: ActivationPool): Promise<SequenceClassifier> =>
  SequenceClassifier.create(model, tokens, pool);
