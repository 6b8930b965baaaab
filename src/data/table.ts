/** Lines of columns as words and labels, whatever the format: what every row is checked for. */
import { labelHint, parseLabel } from './label_schemes.ts';
import { type Block, codePoints, isInvisible } from './lines.ts';
import { counted, type ProblemLog } from './problems.ts';

/** Columns apart by tabs, or by runs of spaces and tabs. */
export type Separator = 'tab' | 'white space';

export interface Row {
  /** From 1. */
  readonly line: number;
  /** Without spaces around them. */
  readonly cells: readonly string[];
}

/** Which column holds what; columns count from 0. */
export interface Layout {
  readonly separator: Separator;
  /** What the columns are called in messages; as many as a row must have. */
  readonly columns: readonly string[];
  readonly word: number;
  /** Undefined where there are no labels. */
  readonly label: number | undefined;
  /** The other level's labels. */
  readonly inner?: number;
}

/** A sentence whose labels are well-formed, in whatever scheme the file has. */
export interface RawSentence {
  readonly words: string[];
  readonly labels: string[];
  readonly inner: string[];
  /** Line of each word. */
  readonly lines: number[];
}

/** What a format's reader makes of a file. */
export interface ParsedTable {
  readonly sentences: readonly RawSentence[];
  readonly layout: Layout;
  /** Comment lines and -DOCSTART- lines, which were left out. */
  readonly comments: number;
  readonly documents: number;
  /** What stood before every token and was taken off, such as "de:". */
  readonly languagePrefix?: string;
}

export const splitCells = (text: string, separator: Separator): string[] =>
  separator === 'tab' ? text.split('\t').map(withoutSpacesAround) : text.split(/[ \t]+/).filter(Boolean);

const withoutSpacesAround = (cell: string): string =>
  cell.startsWith(' ') || cell.endsWith(' ') ? cell.replace(/^ +| +$/g, '') : cell;

/** The separator that gives most rows the same number of columns; tabs where both do equally well. */
export function chooseSeparator(texts: readonly string[]): Separator {
  const counts = texts.map(columnCounts);
  const [tab, space] = [usual(counts.map(([tabs]) => tabs)), usual(counts.map(([, spaces]) => spaces))];
  return tab.count > 1 && (space.count <= 1 || tab.rows >= space.rows) ? 'tab' : 'white space';
}

/** How many columns `splitCells` makes of a line by each separator, empty ones at its end left out; without making them. */
function columnCounts(text: string): [tab: number, space: number] {
  let [tabs, tab, space] = [0, 0, 0];
  let within = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\t') tabs++;
    if (c === '\t' || c === ' ') {
      within = false;
      continue;
    }
    tab = tabs + 1;
    if (!within) space++;
    within = true;
  }
  return [tab, space];
}

/** The number of columns that most rows have, empty ones at their end left out, and how many rows have it. */
export function usualCount(rows: readonly (readonly string[])[]): { count: number; rows: number } {
  return usual(rows.map((cells) => cells.findLastIndex((cell) => cell !== '') + 1));
}

function usual(counts: readonly number[]): { count: number; rows: number } {
  const seen = new Map<number, number>();
  for (const count of counts) seen.set(count, (seen.get(count) ?? 0) + 1);
  let best = { count: 0, rows: 0 };
  for (const [count, n] of seen) if (n > best.rows) best = { count, rows: n };
  return best;
}

/** Whether the first column numbers the words of each sentence from 1. */
export function isNumbered(blocks: readonly (readonly Row[])[]): boolean {
  const rows = blocks.flat();
  const numbers = rows.filter(({ cells }) => cells.length > 1 && /^\d+$/.test(cells[0]!)).length;
  const ones = blocks.filter((block) => block[0]?.cells[0] === '1').length;
  return numbers > rows.length / 2 && ones > blocks.length / 2;
}

export const toRows = (block: Block, separator: Separator): Row[] =>
  block.map(({ number, text }) => ({ line: number, cells: splitCells(text, separator) }));

/** Rows of a sentence as its words and labels. Every fault is reported; the word stays, with the label O. */
export function readRows(rows: readonly Row[], layout: Layout, log: ProblemLog): RawSentence {
  const sentence: RawSentence = { words: [], labels: [], inner: [], lines: [] };
  const labelOf = (row: Row, fits: boolean, column: number | undefined) =>
    fits && column !== undefined ? checkLabel(row.cells[column]!, row.line, log) : 'O';
  for (const row of rows) {
    const fits = checkCount(row, layout, log);
    const word = row.cells[layout.word] ?? '';
    if (word === '') log.error('empty token', row.line, 'the token is empty; drop the line, or put its text there');
    else if (isInvisible(word)) {
      log.warn('invisible token', row.line, `the token is invisible (${codePoints(word)}); kept, it takes [UNK]`);
    } else if (/[ \t]/.test(word))
      log.warn('space in a token', row.line, `the token '${word}' has a space in it; kept`);
    sentence.words.push(word);
    sentence.labels.push(labelOf(row, fits, layout.label));
    if (layout.inner !== undefined) sentence.inner.push(labelOf(row, fits, layout.inner));
    sentence.lines.push(row.line);
  }
  return sentence;
}

function checkCount({ line, cells }: Row, { columns, separator }: Layout, log: ProblemLog): boolean {
  const expected = columns.length;
  if (cells.length === expected) return true;
  if (cells.length > expected && cells.slice(expected).every((cell) => cell === '')) {
    log.warn('empty extra column', line, `a tab too many at its end; read as ${counted(expected, 'column')}`);
    return true;
  }
  const apart = separator === 'tab' ? 'tabs' : 'spaces or tabs';
  const hint = separator === 'tab' && !cells.some((_, i) => i > 0) ? '; this line has no tab' : '';
  log.error(
    'wrong column count',
    line,
    `${counted(cells.length, 'column')} where ${expected} are expected (${columns.join(', ')}; apart by ${apart})${hint}`,
  );
  return false;
}

function checkLabel(label: string, line: number, log: ProblemLog): string {
  if (label === '') {
    log.error('empty label', line, 'the label is empty; expected O, B-TYPE or I-TYPE');
    return 'O';
  }
  if (parseLabel(label)) return label;
  log.error('malformed label', line, `'${label}' is no label; ${labelHint(label)}`);
  return 'O';
}
