/** Sentences as text in the formats that the readers read. */
import type { Level } from './germeval.ts';
import { placeOf, type Sentence } from './sentence.ts';

/** Two columns, token and IOB2 label, apart by a tab; an empty line behind each sentence. */
export const toConll = (sentences: readonly Sentence[]): string =>
  sentences.map(({ words, labels }) => `${words.map((word, w) => `${word}\t${labels[w]}\n`).join('')}\n`).join('');

/**
 * GermEval 2014's TSV: a comment with the sentence's source, then number, token, outer and inner label apart by tabs; an empty
 * line behind each sentence.
 * @param level which level `labels` holds; `inner` holds the other, all O where it is missing
 */
export function toGermEval(sentences: readonly Sentence[], level: Level = 'outer'): string {
  const blocks = sentences.map(({ words, labels, inner, source }) => {
    const rows = words.map((word, w) => {
      const other = inner?.[w] ?? 'O';
      const [first, second] = level === 'outer' ? [labels[w], other] : [other, labels[w]];
      return `${w + 1}\t${word}\t${first}\t${second}\n`;
    });
    const from = source && placeOf({ ...source, file: source.file.split(/[\\/]/).at(-1)! });
    return `${from ? `#\t${from}\n` : ''}${rows.join('')}\n`;
  });
  return blocks.join('');
}
