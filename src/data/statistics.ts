/** Figures of a data set, as plain values for a report: what is in it, and how it lies in the model's window. */
import { type Dataset, SPLITS, type SplitName } from './dataset.ts';
import { duplicatesAcross, duplicatesWithin } from './duplicates.ts';
import { byCodePoint, labelSet, unknownLabels } from './labels.ts';
import type { Sentence } from './sentence.ts';
import { splitIntoWindows } from './windows.ts';

/** Sentences whose words stood somewhere before, and those among them with other labels than there. */
export interface Repeats {
  readonly sentences: number;
  readonly otherLabels: number;
}

export interface SplitStatistics {
  readonly file: string;
  readonly sentences: number;
  readonly tokens: number;
  /** Entities of each type on the level that is trained on, in order of the types' code points. */
  readonly entities: Readonly<Record<string, number>>;
  /** The same of the other level; empty where there is none. */
  readonly innerEntities: Readonly<Record<string, number>>;
  /** How often each label occurs, O included. */
  readonly labels: Readonly<Record<string, number>>;
  /** Labels that never occur in train; empty for train. */
  readonly labelsNotInTrain: readonly string[];
  /** Sentences that the split itself has before. */
  readonly repeated: Repeats;
  /** Sentences that an earlier split has, by its name. */
  readonly alsoIn: Readonly<Partial<Record<SplitName, Repeats>>>;
  readonly subTokens?: SubTokenStatistics;
}

/** What a tokenizer makes of a split. Lengths are sub-tokens of a sentence, [CLS] and [SEP] included. */
export interface SubTokenStatistics {
  readonly window: number;
  readonly total: number;
  readonly mean: number;
  /** Least length that so many per cent of the sentences don't exceed: nearest rank. */
  readonly percentiles: Readonly<Record<'50' | '90' | '95' | '99' | '100', number>>;
  /** Sentences by length: [from, from + 16). */
  readonly histogram: readonly { readonly from: number; readonly sentences: number }[];
  /** Windows in all, and the sentences that are split into more than one. */
  readonly windows: number;
  readonly splitSentences: number;
  /** Words that fill a window by themselves and are cut. */
  readonly cutWords: number;
  /** Sub-tokens that are [UNK], and the words with one most often. */
  readonly unknownPieces: number;
  readonly unknownWords: readonly { readonly word: string; readonly count: number }[];
  /** Words that tokenise to nothing; each takes [UNK]. */
  readonly emptyWords: number;
}

/** How sentences are cut into sub-tokens. */
export interface SubTokenizer {
  /** Sub-token ids of each of some words, without special tokens. */
  readonly pieces: (words: readonly string[]) => readonly (readonly number[])[];
  readonly unkId: number;
  readonly window: number;
}

export type DatasetStatistics = Readonly<Partial<Record<SplitName, SplitStatistics>>>;

const BIN = 16;
const UNKNOWN_WORDS_LISTED = 10;

/** Figures of every split. Without a tokenizer those of sub-tokens are left out. */
export function datasetStatistics({ splits }: Pick<Dataset, 'splits'>, tokenizer?: SubTokenizer): DatasetStatistics {
  const result: Partial<Record<SplitName, SplitStatistics>> = {};
  const before: SplitName[] = [];
  const trainLabels = splits.train && labelSet(splits.train.sentences);
  for (const name of SPLITS) {
    const split = splits[name];
    if (!split) continue;
    const { sentences, facts } = split;
    const within = duplicatesWithin(sentences);
    const alsoIn = before.map((earlier) => {
      const { count, otherLabels } = duplicatesAcross(splits[earlier]!.sentences, sentences);
      return [earlier, { sentences: count, otherLabels }] as const;
    });
    result[name] = {
      file: facts.file,
      sentences: sentences.length,
      tokens: sentences.reduce((sum, { words }) => sum + words.length, 0),
      entities: entityCounts(sentences, ({ labels }) => labels),
      innerEntities: entityCounts(sentences, ({ inner }) => inner ?? []),
      labels: counts(sentences.flatMap(({ labels }) => labels)),
      labelsNotInTrain: trainLabels ? [...unknownLabels(sentences, trainLabels).keys()] : [],
      repeated: { sentences: within.count, otherLabels: within.otherLabels },
      alsoIn: Object.fromEntries(alsoIn),
      ...(tokenizer ? { subTokens: subTokenStatistics(sentences, tokenizer) } : {}),
    };
    before.push(name);
  }
  return result;
}

/** How often each item occurs, in order of their code points. */
function counts(items: readonly string[]): Record<string, number> {
  const found = new Map<string, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([a], [b]) => byCodePoint(a, b)));
}

/** Entities by type. In IOB2 every one begins with a B-. */
const entityCounts = (sentences: readonly Sentence[], level: (sentence: Sentence) => readonly string[]) =>
  counts(sentences.flatMap((sentence) => level(sentence).flatMap((l) => (l.startsWith('B-') ? [l.slice(2)] : []))));

export function subTokenStatistics(
  sentences: readonly Sentence[],
  { pieces, unkId, window }: SubTokenizer,
): SubTokenStatistics {
  const lengths: number[] = [];
  const unknown = new Map<string, number>();
  let [windows, splitSentences, cutWords, unknownPieces, emptyWords] = [0, 0, 0, 0, 0];
  for (const { words } of sentences) {
    const ids = pieces(words);
    lengths.push(ids.reduce((sum, word) => sum + Math.max(1, word.length), 2));
    const ranges = splitIntoWindows(ids, window);
    windows += ranges.length;
    if (ranges.length > 1) splitSentences++;
    ids.forEach((word, w) => {
      const unknowns = word.filter((id) => id === unkId).length;
      unknownPieces += unknowns;
      if (unknowns > 0) unknown.set(words[w]!, (unknown.get(words[w]!) ?? 0) + 1);
      if (word.length === 0) emptyWords++;
      if (word.length > window - 2) cutWords++;
    });
  }
  lengths.sort((a, b) => a - b);
  const total = lengths.reduce((sum, n) => sum + n, 0);
  const rank = (percent: number) => lengths[Math.max(0, Math.ceil((percent / 100) * lengths.length) - 1)] ?? 0;
  const histogram = Array.from({ length: Math.floor((lengths.at(-1) ?? 0) / BIN) + 1 }, (_, bin) => ({
    from: bin * BIN,
    sentences: lengths.filter((n) => Math.floor(n / BIN) === bin).length,
  }));
  return {
    window,
    total,
    mean: lengths.length === 0 ? 0 : total / lengths.length,
    percentiles: { '50': rank(50), '90': rank(90), '95': rank(95), '99': rank(99), '100': rank(100) },
    histogram,
    windows,
    splitSentences,
    cutWords,
    unknownPieces,
    unknownWords: [...unknown]
      .sort((a, b) => b[1] - a[1] || byCodePoint(a[0], b[0]))
      .slice(0, UNKNOWN_WORDS_LISTED)
      .map(([word, count]) => ({ word, count })),
    emptyWords,
  };
}
