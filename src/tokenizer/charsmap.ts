/**
 * SentencePiece's precompiled normaliser: a table from strings to what they are replaced with, found in a SentencePiece
 * model's normalizer_spec and, in base64, in tokenizer.json.
 *
 * Layout (sentencepiece, normalizer.cc): uint32 little-endian size of the trie in bytes; the trie, a double array of
 * uint32 units (darts-clone); then the replacements, UTF-8, each ended by a NUL. The trie's values are offsets into the
 * replacements. A unit holds: bit 31 with bits 0-7 the label, bit 8 whether a value follows, bits 10-30 the offset to the
 * children, shifted left by 8 where bit 9 is set; a value's unit holds the value in bits 0-30.
 */
import { UserError } from '../errors.ts';
import { type AlignedText, codePointsOf, stringOf } from './aligned_text.ts';
import { forEachGrapheme } from './graphemes.ts';

/** A grapheme cluster of as many bytes of UTF-8 is looked up character by character (tokenizers, precompiled.rs). */
const LONG_GRAPHEME_BYTES = 6;

const malformed = (what: string): UserError =>
  new UserError(`the vocabulary's precompiled_charsmap is damaged: ${what}; take the tokenizer's files anew`);

/** The replacement table; `replacement` is undefined for what stays as it is. */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  /** What was looked up before, by key. Keys are single characters and short clusters. */
  readonly #known = new Map<string, readonly number[] | undefined>();

  constructor(bytes: Uint8Array) {
    if (bytes.byteLength < 8) throw malformed(`${bytes.byteLength} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = view.getUint32(0, true);
    if (size === 0 || size % 4 !== 0 || 4 + size > bytes.byteLength)
      throw malformed(`it announces a trie of ${size} bytes and has ${bytes.byteLength - 4} after that`);
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = bytes.subarray(4 + size);
  }

  /**
   * Code points that `key` is replaced with. As in tokenizers (and unlike in SentencePiece, which takes the longest) the
   * shortest entry that `key` begins with decides for the whole of it.
   */
  replacement(key: string): readonly number[] | undefined {
    if (this.#known.has(key)) return this.#known.get(key);
    const offset = this.#shortestPrefix(this.#encoder.encode(key));
    const found = offset === undefined ? undefined : this.#replacementAt(offset);
    this.#known.set(key, found);
    return found;
  }

  #shortestPrefix(key: Uint8Array): number | undefined {
    const units = this.#units;
    let node = childOffset(units[0]!);
    for (const byte of key) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= childOffset(unit);
      if ((unit >>> 8) & 1) return (units[node] ?? 0) & 0x7fffffff;
    }
    return undefined;
  }

  #replacementAt(offset: number): readonly number[] {
    const end = this.#replacements.indexOf(0, offset);
    return codePointsOf(this.#decoder.decode(this.#replacements.subarray(offset, end < 0 ? undefined : end)));
  }

  /** `text` with every cluster or character that has a replacement replaced. */
  apply(text: AlignedText): AlignedText {
    const codePoints: number[] = [];
    const changes: number[] = [];
    let modified = false;
    const replace = (key: string, replaced: number): boolean => {
      const found = this.replacement(key);
      if (found === undefined) return false;
      modified = true;
      for (const codePoint of found) {
        codePoints.push(codePoint);
        changes.push(0);
      }
      const difference = found.length - replaced;
      if (difference > 0) changes.fill(1, changes.length - difference);
      else if (difference < 0 && changes.length > 0) changes[changes.length - 1]! += difference;
      return true;
    };
    const old = text.codePoints;
    forEachGrapheme(old, (from, to) => {
      if (to - from > 1 && utf8Bytes(old, from, to) < LONG_GRAPHEME_BYTES) {
        if (replace(stringOf(old, from, to), to - from)) return;
      }
      for (let i = from; i < to; i++) {
        if (replace(String.fromCodePoint(old[i]!), 1)) continue;
        codePoints.push(old[i]!);
        changes.push(0);
      }
    });
    return modified ? text.edit(codePoints, changes) : text;
  }
}

const childOffset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

function utf8Bytes(codePoints: readonly number[], from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) {
    const codePoint = codePoints[i]!;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return bytes;
}
