/**
 * Files of predictions, `word … gold predicted`: a line a word, columns apart by white space or tabs, the last two the gold label and
 * the predicted one; a blank line between sentences. With both levels of GermEval 2014 the last four are gold outer, gold
 * inner, predicted outer, predicted inner. Lines that begin with -DOCSTART- and comments are left out.
 */
import type { LabelledSentence } from './scores.ts';
import { splitLabel } from './spans.ts';

/** A line that is not blank, split into its columns. */
export interface PredictionRow {
  /** From 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Takes what is wrong with a file, so that one problem never hides the next; line 0 where the whole file is meant. */
export interface PredictionLog {
  error(kind: string, line: number, message: string): void;
  warn(kind: string, line: number, message: string): void;
}

export interface PredictedSentence extends LabelledSentence {
  readonly words: readonly string[];
  /** Line of each word in its file. */
  readonly lines: readonly number[];
  /** GermEval's inner level. */
  readonly inner?: LabelledSentence;
}

export interface PredictionOptions {
  /** Columns of the labels, from 1; default the last but one and the last. Not with `nested`. */
  goldColumn?: number | undefined;
  predictedColumn?: number | undefined;
  /** Both levels: four columns of labels. */
  nested?: boolean;
  /** Labels are types without B- and I-, each word an entity of its own: conlleval's -r. */
  raw?: boolean;
  /** What stands for O among raw labels: conlleval's -o. */
  outside?: string;
  /** Prefixes that labels may have besides O; default B, I, E and S. */
  prefixes?: string;
  /** Takes -DOCSTART- lines that have labels for words, as conlleval does. */
  documentsAreWords?: boolean;
  /** No sentence at all is no error. */
  allowEmpty?: boolean;
}

interface LabelColumn {
  name: string;
  /** From 0. */
  at: number;
}

/**
 * Sentences of a file's rows. What is wrong goes to `log`, line by line; a line with an error is left out.
 * @param blocks rows between blank lines
 */
export function readPredictions(
  blocks: readonly (readonly PredictionRow[])[],
  options: PredictionOptions,
  log: PredictionLog,
): PredictedSentence[] {
  const labelCount = options.nested ? 4 : 2;
  const sentences = blocks
    .map((block) => block.filter((row) => !isLeftOut(row, labelCount, options)))
    .filter((block) => block.length > 0);
  const count = usualCount(sentences.flat());
  const expected = options.nested
    ? 'word, gold outer, gold inner, predicted outer and predicted inner label'
    : 'word, gold label and predicted label';
  if (sentences.length === 0) {
    if (!options.allowEmpty) log.error('empty file', 0, `has no words; expected a line for each: ${expected}`);
    return [];
  }
  if (count < labelCount + 1) {
    const found = count === 1 ? '1 column' : `${count} columns`;
    log.error('too few columns', 0, `has ${found} in most lines; expected at least ${labelCount + 1}: ${expected}`);
    return [];
  }
  const columns = labelColumns(count, options, log);
  if (!columns) return [];
  // As in GermEval's files a number may stand before each word.
  const isNumbered = count > labelCount + 1 && sentences.every((block) => block[0]!.cells[0] === '1');
  const layout: Layout = { count, word: isNumbered ? 1 : 0, columns };
  const read = sentences.map((block) => readSentence(block, layout, options, log));
  checkWhole(sentences.flat(), read, layout, options, log);
  return read.filter(({ words }) => words.length > 0);
}

const endsInLabels = ({ cells }: PredictionRow, labelCount: number, options: PredictionOptions): boolean =>
  cells.length > labelCount && cells.slice(-labelCount).every((cell) => isLabel(cell, options));

/** A line between documents, or a line that begins with # and ends in no labels; a token "#" with its labels is a row. */
function isLeftOut(row: PredictionRow, labelCount: number, options: PredictionOptions): boolean {
  if (row.cells[0] === '-DOCSTART-' && !options.documentsAreWords) return true;
  return /^(#|-DOCSTART-$)/.test(row.cells[0]!) && !endsInLabels(row, labelCount, options);
}

const isLabel = (text: string, { raw, prefixes = 'BIES' }: PredictionOptions): boolean => {
  if (raw) return text !== '' && !/\s/.test(text);
  const { prefix, type } = splitLabel(text);
  return text === 'O' || (prefix.length === 1 && prefixes.includes(prefix) && /^\S+$/.test(type));
};

/** The number of columns that most rows have, empty ones at their end left out. */
function usualCount(rows: readonly PredictionRow[]): number {
  const seen = new Map<number, number>();
  for (const { cells } of rows) {
    const count = cells.findLastIndex((cell) => cell !== '') + 1;
    seen.set(count, (seen.get(count) ?? 0) + 1);
  }
  return [...seen].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}

function labelColumns(
  count: number,
  { nested, goldColumn, predictedColumn }: PredictionOptions,
  log: PredictionLog,
): LabelColumn[] | undefined {
  if (nested) {
    const names = ['gold outer label', 'gold inner label', 'predicted outer label', 'predicted inner label'];
    return names.map((name, i) => ({ name, at: count - 4 + i }));
  }
  const columns = [
    { name: 'gold label', at: (goldColumn ?? count - 1) - 1 },
    { name: 'predicted label', at: (predictedColumn ?? count) - 1 },
  ];
  const beyond = columns.filter(({ at }) => at >= count);
  for (const { name, at } of beyond) {
    log.error(
      'too few columns',
      0,
      `has ${count} columns in most lines, and so none for the ${name}, column ${at + 1}`,
    );
  }
  return beyond.length > 0 ? undefined : columns;
}

interface Layout {
  count: number;
  word: number;
  columns: readonly LabelColumn[];
}

function readSentence(
  block: readonly PredictionRow[],
  { count, word, columns }: Layout,
  options: PredictionOptions,
  log: PredictionLog,
): PredictedSentence {
  const words: string[] = [];
  const lines: number[] = [];
  const labels: string[][] = columns.map(() => []);
  for (const { line, cells } of block) {
    const extra = cells.slice(count);
    if (cells.length < count || extra.some((cell) => cell !== '')) {
      log.error('wrong column count', line, `${cells.length} columns where ${count} are expected, as in most lines`);
      continue;
    }
    const wrong = columns.filter(({ at }) => !isLabel(cells[at]!, options));
    for (const { name, at } of wrong)
      log.error('malformed label', line, `the ${name} is ${labelFault(cells[at]!, options)}`);
    if (wrong.length > 0) continue;
    words.push(cells[word]!);
    lines.push(line);
    columns.forEach(({ at }, i) => {
      labels[i]!.push(options.raw ? fromRaw(cells[at]!, options) : cells[at]!);
    });
  }
  const [gold, second, third, fourth] = labels as [string[], string[], string[]?, string[]?];
  if (!third || !fourth) return { words, lines, gold, predicted: second };
  return { words, lines, gold, predicted: third, inner: { gold: second, predicted: fourth } };
}

const fromRaw = (label: string, { outside = 'O' }: PredictionOptions): string =>
  label === outside || label === 'O' ? 'O' : `B-${label}`;

function labelFault(label: string, { prefixes = 'BIES' }: PredictionOptions): string {
  if (label === '') return 'empty; expected O, B-TYPE or I-TYPE';
  const expected = ['O', ...Array.from(prefixes, (prefix) => `${prefix}-TYPE`)]
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ');
  return `'${label}', which is no label here; expected ${expected}`;
}

/** What the file as a whole lets one doubt. */
function checkWhole(
  rows: readonly PredictionRow[],
  sentences: readonly PredictedSentence[],
  { count, word }: Layout,
  options: PredictionOptions,
  log: PredictionLog,
): void {
  const words = sentences.reduce((n, sentence) => n + sentence.words.length, 0);
  if (words < rows.length / 2) {
    const hint = options.raw ? '' : ', and have the labels prefixes (raw types need --raw)';
    const found = `${rows.length - words} of its ${rows.length} lines can't be read`;
    log.error('unlikely format', 0, `${found}: is it such a file at all${hint}?`);
    return;
  }
  const types = (side: 'gold' | 'predicted') =>
    new Set(sentences.flatMap((sentence) => sentence[side].map((label) => splitLabel(label).type)).filter(Boolean));
  const [gold, predicted] = [types('gold'), types('predicted')];
  if (gold.size > 0 && predicted.size > 0 && ![...gold].some((type) => predicted.has(type))) {
    const some = (set: Set<string>) => [...set].slice(0, 3).join(', ');
    const message = `no type of the gold labels (${some(gold)}) is among the predicted ones (${some(predicted)})`;
    log.warn('no common type', 0, `${message}: are --gold-column and --predicted-column right?`);
  }
  const isAsked =
    options.nested || options.raw || options.goldColumn !== undefined || options.predictedColumn !== undefined;
  if (isAsked) return;
  if (word === 1 && count === 4) {
    log.warn(
      'gold labels alone?',
      0,
      "has the columns of GermEval 2014's data, where the last two are the outer and the inner gold labels; read as gold and " +
        'predicted. Predictions in such a file are scored with --gold FILE',
    );
  }
  if (count > 4 && rows.every(({ cells }) => cells.slice(count - 4, count).every((cell) => isLabel(cell, options)))) {
    log.warn(
      'four columns of labels',
      0,
      "has four columns of labels; the last two are read as gold and predicted. GermEval 2014's two levels need --nested, " +
        'other columns --gold-column and --predicted-column',
    );
  }
}

/**
 * Sentences as such a file, with a blank line behind each. Columns are apart by a space, or by tabs where a word is empty or has white
 * space in it.
 */
export function writePredictions(sentences: readonly Omit<PredictedSentence, 'lines'>[]): string {
  const separator = sentences.some(({ words }) => words.some((word) => word === '' || /\s/.test(word))) ? '\t' : ' ';
  return sentences
    .map(({ words, gold, predicted, inner }) => {
      const columns = inner ? [gold, inner.gold, predicted, inner.predicted] : [gold, predicted];
      return `${words.map((word, i) => `${[word, ...columns.map((labels) => labels[i]!)].join(separator)}\n`).join('')}\n`;
    })
    .join('');
}
