/** Sentences that occur more than once: within a split they count double, across splits they give test answers away. */
import type { Sentence } from './sentence.ts';

/** The same for sentences of the same words, whatever their labels. */
export const wordsKey = ({ words }: Sentence): string => words.join('\n');

export interface Duplicates {
  /** Sentences of the second list whose words a sentence of the first has. */
  readonly count: number;
  /** Those among them whose labels differ from those of every such sentence. */
  readonly otherLabels: number;
  /** The first of them, with the one it repeats. */
  readonly first?: { readonly sentence: Sentence; readonly earlier: Sentence };
}

/** Sentences of `later` that `earlier` has as well. */
export function duplicatesAcross(earlier: readonly Sentence[], later: readonly Sentence[]): Duplicates {
  const seen = new Map<string, Sentence[]>();
  for (const sentence of earlier) remember(seen, sentence);
  return count(later, (sentence) => seen.get(wordsKey(sentence)));
}

/** Sentences that stood in the list before; of three alike, two count. */
export function duplicatesWithin(sentences: readonly Sentence[]): Duplicates {
  const seen = new Map<string, Sentence[]>();
  return count(sentences, (sentence) => {
    const earlier = [...(seen.get(wordsKey(sentence)) ?? [])];
    remember(seen, sentence);
    return earlier.length > 0 ? earlier : undefined;
  });
}

function remember(seen: Map<string, Sentence[]>, sentence: Sentence): void {
  const key = wordsKey(sentence);
  const alike = seen.get(key);
  if (alike) alike.push(sentence);
  else seen.set(key, [sentence]);
}

function count(
  sentences: readonly Sentence[],
  alike: (sentence: Sentence) => readonly Sentence[] | undefined,
): Duplicates {
  let [found, otherLabels] = [0, 0];
  let first: Duplicates['first'];
  for (const sentence of sentences) {
    const others = alike(sentence);
    if (!others) continue;
    found++;
    const labels = sentence.labels.join(' ');
    if (others.every((other) => other.labels.join(' ') !== labels)) otherLabels++;
    first ??= { sentence, earlier: others[0]! };
  }
  return { count: found, otherLabels, ...(first ? { first } : {}) };
}
