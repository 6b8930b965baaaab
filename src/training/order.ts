/** Which sequences stand in which step: a function of seed and step alone, so that a resumed run goes on in the same order. */
import { Random } from '../random.ts';

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
  #order: number[] = [];

  constructor(options: OrderOptions) {
    this.#options = options;
    this.stepsPerEpoch = Math.ceil(options.count / (options.batchSize * options.accumulation));
  }

  /** The batches of a step, counted from 0, as indices of sequences. The last step of an epoch takes what is left. */
  batches(step: number): number[][] {
    const { batchSize, accumulation } = this.#options;
    const order = this.#orderOf(Math.floor(step / this.stepsPerEpoch));
    const first = (step % this.stepsPerEpoch) * batchSize * accumulation;
    return Array.from({ length: accumulation }, (_, i) => {
      const at = first + i * batchSize;
      return order.slice(at, at + batchSize);
    }).filter((batch) => batch.length > 0);
  }

  #orderOf(epoch: number): number[] {
    if (epoch !== this.#epoch) {
      const { count, shuffle, seed } = this.#options;
      const order = Array.from({ length: count }, (_, i) => i);
      this.#order = shuffle ? new Random(seed, epoch).shuffle(order) : order;
      this.#epoch = epoch;
    }
    return this.#order;
  }
}

/** Most sub-tokens that any batch of `batchSize` sequences of these lengths can hold. */
export function largestBatch(lengths: readonly number[], batchSize: number): number {
  return [...lengths]
    .sort((a, b) => b - a)
    .slice(0, batchSize)
    .reduce((sum, n) => sum + n, 0);
}
