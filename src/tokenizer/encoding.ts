/** What a text becomes: ids and, for each of them, where it came from. All lists are of the same length. */
export type Span = [start: number, end: number];

export interface Encoding {
  ids: number[];
  /** The pieces; of an unknown one the (normalised) characters, of an added token the text's own. */
  tokens: string[];
  /** The word that each piece belongs to, null for the special tokens that were put around the text. */
  wordIds: (number | null)[];
  /** Spans in the source text (of encodeWords: in the word) in UTF-16 units, as String.slice takes them; [0, 0] for special tokens. */
  offsets: Span[];
  /** The same in Unicode code points, as transformers gives them. */
  codePointOffsets: Span[];
  /** 1 for the special tokens that were put around the text, else 0. */
  specialTokensMask: number[];
}

/** Spans of `text` in UTF-16 units, turned into code points. */
export function toCodePoints(text: string, spans: readonly Span[]): Span[] {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return spans.map(([start, end]) => [start, end]);
  const codePoints = new Int32Array(text.length + 1);
  for (let i = 0, n = 0; i < text.length; n++) {
    codePoints[i] = n;
    i += text.codePointAt(i)! > 0xffff ? 2 : 1;
    codePoints[i] = n + 1;
  }
  return spans.map(([start, end]) => [codePoints[start]!, codePoints[end]!]);
}

/**
 * Cuts an encoding that is too long into windows of at most `maxLength` pieces, each with the special tokens around it and
 * sharing `stride` pieces of the text with the one before, as transformers does with `return_overflowing_tokens`.
 * An encoding that fits is returned as the only window.
 */
export function windows(encoding: Encoding, maxLength: number, stride = 0): Encoding[] {
  const { length } = encoding.ids;
  if (length <= maxLength) return [encoding];
  const first = encoding.specialTokensMask.indexOf(0);
  const last = encoding.specialTokensMask.lastIndexOf(0);
  const room = maxLength - (length - (last + 1 - first));
  if (stride < 0 || stride >= room)
    throw new RangeError(
      `windows of ${maxLength} pieces have room for ${room}, which a stride of ${stride} must be below`,
    );
  const result: Encoding[] = [];
  for (let from = first; ; from += room - stride) {
    const to = Math.min(from + room, last + 1);
    const part = <T>(list: readonly T[]): T[] => [
      ...list.slice(0, first),
      ...list.slice(from, to),
      ...list.slice(last + 1),
    ];
    result.push({
      ids: part(encoding.ids),
      tokens: part(encoding.tokens),
      wordIds: part(encoding.wordIds),
      offsets: part(encoding.offsets),
      codePointOffsets: part(encoding.codePointOffsets),
      specialTokensMask: part(encoding.specialTokensMask),
    });
    if (to > last) return result;
  }
}
