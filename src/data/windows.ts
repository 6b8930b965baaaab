/** Cutting a sentence that is too long for the model into windows, at word boundaries. */

/** A window's words: [from, to). */
export interface WordRange {
  readonly from: number;
  readonly to: number;
}

/** Sub-tokens that a word takes: at least one ([UNK] for a word that tokenises to nothing), at most what a window holds. */
export const subTokensInWindow = (pieces: readonly number[], window: number): number =>
  Math.min(Math.max(1, pieces.length), window - 2);

/**
 * Windows of a sentence, greedily: a new one begins where the next word's sub-tokens would not fit any more beside [CLS] and
 * [SEP]. Every word lies in exactly one window; a word longer than a whole window has one to itself and is cut to it.
 * @param pieces each word's sub-token ids
 * @param window sub-tokens of a window, [CLS] and [SEP] included; at least 3
 */
export function splitIntoWindows(pieces: readonly (readonly number[])[], window: number): WordRange[] {
  if (!Number.isInteger(window) || window < 3) throw new RangeError(`a window of ${window}: at least 3 sub-tokens`);
  const ranges: WordRange[] = [];
  let from = 0;
  let used = 0;
  pieces.forEach((word, w) => {
    const size = subTokensInWindow(word, window);
    if (used + size > window - 2) {
      ranges.push({ from, to: w });
      from = w;
      used = 0;
    }
    used += size;
  });
  if (pieces.length > 0) ranges.push({ from, to: pieces.length });
  return ranges;
}
