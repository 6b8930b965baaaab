/** Reading a file of labelled sentences, whichever of the formats it has. */
import { parseConll } from './conll.ts';
import { decodeText } from './decode.ts';
import { type Level, looksLikeGermEval, parseGermEval } from './germeval.ts';
import { inIob2 } from './iob2.ts';
import type { LabelScheme } from './label_schemes.ts';
import { type Block, textBlocks } from './lines.ts';
import { counted, type Problem, ProblemLog } from './problems.ts';
import type { RowFacts } from './rows.ts';
import type { Sentence } from './sentence.ts';
import type { ParsedTable, Separator } from './table.ts';

export const FORMATS = ['auto', 'germeval', 'conll'] as const;

export interface ReadOptions {
  /** auto (default): told by its lines. conll: CoNLL-2003 and two columns. */
  readonly format?: (typeof FORMATS)[number] | undefined;
  /** Column of the labels, from 1; default the last (conll) or that of `level` (germeval). */
  readonly column?: number | null | undefined;
  /** GermEval's level of labels; outer unless told otherwise. */
  readonly level?: Level | undefined;
  /** A name of the WHATWG Encoding Standard; default utf-8. */
  readonly encoding?: string | undefined;
}

export interface DataFile {
  /** Its path, for messages. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What a file of lines turned out to be. */
export interface TextFacts {
  readonly file: string;
  readonly format: 'germeval' | 'conll';
  readonly encoding: string;
  readonly byteOrderMark: boolean;
  readonly lineEnds: 'LF' | 'CRLF' | 'CR';
  readonly separator: Separator;
  /** Columns of most lines. */
  readonly columns: number;
  /** From 1; null where there are no labels. */
  readonly labelColumn: number | null;
  /** Scheme of the labels as they stand in the file. */
  readonly scheme: LabelScheme;
  /** The same of the other level, where there is one. */
  readonly innerScheme?: LabelScheme;
  /** Comment lines and -DOCSTART- lines, which were left out. */
  readonly comments: number;
  readonly documents: number;
  /** What stood before every token and was taken off, such as "de:". */
  readonly languagePrefix?: string;
}

/** What a split's file or rows turned out to be. */
export type FileFacts = TextFacts | RowFacts;

export interface ReadResult {
  readonly sentences: Sentence[];
  readonly problems: Problem[];
  readonly facts: TextFacts;
  /** The line of each word, sentence by sentence. */
  readonly lines: readonly (readonly number[])[];
}

/** A sentence of more words than this is likelier to be many between which the blank lines are missing. */
const LONG_SENTENCE = 1000;

/**
 * Reads a file of labelled sentences. What is wrong in it is not thrown but returned: `requireNoErrors` throws it. Labels come
 * out in IOB2 whatever their scheme.
 * @throws UsageError for an encoding that is not known, or a column that the format has no labels in
 */
export function readSentences({ file, bytes }: DataFile, options: ReadOptions = {}): ReadResult {
  const decoded = decodeText(bytes, file, options.encoding);
  const log = new ProblemLog(file);
  const blocks = textBlocks(decoded.text, log);
  const format = options.format && options.format !== 'auto' ? options.format : detectFormat(blocks);
  const [column, level] = [options.column ?? undefined, options.level ?? 'outer'];
  const table =
    format === 'germeval' ? parseGermEval(blocks, { level, column }, log) : parseConll(blocks, { level, column }, log);
  if (decoded.text !== '' || bytes.length === 0) checkWhole(blocks, table, log);
  const outer = inIob2(table.sentences, ({ labels }) => labels, log);
  const inner = table.layout.inner === undefined ? undefined : inIob2(table.sentences, (s) => s.inner, log);
  const sentences = table.sentences.map(
    ({ words, lines }, s): Sentence => ({
      words,
      labels: outer.labels[s]!,
      ...(inner ? { inner: inner.labels[s]! } : {}),
      source: { file, line: lines[0]! },
    }),
  );
  const problems = [...decoded.problems, ...log.problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const facts: TextFacts = {
    file,
    format,
    encoding: decoded.encoding,
    byteOrderMark: decoded.byteOrderMark,
    lineEnds: lineEnds(decoded.text),
    separator: table.layout.separator,
    columns: table.layout.columns.length,
    labelColumn: table.layout.label === undefined ? null : table.layout.label + 1,
    scheme: outer.scheme,
    ...(inner ? { innerScheme: inner.scheme } : {}),
    comments: table.comments,
    documents: table.documents,
    ...(table.languagePrefix === undefined ? {} : { languagePrefix: table.languagePrefix }),
  };
  return { sentences, problems, facts, lines: table.sentences.map(({ lines }) => lines) };
}

const detectFormat = (blocks: readonly Block[]) => (looksLikeGermEval(blocks) ? 'germeval' : 'conll');

const lineEnds = (text: string): TextFacts['lineEnds'] =>
  text.includes('\r\n') ? 'CRLF' : text.includes('\r') && !text.includes('\n') ? 'CR' : 'LF';

/** What is wrong with the file as a whole. */
function checkWhole(blocks: readonly Block[], { sentences }: ParsedTable, log: ProblemLog): void {
  if (sentences.length === 0) {
    const found = blocks.length === 0 ? 'is empty' : 'has no sentence, only comments or -DOCSTART- lines';
    log.error('empty file', 0, `${found}; expected a line for each token, and a blank line behind each sentence`);
    return;
  }
  const words = sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
  const faulty = new Set(
    log.problems
      .filter(({ kind }) => kind === 'wrong column count' || kind === 'malformed label')
      .map(({ line }) => line),
  );
  if (faulty.size > words / 2) {
    log.error(
      'unlikely format',
      0,
      `${faulty.size} of its ${words} lines are no row of a token and its label: is it such a file at all, and are --format ` +
        'and --column right?',
    );
  }
  for (const { words, lines } of sentences) {
    if (words.length <= LONG_SENTENCE) continue;
    const message = `a sentence of ${words.length} tokens begins here: are the blank lines between sentences missing?`;
    log.warn('very long sentence', lines[0]!, message);
  }
}

const inScheme = (scheme: LabelScheme): string => `${scheme}${scheme === 'IOB2' ? '' : ', read into IOB2'}`;

const describeRows = ({ files, rows, scheme, innerScheme }: RowFacts): string =>
  `Parquet, ${counted(rows, 'row')}${files > 1 ? ` in ${files} files` : ''}, labels ${inScheme(scheme)}` +
  `${innerScheme ? ', two levels' : ''}`;

/** The facts in one line: `GermEval TSV, utf-8, labels in column 3 (IOB2)`. */
export function describeFacts(facts: FileFacts): string {
  if (facts.format === 'parquet') return describeRows(facts);
  if (facts.columns === 0) return 'empty';
  const { labelColumn, scheme, comments, documents, languagePrefix } = facts;
  return [
    facts.format === 'germeval'
      ? 'GermEval TSV'
      : `${facts.columns} columns apart by ${facts.separator}s`.replace('spaces', 'space'),
    `${facts.encoding}${facts.byteOrderMark ? ' with a byte-order mark' : ''}`,
    ...(facts.lineEnds === 'LF' ? [] : [`lines end in ${facts.lineEnds}`]),
    labelColumn === null ? 'no labels' : `labels in column ${labelColumn} (${inScheme(scheme)})`,
    ...(comments > 0 ? [counted(comments, 'comment line')] : []),
    ...(documents > 0 ? [counted(documents, 'document')] : []),
    ...(languagePrefix === undefined ? [] : [`'${languagePrefix}' taken off every token`]),
  ].join(', ');
}
