/** Labelled sentences that come as rows of a table, as data sets in Parquet have them: checked and read as those of text files are. */
import type { Level } from './germeval.ts';
import { inIob2 } from './iob2.ts';
import { detectScheme, type LabelScheme, labelHint, parseLabel } from './label_schemes.ts';
import { codePoints, isInvisible } from './lines.ts';
import { type Problem, ProblemLog } from './problems.ts';
import type { Sentence } from './sentence.ts';
import type { RawSentence } from './table.ts';

/** A row of a table: a sentence. */
export interface LabelledRow {
  readonly words: readonly string[];
  /** One a word, in any of the schemes. */
  readonly labels: readonly string[];
  /** Labels of the inner level, where there is one. */
  readonly inner?: readonly string[];
  /** The file that the row stands in, and its place there, from 1. */
  readonly file: string;
  readonly row: number;
}

/** A split's rows, out of one file or several. */
export interface DataRows {
  /** What the split is called in messages. */
  readonly file: string;
  readonly rows: readonly LabelledRow[];
}

/** What there is to say of rows. */
export interface RowFacts {
  readonly file: string;
  readonly format: 'parquet';
  /** Files that the rows come from. */
  readonly files: number;
  readonly rows: number;
  readonly scheme: LabelScheme;
  /** The same of the other level, where there is one. */
  readonly innerScheme?: LabelScheme;
}

/** Reads rows; what is wrong in them is not thrown but returned. Labels come out in IOB2. */
export function readRowSentences(
  { file, rows }: DataRows,
  { level = 'outer' }: { level?: Level | undefined } = {},
): { sentences: Sentence[]; problems: Problem[]; facts: RowFacts; lines: number[][] } {
  const whole = new ProblemLog(file);
  if (rows.length === 0) whole.error('empty file', 0, 'has no row with a word in it');
  const nested = rows.length > 0 && rows.every(({ inner }) => inner !== undefined);
  if (level === 'inner' && rows.length > 0 && !nested) {
    whole.error('no labels', 0, 'has no inner level: it needs a column such as nested_ner_tags');
  }
  const parts = new Map<string, LabelledRow[]>();
  for (const row of rows) {
    const part = parts.get(row.file);
    if (part) part.push(row);
    else parts.set(row.file, [row]);
  }
  const read = [...parts].map(([name, own]) => {
    const log = new ProblemLog(name, 'row');
    return { log, sentences: own.map((row) => checked(row, log)) };
  });
  const all = read.flatMap(({ sentences }) => sentences);
  const outerScheme = detectScheme(all.map(({ labels }) => labels));
  const innerScheme = detectScheme(all.map(({ inner }) => inner));
  const sentences = read.flatMap(({ log, sentences: own }) => {
    const outer = inIob2(own, ({ labels }) => labels, log, outerScheme).labels;
    const inner = nested ? inIob2(own, (sentence) => sentence.inner, log, innerScheme).labels : undefined;
    return own.map(({ words, lines }, i): Sentence => {
      const [labels, other] = level === 'inner' && inner ? [inner[i]!, outer[i]!] : [outer[i]!, inner?.[i]];
      return {
        words,
        labels,
        ...(other && { inner: other }),
        source: { file: log.file, line: lines[0]!, unit: 'row' },
      };
    });
  });
  const [scheme, otherScheme] = level === 'inner' ? [innerScheme, outerScheme] : [outerScheme, innerScheme];
  return {
    sentences,
    problems: [whole, ...read.map(({ log }) => log)].flatMap(({ problems }) => problems),
    facts: {
      file,
      format: 'parquet',
      files: parts.size,
      rows: rows.length,
      scheme,
      ...(nested && { innerScheme: otherScheme }),
    },
    lines: all.map(({ lines }) => lines),
  };
}

/** A row whose words and labels are well-formed. Every fault is reported; the word stays, with the label O. */
function checked({ words, labels, inner = [], row }: LabelledRow, log: ProblemLog): RawSentence {
  const label = (text: string): string => {
    if (parseLabel(text)) return text;
    log.error('malformed label', row, `'${text}' is no label; ${labelHint(text)}`);
    return 'O';
  };
  const word = (text: string, i: number): string => {
    if (text === '') log.error('empty token', row, `word ${i + 1} is empty`);
    else if (isInvisible(text)) {
      log.warn('invisible token', row, `word ${i + 1} is invisible (${codePoints(text)}); kept, it takes [UNK]`);
    } else if (/\s/.test(text)) log.warn('space in a token', row, `the token '${text}' has a space in it; kept`);
    // Files of lines could not hold these.
    return text.replace(/[\t\r\n]+/g, ' ');
  };
  return { words: words.map(word), labels: labels.map(label), inner: inner.map(label), lines: words.map(() => row) };
}
