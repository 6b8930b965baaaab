/** Which sequences stand in which step: a function of seed and step alone, so that a resumed run goes on in the same order. */
import { batchesBySize, batchesByTokens, epochOrder, fillRate } from '../data/batches.ts';

export interface OrderOptions {
  /** Sub-tokens of each sequence. */
  lengths: readonly number[];
  /** Sequences in a batch, or sub-tokens in one, which then takes as many sequences as fit. */
  batch: { sequences: number } | { tokens: number };
  /** Batches in a step. */
  accumulation: number;
  shuffle: boolean;
  seed: number;
}

/** Sequences so near in the order are packed together where batches have a budget of tokens. */
const PACKED_WITHIN = 512;

export class BatchOrder {
  /**
   * Steps of an epoch. With a budget of tokens, those of the first: later ones, which draw other batches, may have a batch
   * more or less, and follow each other without a gap.
   */
  readonly stepsPerEpoch: number;
  /** Most sub-tokens in a batch. */
  readonly capacity: number;
  /** How full a budget of tokens is in the first epoch, 0 to 1; undefined for batches of so many sequences. */
  readonly fill: number | undefined;
  readonly #options: OrderOptions;
  /** Batches of the epochs so far; of one epoch at a time where all epochs have as many. */
  #batches: number[][] = [];
  #epochs = 0;

  /** @throws UserError for a sequence that is longer than the budget of tokens. */
  constructor(options: OrderOptions) {
    const { lengths, batch, accumulation } = options;
    this.#options = options;
    const first = this.#draw(0);
    this.stepsPerEpoch = Math.ceil(first.length / accumulation);
    this.capacity = 'tokens' in batch ? batch.tokens : largestBatch(lengths, batch.sequences);
    this.fill = 'tokens' in batch ? fillRate(first, lengths, batch.tokens) : undefined;
  }

  /** The batches of a step, counted from 0, as indices of sequences. A step at the end of an epoch takes what is left. */
  batches(step: number): number[][] {
    const { accumulation, batch } = this.#options;
    if ('tokens' in batch) {
      while (this.#batches.length < (step + 1) * accumulation) this.#batches.push(...this.#draw(this.#epochs++));
      return this.#batches.slice(step * accumulation, (step + 1) * accumulation);
    }
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (this.#epochs !== epoch + 1) {
      this.#batches = this.#draw(epoch);
      this.#epochs = epoch + 1;
    }
    const first = (step % this.stepsPerEpoch) * accumulation;
    return this.#batches.slice(first, first + accumulation);
  }

  #draw(epoch: number): number[][] {
    const { lengths, batch, shuffle, seed } = this.#options;
    const draw = shuffle ? { seed, epoch } : undefined;
    const order = epochOrder(lengths.length, draw);
    if ('sequences' in batch) return batchesBySize(order, batch.sequences);
    // Without a draw the order is the file's, and stays so.
    return batchesByTokens(order, lengths, {
      tokens: batch.tokens,
      ...(draw && { packWithin: PACKED_WITHIN, draw }),
    });
  }
}

/** Most sub-tokens that any batch of `batchSize` sequences of these lengths can hold. */
export function largestBatch(lengths: readonly number[], batchSize: number): number {
  return [...lengths]
    .sort((a, b) => b - a)
    .slice(0, batchSize)
    .reduce((sum, n) => sum + n, 0);
}
