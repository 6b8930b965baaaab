/**
 * CoNLL-2003's form (Tjong Kim Sang and De Meulder 2003), and the two-column files after it: a line a token, the token first and its
 * label last, apart by tabs or white space; a blank line behind each sentence; lines that begin with -DOCSTART- between
 * documents.
 */

import type { Level } from './germeval.ts';
import { parseLabel } from './label_schemes.ts';
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

const DOCUMENT_START = '-DOCSTART-';

/** @param column of the labels, from 1; the last unless given */
export function parseConll(
  blocks: readonly Block[],
  { level = 'outer', column }: { level?: Level; column?: number | undefined },
  log: ProblemLog,
): ParsedTable {
  if (level === 'inner') log.error('no labels', 0, 'has no inner level: only files in the form of GermEval have one');
  const telling = tellingLines(blocks);
  const separator = chooseSeparator(telling.flatMap((block) => block.map(({ text }) => text)));
  const rows = blocks.map((block) => toRows(block, separator));
  const told = telling.map((block) => toRows(block, separator));
  const layout = layoutOf(told, separator, column, log);
  let [comments, documents] = [0, 0];
  const kept = rows.map((block) => {
    const first = block.findIndex((row) => !isComment(row, layout));
    const begin = first < 0 ? block.length : first;
    comments += begin;
    const own = block.slice(begin).filter((row) => row.cells[0] !== DOCUMENT_START);
    documents += block.length - begin - own.length;
    return own;
  });
  const { sentences, prefix } = withoutLanguagePrefix(
    kept.filter((block) => block.length > 0),
    layout.word,
  );
  return {
    sentences: sentences.map((block) => readRows(block, layout, log)),
    layout,
    comments,
    documents,
    ...(prefix === undefined ? {} : { languagePrefix: prefix }),
  };
}

/** Lines that tell what columns there are: without those at the start of a block that may be comments, unless that leaves none. */
function tellingLines(blocks: readonly Block[]): readonly Block[] {
  const rest = blocks
    .map((block) => {
      const first = block.findIndex(({ text }) => !/^#(\s|$)/.test(text));
      return first < 0 ? [] : block.slice(first);
    })
    .filter((block) => block.length > 0);
  return rest.length > 0 ? rest : blocks;
}

function layoutOf(
  rows: readonly (readonly Row[])[],
  separator: Layout['separator'],
  column: number | undefined,
  log: ProblemLog,
): Layout {
  const { count } = usualCount(rows.flat().map(({ cells }) => cells));
  // Files with a number before each token, CoNLL-U's among them.
  const word = isNumbered(rows) ? 1 : 0;
  const names = Array.from({ length: count }, (_, i) =>
    i === word ? 'token' : i < word ? 'number' : `column ${i + 1}`,
  );
  const layout = { separator, columns: names, word };
  const label = column === undefined ? count - 1 : column - 1;
  if (count <= word + 1) {
    // A file without a row has a problem of its own.
    if (count > 0)
      log.error('no labels', 0, 'has one column: tokens without labels; expected a token and its label in each line');
    return { ...layout, label: undefined };
  }
  if (label >= count || label <= word) {
    const usual = `most of its lines have ${count} columns, the token in column ${word + 1}`;
    log.error(
      'no labels',
      0,
      `has no labels in column ${column}: ${usual}; set --column to ${word + 2 === count ? count : `${word + 2} … ${count}`}`,
    );
    return { ...layout, label: undefined };
  }
  names[label] = 'label';
  return { ...layout, label };
}

/** A line such as "# id 7f3a" before a sentence, which is no row; a token "#" with its label is one where words are not numbered. */
const isComment = ({ cells }: Row, { columns, word, label }: Layout): boolean =>
  /^#( |$)/.test(cells[0]!) &&
  (word === 1 || cells.length !== columns.length || (label !== undefined && !parseLabel(cells[label]!)));

/** Takes off the language that WikiANN's files put before every token ("de:Berlin"), where all tokens have the same. */
function withoutLanguagePrefix(
  blocks: readonly (readonly Row[])[],
  word: number,
): { sentences: readonly (readonly Row[])[]; prefix?: string } {
  const prefix = /^[a-z]{2,3}(-[a-z]+)*:/.exec(blocks[0]?.[0]?.cells[word] ?? '')?.[0];
  const all =
    prefix !== undefined && blocks.every((block) => block.every(({ cells }) => cells[word]?.startsWith(prefix)));
  if (!all) return { sentences: blocks };
  const strip = ({ line, cells }: Row): Row => ({ line, cells: cells.with(word, cells[word]!.slice(prefix.length)) });
  return { sentences: blocks.map((block) => block.map(strip)), prefix };
}
