/**
 * A text that is being normalised, with the span of source characters that each of its characters came from.
 *
 * It follows NormalizedString of Hugging Face's tokenizers (Rust), so that offsets are the ones that transformers gives,
 * its peculiarities included: an inserted character takes the span of the one before it, and one that stands for several
 * takes the span of the first of them.
 */

/** What stands in place of half a surrogate pair, as in UTF-8. */
const REPLACEMENT_CHARACTER = 0xfffd;
const isSurrogate = (codePoint: number): boolean => codePoint >= 0xd800 && codePoint <= 0xdfff;

export class AlignedText {
  /** Unicode code points of the normalised text. */
  readonly codePoints: readonly number[];
  /** Where the source span of each code point starts, in UTF-16 units of the source text. */
  readonly starts: readonly number[];
  /** Where it ends. */
  readonly ends: readonly number[];
  /** Where the piece of source text that this text was made from starts. */
  readonly base: number;

  constructor(codePoints: readonly number[], starts: readonly number[], ends: readonly number[], base: number) {
    this.codePoints = codePoints;
    this.starts = starts;
    this.ends = ends;
    this.base = base;
  }

  /** `source` as it stands; `base` is where it starts in the text that spans count in. */
  static of(source: string, base = 0): AlignedText {
    const codePoints: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    for (let i = 0; i < source.length; ) {
      const codePoint = source.codePointAt(i)!;
      const length = codePoint > 0xffff ? 2 : 1;
      codePoints.push(isSurrogate(codePoint) ? REPLACEMENT_CHARACTER : codePoint);
      starts.push(base + i);
      ends.push(base + i + length);
      i += length;
    }
    return new AlignedText(codePoints, starts, ends, base);
  }

  get length(): number {
    return this.codePoints.length;
  }

  /** The normalised text, or its characters `from` up to `to`. */
  toString(from = 0, to = this.length): string {
    return stringOf(this.codePoints, from, to);
  }

  /** Characters `from` up to `to`. */
  slice(from: number, to: number): AlignedText {
    const { codePoints, starts, ends } = this;
    return new AlignedText(
      codePoints.slice(from, to),
      starts.slice(from, to),
      ends.slice(from, to),
      starts[from] ?? this.base,
    );
  }

  /**
   * The text after an edit. `codePoints` is the whole new text; `changes` says of each character how it came about: 0 takes
   * the place of the next old character, 1 is inserted, -n takes the place of the next old one and n more after it are gone.
   * `removed` counts the old characters that are gone before the first new one.
   */
  edit(codePoints: readonly number[], changes: readonly number[], removed = 0): AlignedText {
    const starts = new Array<number>(codePoints.length);
    const ends = new Array<number>(codePoints.length);
    const last = this.length - 1;
    let old = removed; // the next old character
    for (let i = 0; i < codePoints.length; i++) {
      const change = changes[i]!;
      const from = change > 0 ? old - 1 : Math.min(old, last);
      starts[i] = this.starts[from] ?? this.base;
      ends[i] = this.ends[from] ?? this.base;
      if (change <= 0) old += 1 - change;
    }
    return new AlignedText(codePoints, starts, ends, this.base);
  }
}

/** The string of code points `from` up to `to`. */
export function stringOf(codePoints: readonly number[], from = 0, to = codePoints.length): string {
  // A call takes some ten thousands of arguments at most.
  const CHUNK = 8192;
  if (to - from <= CHUNK) return String.fromCodePoint(...codePoints.slice(from, to));
  const parts: string[] = [];
  for (let i = from; i < to; i += CHUNK)
    parts.push(String.fromCodePoint(...codePoints.slice(i, Math.min(i + CHUNK, to))));
  return parts.join('');
}

/** The code points of a string. */
export const codePointsOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);
