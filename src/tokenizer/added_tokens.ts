/** Tokens that are found in a text as they stand, before the rest of it is cut into pieces: [MASK], but also ( or €. */
import type { AddedTokenJson } from './tokenizer_json.ts';

/** A stretch of text from `start` up to `end`; `token` is set where it is an added token. */
export interface Stretch {
  start: number;
  end: number;
  token?: AddedTokenJson;
}

const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const SPACE = /\p{White_Space}/u;

export class AddedTokenFinder {
  readonly #tokens: ReadonlyMap<string, AddedTokenJson>;
  readonly #pattern: RegExp | undefined;

  /** `tokens` by the text that they are found as. */
  constructor(tokens: ReadonlyMap<string, AddedTokenJson>) {
    this.#tokens = tokens;
    // Alternatives are tried in order: the longest first, as tokenizers prefers them.
    const alternatives = [...tokens.keys()]
      .sort((a, b) => b.length - a.length)
      .map((content) => content.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.#pattern = alternatives.length > 0 ? new RegExp(alternatives.join('|'), 'gu') : undefined;
  }

  /** The stretches of `text`, in order and without gaps. Empty for an empty text. */
  split(text: string): Stretch[] {
    const stretches: Stretch[] = [];
    let done = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      const token = this.#tokens.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (token.single_word && touchesWord(text, start, end)) continue;
      if (token.lstrip) while (start > done && SPACE.test(text[start - 1]!)) start--;
      if (token.rstrip) while (end < text.length && SPACE.test(text[end]!)) end++;
      // A match that starts in the space that the token before it took begins after that.
      start = Math.max(start, done);
      if (start > done) stretches.push({ start: done, end: start });
      stretches.push({ start, end, token });
      done = end;
    }
    if (done < text.length) stretches.push({ start: done, end: text.length });
    return stretches;
  }
}

// Two UTF-16 units hold one character at least.
const touchesWord = (text: string, start: number, end: number): boolean =>
  WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || WORD_AFTER.test(text.slice(end, end + 2));
