/** A sentence as every reader gives it and everything behind the readers takes it. */

/** Where a sentence stands: the file, and the line of its first token, or its row in a table, counted from 1. */
export interface SentenceSource {
  readonly file: string;
  readonly line: number;
  /** What `line` counts; lines unless told. */
  readonly unit?: 'row';
}

/** A place for messages: `train.tsv:17`, or `train.parquet, row 17`. */
export const placeOf = ({ file, line, unit }: SentenceSource): string =>
  unit === 'row' ? `${file}, row ${line}` : `${file}:${line}`;

export interface Sentence {
  /** Never empty. */
  readonly words: readonly string[];
  /** IOB2 labels of the chosen level, one a word. */
  readonly labels: readonly string[];
  /** IOB2 labels of the other level, where the file has two (GermEval's outer and inner). */
  readonly inner?: readonly string[];
  readonly source?: SentenceSource;
}
