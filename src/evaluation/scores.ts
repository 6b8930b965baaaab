/** Precision, recall and F1 over entities. */
import { type Span, spanKey, spansOf } from './spans.ts';

/** One sentence's labels, word by word. */
export interface LabelledSentence {
  gold: readonly string[];
  predicted: readonly string[];
}

export interface Counts {
  /** Entities in the gold labels, in the predictions, and in both with the same bounds and type. */
  gold: number;
  found: number;
  correct: number;
}

/** As fractions of 1; 0 where nothing is divided by nothing. */
export interface Scores extends Counts {
  precision: number;
  recall: number;
  f1: number;
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

export function scoresOf({ gold, found, correct }: Counts): Scores {
  const precision = ratio(correct, found);
  const recall = ratio(correct, gold);
  return { gold, found, correct, precision, recall, f1: ratio(2 * precision * recall, precision + recall) };
}

export interface EntityScores {
  words: number;
  /** Words whose label is right, and their part of all words. */
  correctWords: number;
  accuracy: number;
  /** Over all entities. */
  micro: Scores;
  /** Means over the types, each counting alike. */
  macro: { precision: number; recall: number; f1: number };
  /** Means over the types, weighted by their gold entities. */
  weighted: { precision: number; recall: number; f1: number };
  /** By type, in the order of their names. */
  types: Map<string, Scores>;
}

/**
 * Counts an entity as correct where gold labels and predictions have one of the same type with the same first and last word.
 * @param spans how labels become entities: spansOf (conlleval, seqeval's default) or strictSpansOf
 */
export function scoreEntities(
  sentences: Iterable<LabelledSentence>,
  spans: (labels: readonly string[]) => Span[] = spansOf,
): EntityScores {
  const counts = new Map<string, Counts>();
  const of = (type: string): Counts => {
    const known = counts.get(type) ?? { gold: 0, found: 0, correct: 0 };
    counts.set(type, known);
    return known;
  };
  let words = 0;
  let correctWords = 0;
  for (const { gold, predicted } of sentences) {
    if (gold.length !== predicted.length) throw new Error(`${gold.length} gold labels, ${predicted.length} predicted`);
    words += gold.length;
    for (let i = 0; i < gold.length; i++) correctWords += Number(gold[i] === predicted[i]);
    const goldSpans = spans(gold);
    const keys = new Set(goldSpans.map(spanKey));
    for (const span of goldSpans) of(span.type).gold++;
    for (const span of spans(predicted)) {
      of(span.type).found++;
      if (keys.has(spanKey(span))) of(span.type).correct++;
    }
  }
  const names = [...counts.keys()].sort();
  const types = new Map(names.map((name) => [name, scoresOf(counts.get(name)!)]));
  const all = { gold: 0, found: 0, correct: 0 };
  for (const c of counts.values()) for (const key of ['gold', 'found', 'correct'] as const) all[key] += c[key];
  const mean = (weight: (s: Scores) => number) => {
    const list = [...types.values()];
    const total = list.reduce((sum, s) => sum + weight(s), 0);
    const of = (key: 'precision' | 'recall' | 'f1') =>
      ratio(
        list.reduce((sum, s) => sum + weight(s) * s[key], 0),
        total,
      );
    return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
  };
  return {
    words,
    correctWords,
    accuracy: ratio(correctWords, words),
    micro: scoresOf(all),
    macro: mean(() => 1),
    weighted: mean((s) => s.gold),
    types,
  };
}
