/**
 * GermEval 2014's TSV (Benikova et al. 2014): comment lines that begin with '#', then a line a token with its number, the token,
 * and its labels on the outer and the inner level, apart by tabs; a blank line behind each sentence. A file without the
 * inner level's column is read as well.
 */
import { UsageError } from '../errors.ts';
import type { Block } from './lines.ts';
import type { ProblemLog } from './problems.ts';
import {
  chooseSeparator,
  isNumbered,
  type Layout,
  type ParsedTable,
  type Row,
  readRows,
  toRows,
  usualCount,
} from './table.ts';

export type Level = 'outer' | 'inner';

const COLUMNS = ['number', 'token', 'outer label', 'inner label'];
/** Blocks at the start of a file that tell its format. */
const TELLING = 1000;
const isComment = ({ text }: Block[number]): boolean => text.startsWith('#');
const withoutComments = (blocks: readonly Block[]): Block[] =>
  blocks.map((block) => block.filter((line) => !isComment(line))).filter((block) => block.length > 0);

function tableOf(blocks: readonly Block[]): { rows: Row[][]; separator: Layout['separator'] } {
  const separator = chooseSeparator(blocks.flatMap((block) => block.map(({ text }) => text)));
  return { rows: blocks.map((block) => toRows(block, separator)), separator };
}

/** Whether a file is GermEval's: a first column that numbers the tokens, and at most two levels of labels. */
export function looksLikeGermEval(blocks: readonly Block[]): boolean {
  const { rows } = tableOf(withoutComments(blocks).slice(0, TELLING));
  return isNumbered(rows) && usualCount(rows.flat().map(({ cells }) => cells)).count <= COLUMNS.length;
}

/**
 * @param column of the labels, from 1, in place of `level`: 3 for outer, 4 for inner
 * @throws UsageError for another column
 */
export function parseGermEval(
  blocks: readonly Block[],
  { level = 'outer', column }: { level?: Level; column?: number | undefined },
  log: ProblemLog,
): ParsedTable {
  if (column !== undefined && column !== 3 && column !== 4) {
    throw new UsageError(`--column ${column}: GermEval's labels stand in column 3 (outer) and 4 (inner).`);
  }
  const { rows, separator } = tableOf(withoutComments(blocks));
  const { count } = usualCount(rows.flat().map(({ cells }) => cells));
  const columns = COLUMNS.slice(0, count < 4 ? Math.max(2, count) : 4);
  const wanted = column === undefined ? level : column === 4 ? 'inner' : 'outer';
  const layout = layoutOf(columns, wanted, separator, log);
  const sentences = rows.flatMap((block) => splitAtOnes(block, log)).map((block) => readRows(block, layout, log));
  const comments = blocks.flat().filter(isComment).length;
  return { sentences, layout, comments, documents: 0 };
}

function layoutOf(columns: string[], level: Level, separator: Layout['separator'], log: ProblemLog): Layout {
  const layout = { separator, columns, word: 1 };
  if (columns.length === 2) {
    log.error('no labels', 0, 'has no labels: its columns are number and token; expected an outer label as the third');
    return { ...layout, label: undefined };
  }
  if (columns.length === 3) {
    if (level === 'inner') log.error('no labels', 0, 'has no inner labels: its columns are number, token, outer label');
    return { ...layout, label: 2 };
  }
  return level === 'outer' ? { ...layout, label: 2, inner: 3 } : { ...layout, label: 3, inner: 2 };
}

/** Checks the numbers; a 1 within a block begins a sentence that no blank line stands before. */
function splitAtOnes(block: readonly Row[], log: ProblemLog): Row[][] {
  const sentences: Row[][] = [];
  let expected = 1;
  for (const row of block) {
    const number = row.cells[0]!;
    if (sentences.length === 0 || number === '1') {
      if (sentences.length > 0) {
        log.warn(
          'missing blank line',
          row.line,
          'token number 1 behind another token; read as the start of a sentence',
        );
      }
      sentences.push([]);
      expected = 1;
    }
    if (!/^\d+$/.test(number)) {
      log.error('wrong token number', row.line, `'${number}' is no token number; expected ${expected}`);
    } else if (Number(number) !== expected) {
      log.warn('wrong token number', row.line, `token number ${number} where ${expected} is expected; kept`);
      expected = Number(number);
    }
    sentences.at(-1)!.push(row);
    expected++;
  }
  return sentences;
}
