/** Grapheme clusters (Unicode Standard Annex 29) of a text, fast where there is nothing to cluster. */
import { stringOf } from './aligned_text.ts';

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/**
 * Whether a character never shares a cluster with a neighbour that is inert too (carriage return before line feed aside).
 * Holds for Latin, Greek and Cyrillic letters, usual punctuation and currency signs, kana and ideographs; others are left
 * to Intl.Segmenter.
 */
const isInert = (c: number): boolean =>
  c < 0x300 ||
  (c >= 0x370 && c <= 0x482) ||
  (c >= 0x48a && c <= 0x52f) ||
  (c >= 0x1e00 && c <= 0x1fff) ||
  (c >= 0x2010 && c <= 0x2027) ||
  (c >= 0x2030 && c <= 0x205e) ||
  (c >= 0x20a0 && c <= 0x20c0) ||
  (c >= 0x3041 && c <= 0x3096) ||
  (c >= 0x30a1 && c <= 0x30fa) ||
  (c >= 0x3400 && c <= 0x9fff);

/** Calls `visit` with the start and the end of each cluster, in order. */
export function forEachGrapheme(codePoints: readonly number[], visit: (from: number, to: number) => void): void {
  const boundaryAfter = (i: number): boolean =>
    i + 1 >= codePoints.length ||
    (isInert(codePoints[i]!) &&
      isInert(codePoints[i + 1]!) &&
      !(codePoints[i] === CARRIAGE_RETURN && codePoints[i + 1] === LINE_FEED));
  for (let from = 0; from < codePoints.length; ) {
    let to = from + 1;
    while (!boundaryAfter(to - 1)) to++;
    if (to === from + 1) visit(from, to);
    else segment(codePoints, from, to, visit);
    from = to;
  }
}

let segmenter: Intl.Segmenter | undefined;

/** Characters that the segmenter is given at once: in V8 its time grows with the square of the text's length. */
const WINDOW = 256;

function segment(
  codePoints: readonly number[],
  from: number,
  to: number,
  visit: (from: number, to: number) => void,
): void {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (let size = WINDOW; from < to; ) {
    const windowEnd = Math.min(from + size, to);
    const begun = from;
    for (const { segment: cluster } of segmenter.segment(stringOf(codePoints, from, windowEnd))) {
      let end = from;
      for (let units = 0; units < cluster.length; end++) units += codePoints[end]! > 0xffff ? 2 : 1;
      // The last cluster may go on after the window: the next window begins with it.
      if (end === windowEnd && windowEnd < to) break;
      visit(from, end);
      from = end;
    }
    size = from > begun ? WINDOW : 2 * size; // a cluster longer than the window needs a longer one
  }
}
