/** Cuts a normalised text into the words that the unigram model cuts further: at white space, each word marked with ▁. */
import { AlignedText } from './aligned_text.ts';
import type { MetaspaceJson, PreTokenizerJson } from './tokenizer_json.ts';

export type PreTokenizer = (text: AlignedText) => AlignedText[];

/** The pre-tokenizer that `json` describes; null leaves a text whole. */
export function makePreTokenizer(json: PreTokenizerJson | null): PreTokenizer {
  if (json === null) return (text) => [text];
  switch (json.type) {
    case 'Sequence': {
      const steps = json.pretokenizers.map(makePreTokenizer);
      return (text) => steps.reduce((words, step) => words.flatMap(step), [text]);
    }
    case 'WhitespaceSplit':
      return splitAtWhitespace;
    case 'Metaspace':
      return metaspace(json);
  }
}

/** Unicode's White_Space, which unlike JavaScript's \s has U+0085 and lacks U+FEFF. */
const isWhitespace = (c: number): boolean =>
  (c >= 0x09 && c <= 0x0d) ||
  c === 0x20 ||
  c === 0x85 ||
  c === 0xa0 ||
  c === 0x1680 ||
  (c >= 0x2000 && c <= 0x200a) ||
  c === 0x2028 ||
  c === 0x2029 ||
  c === 0x202f ||
  c === 0x205f ||
  c === 0x3000;

function splitAtWhitespace(text: AlignedText): AlignedText[] {
  const words: AlignedText[] = [];
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !isWhitespace(text.codePoints[i]!)) continue;
    if (i > from) words.push(text.slice(from, i));
    from = i + 1;
  }
  return words;
}

/** Spaces become ▁, one is put before the text, and each begins a word. */
function metaspace(json: MetaspaceJson): PreTokenizer {
  const mark = json.replacement.codePointAt(0)!;
  return (text) => {
    if (text.length === 0) return [];
    const marked = text.codePoints.map((codePoint) => (codePoint === 0x20 ? mark : codePoint));
    const prepend =
      marked[0] !== mark &&
      (json.prepend_scheme === 'always' || (json.prepend_scheme === 'first' && text.starts[0] === 0));
    const whole = prepend
      ? new AlignedText([mark, ...marked], [text.starts[0]!, ...text.starts], [text.ends[0]!, ...text.ends], text.base)
      : new AlignedText(marked, text.starts, text.ends, text.base);
    if (!json.split) return [whole];
    const words: AlignedText[] = [];
    let from = 0;
    for (let i = 1; i <= whole.length; i++) {
      if (i < whole.length && whole.codePoints[i] !== mark) continue;
      words.push(whole.slice(from, i));
      from = i;
    }
    return words;
  };
}
