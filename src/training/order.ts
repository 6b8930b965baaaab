/** Which sequences stand in which step: a function of seed and step alone, so that a resumed run goes on in the same order. */
import { batchesBySize, epochOrder } from '../data/batches.ts';

export interface OrderOptions {
  /** Sequences in all. */
  count: number;
  /** Sequences in a batch, and batches in a step. */
  batchSize: number;
  accumulation: number;
  shuffle: boolean;
  seed: number;
}

export class BatchOrder {
  readonly stepsPerEpoch: number;
  readonly #options: OrderOptions;
  #epoch = -1;
  #batches: number[][] = [];

  constructor(options: OrderOptions) {
    this.#options = options;
    this.stepsPerEpoch = Math.ceil(options.count / (options.batchSize * options.accumulation));
  }

  /** The batches of a step, counted from 0, as indices of sequences. The last step of an epoch takes what is left. */
  batches(step: number): number[][] {
    const { accumulation } = this.#options;
    const batches = this.#batchesOf(Math.floor(step / this.stepsPerEpoch));
    const first = (step % this.stepsPerEpoch) * accumulation;
    return batches.slice(first, first + accumulation);
  }

  #batchesOf(epoch: number): number[][] {
    if (epoch !== this.#epoch) {
      const { count, shuffle, seed, batchSize } = this.#options;
      this.#batches = batchesBySize(epochOrder(count, shuffle ? { seed, epoch } : undefined), batchSize);
      this.#epoch = epoch;
    }
    return this.#batches;
  }
}

/** Most sub-tokens that any batch of `batchSize` sequences of these lengths can hold. */
export function largestBatch(lengths: readonly number[], batchSize: number): number {
  return [...lengths]
    .sort((a, b) => b - a)
    .slice(0, batchSize)
    .reduce((sum, n) => sum + n, 0);
}
