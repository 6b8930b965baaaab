/** What the token-classification pipeline answers, under transformers' names. */

export const STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const;
/**
 * How pieces become entities. none: every piece by itself. simple: neighbouring pieces of one type. first, average, max: by
 * word, whose label is that of its first piece, of the mean of its pieces' probabilities, or of its surest piece.
 */
export type Strategy = (typeof STRATEGIES)[number];

/** A piece with its label: strategy none. */
export interface TokenEntity {
  entity: string;
  /** Probability of the label, 0 to 1. */
  score: number;
  /** Place in the sequence, [CLS] being 0. */
  index: number;
  word: string;
  start: number;
  end: number;
}

/** An entity: the other strategies. */
export interface GroupedEntity {
  entity_group: string;
  /** Mean over its pieces or words, 0 to 1. */
  score: number;
  word: string;
  start: number;
  end: number;
}
export type Entity = TokenEntity | GroupedEntity;

/** A piece or a word with its label. */
export interface Labelled {
  label: string;
  score: number;
  word: string;
  start: number;
  end: number;
}

/** "B-LOC" -> B, LOC. A label without a prefix counts as inside, as in transformers. */
export function readTag(label: string): { begins: boolean; type: string } {
  const begins = label.startsWith('B-');
  return { begins, type: begins || label.startsWith('I-') ? label.slice(2) : label };
}

/** Runs of neighbours of one type; a B- begins a new one. "O" makes runs like any other. */
export function groupRuns<T extends { label: string }>(items: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const item of items) {
    const previous = groups.at(-1)?.at(-1);
    const { begins, type } = readTag(item.label);
    if (previous && !begins && readTag(previous.label).type === type) groups.at(-1)!.push(item);
    else groups.push([item]);
  }
  return groups;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Index of the first largest value of a row. */
export function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

/** Probabilities of a word from those of its pieces: the row that its label is read from. */
export function wordProbabilities(rows: readonly Float32Array[], strategy: Strategy): ArrayLike<number> {
  if (strategy === 'average') return Float64Array.from(rows[0]!, (_, c) => mean(rows.map((row) => row[c]!)));
  if (strategy === 'max') {
    const surest = rows.map((row) => row[argmax(row)]!);
    return rows[argmax(surest)]!;
  }
  return rows[0]!;
}
