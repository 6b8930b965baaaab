/** Word dropout: in training, some words become [UNK], so that the model learns to read the words around them as well. */
import type { Feature } from '../data/features.ts';
import { Random } from '../random.ts';
import type { TrainingSequence } from './trainer.ts';

/** Keeps these draws apart from those of the order, which count epochs. */
const STREAM = 0x40000000;

/**
 * The windows of a step's batches, each word replaced by [UNK] as a whole with probability `rate`. A function of seed and
 * step, so that a resumed run drops the same words.
 * Source: Lample et al. 2016 (arXiv:1603.01360), section 4.3, who drop words seen once.
 */
export function dropWords(
  batches: readonly (readonly Feature[])[],
  rate: number,
  unkId: number,
  seed: number,
  step: number,
): readonly (readonly TrainingSequence[])[] {
  if (rate === 0) return batches;
  const random = new Random(seed, STREAM + step);
  return batches.map((batch) => batch.map((feature) => withoutSome(feature, rate, unkId, random)));
}

function withoutSome({ ids, labels, words }: Feature, rate: number, unkId: number, random: Random): TrainingSequence {
  const kept = ids.slice();
  words.forEach(({ position }, i) => {
    if (random.uniform() < rate) kept.fill(unkId, position, words[i + 1]?.position ?? ids.length - 1);
  });
  return { ids: kept, labels };
}
