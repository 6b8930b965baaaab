/** A model of random weights and batches, of random ids unless there are sentences: what every benchmark runs. */
import { AlbertModel } from '../../src/albert/model.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../../src/formats/albert_config.ts';
import { PRESET_SIZES, type PresetName } from '../../src/formats/albert_presets.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { ActivationPool } from '../../src/gpu/memory.ts';
import type { Profiler } from '../../src/gpu/profiler.ts';
import { SequenceClassifier } from '../../src/inference/classifier.ts';
import { Random } from '../../src/random.ts';
import { Trainer, type TrainingSequence } from '../../src/training/trainer.ts';

export interface ModelSizes {
  size: PresetName;
  vocabulary: number;
  labels: number;
  /** Run each layer again in the backward pass. */
  recompute: boolean;
}

/** Those of a model and of batches of random ids. */
export interface Sizes extends ModelSizes {
  /** Sub-tokens in a batch, and in each of its sequences. */
  tokens: number;
  length: number;
}

/** Where the batches of a benchmark come from. */
export interface Batches {
  /** Most sub-tokens in one. */
  capacity: number;
  /** The batch of a step, counted from 0. */
  at(step: number): TrainingSequence[];
  /** What they are, for a heading. */
  about: string;
  /** The settings that ask for them. */
  settings: Readonly<Record<string, string | number | null>>;
}

/** One step: how long it took, and the sub-tokens of its batch, of which none is padding. */
export interface TimedStep {
  ms: number;
  tokens: number;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Sub-tokens a second: the median of the steps' own rates, as batches may differ in size. */
export const tokensPerSecond = (steps: readonly TimedStep[]): number =>
  median(steps.map(({ ms, tokens }) => (1000 * tokens) / ms));

export const tokensOf = (sequences: readonly TrainingSequence[]): number =>
  sequences.reduce((sum, { ids }) => sum + ids.length, 0);

export function configOf({ size, vocabulary, labels }: ModelSizes): AlbertConfig {
  return {
    ...ALBERT_DEFAULTS,
    ...PRESET_SIZES[size],
    vocab_size: vocabulary,
    classifier_dropout_prob: 0,
    labels: Array.from({ length: labels }, (_, i) => `LABEL_${i}`),
  };
}

export const makeModel = (gpu: Gpu, sizes: ModelSizes): AlbertModel => AlbertModel.random(gpu, configOf(sizes), 1);

/** Sequences of random ids, all of one length; every step has its own. */
export function randomBatches({ tokens, length, vocabulary, labels }: Sizes): Batches {
  return {
    capacity: tokens,
    at: (step) => {
      const random = new Random(1, step);
      return Array.from({ length: tokens / length }, () => ({
        ids: Int32Array.from({ length }, () => 5 + random.below(vocabulary - 5)),
        labels: Int32Array.from({ length }, () => random.below(labels)),
      }));
    },
    about: `${tokens} tokens in sequences of ${length}`,
    settings: { tokens, length },
  };
}

/** The batches of the steps [first, first + count). */
export const batchesOf = (batches: Batches, first: number, count: number): TrainingSequence[][] =>
  Array.from({ length: count }, (_, i) => batches.at(first + i));

export function makeTrainer(
  model: AlbertModel,
  { recompute }: ModelSizes,
  capacity: number,
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
      capacity,
      recompute,
      ...(profiler && { profiler }),
    },
    pool,
  );
}

/**
 * A training step on each of the batches, one after the other. What moves all word embeddings on at the end of them counts as every
 * step's, and is done before this returns.
 */
export async function timeSteps(
  trainer: Trainer,
  batches: readonly (readonly TrainingSequence[])[],
): Promise<TimedStep[]> {
  const timed: TimedStep[] = [];
  const first = trainer.state.step;
  const batchOf = (step: number) => {
    const batch = batches[step - first];
    return batch && [batch];
  };
  let last = performance.now();
  for await (const { tokens } of trainer.steps(batchOf)) {
    timed.push({ ms: performance.now() - last, tokens });
    last = performance.now();
  }
  const { gpu } = trainer.model;
  await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
  const share = (performance.now() - last) / timed.length;
  return timed.map(({ ms, tokens }) => ({ ms: ms + share, tokens }));
}

/** Classifies each of the batches. */
export async function timeInference(
  classifier: SequenceClassifier,
  batches: readonly (readonly TrainingSequence[])[],
): Promise<TimedStep[]> {
  const timed: TimedStep[] = [];
  for (const sequences of batches) {
    let tokens = 0;
    const began = performance.now();
    for await (const classified of classifier.classify(sequences)) tokens += classified.tokens;
    timed.push({ ms: performance.now() - began, tokens });
  }
  return timed;
}

export const makeClassifier = (
  model: AlbertModel,
  capacity: number,
  pool: ActivationPool,
): Promise<SequenceClassifier> => SequenceClassifier.create(model, capacity, pool);
