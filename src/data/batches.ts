/**
 * Grouping features into batches. A batch is a list of indices; what comes out is a function of the arguments alone, so that a
 * resumed run finds its batches again.
 */
import { UserError } from '../errors.ts';
import { Random } from '../random.ts';

/** Which drawing of an order: epochs of a seed have independent orders (xoshiro128**, one stream an epoch). */
export interface Draw {
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

const fileOrder = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The order in which an epoch goes through `count` features: file order, or shuffled (Fisher and Yates) for a draw. */
export function epochOrder(count: number, draw?: Draw): number[] {
  const order = fileOrder(count);
  return draw ? new Random(draw.seed, draw.epoch).shuffle(order) : order;
}

/** `batchSize` features a batch; the last takes what is left. */
export function batchesBySize(order: readonly number[], batchSize: number): number[][] {
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new RangeError(`a batch size of ${batchSize}: at least 1`);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, b) =>
    order.slice(b * batchSize, (b + 1) * batchSize),
  );
}

export interface TokenBudget {
  /** Most sub-tokens in a batch. */
  readonly tokens: number;
  /**
   * Features of so many consecutive places of the order are packed together, longest first into the first batch with room
   * (first-fit decreasing, Johnson 1973), which fills batches better. 0: strictly in order.
   */
  readonly packWithin?: number;
  /** With `packWithin`: puts each stretch's batches, which come out longest features first, in a random order. */
  readonly draw?: Draw;
}

/**
 * Batches of at most `tokens` sub-tokens. Every feature of the order lands in exactly one of them.
 * @param lengths sub-tokens of each feature
 * @throws UserError for a feature that is longer than a batch
 */
export function batchesByTokens(
  order: readonly number[],
  lengths: ArrayLike<number>,
  { tokens, packWithin = 0, draw }: TokenBudget,
): number[][] {
  for (const index of order) {
    if (lengths[index]! > tokens) {
      throw new UserError(
        `a sequence has ${lengths[index]} sub-tokens, a batch holds at most ${tokens}: give a larger --max-tokens-per-batch or a smaller --max-seq-length.`,
      );
    }
  }
  if (packWithin <= 0) return packInOrder(order, lengths, tokens);
  const batches: number[][] = [];
  // Streams 0, 1, … draw the order of features; the order of batches has the streams below 0.
  const random = draw && new Random(draw.seed, -1 - draw.epoch);
  let carried: number[] = [];
  for (let from = 0; from < order.length; from += packWithin) {
    const packed = packFirstFit([...carried, ...order.slice(from, from + packWithin)], lengths, tokens);
    // The last batch to be opened is hardly filled: its features go on to the next stretch.
    carried = from + packWithin < order.length ? packed.pop()! : [];
    batches.push(...(random ? random.shuffle(packed) : packed));
  }
  return batches;
}

/** How full batches are: sub-tokens in them over what they could hold, 0 to 1. */
export function fillRate(batches: readonly (readonly number[])[], lengths: ArrayLike<number>, tokens: number): number {
  if (batches.length === 0) return 0;
  const used = batches.reduce((sum, batch) => sum + tokensOf(batch, lengths), 0);
  return used / (batches.length * tokens);
}

const tokensOf = (batch: readonly number[], lengths: ArrayLike<number>): number =>
  batch.reduce((sum, index) => sum + lengths[index]!, 0);

function packInOrder(order: readonly number[], lengths: ArrayLike<number>, tokens: number): number[][] {
  const batches: number[][] = [];
  let left = 0;
  for (const index of order) {
    if (batches.length === 0 || lengths[index]! > left) {
      batches.push([]);
      left = tokens;
    }
    batches.at(-1)!.push(index);
    left -= lengths[index]!;
  }
  return batches;
}

function packFirstFit(order: readonly number[], lengths: ArrayLike<number>, tokens: number): number[][] {
  const longestFirst = [...order].sort((a, b) => lengths[b]! - lengths[a]!);
  const batches: number[][] = [];
  const left: number[] = [];
  for (const index of longestFirst) {
    let b = left.findIndex((room) => room >= lengths[index]!);
    if (b < 0) {
      b = batches.push([]) - 1;
      left.push(tokens);
    }
    batches[b]!.push(index);
    left[b]! -= lengths[index]!;
  }
  return batches;
}
