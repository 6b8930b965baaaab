/** What scripts/evaluate.ts scores: sentences with gold and predicted labels, out of files. */
import process from 'node:process';
import { parseConll } from '../src/data/conll.ts';
import { readDataFile } from '../src/data/dataset_node.ts';
import { decodeText } from '../src/data/decode.ts';
import { looksLikeGermEval, parseGermEval } from '../src/data/germeval.ts';
import { textBlocks } from '../src/data/lines.ts';
import { counted, errorsAmong, type Problem, ProblemLog } from '../src/data/problems.ts';
import type { DataFile, ReadOptions } from '../src/data/read.ts';
import type { Sentence } from '../src/data/sentence.ts';
import { chooseSeparator, type RawSentence, type Row, toRows } from '../src/data/table.ts';
import { UserError } from '../src/errors.ts';
import { type PredictedSentence, type PredictionOptions, readPredictions } from '../src/evaluation/prediction_file.ts';
import { readLabelledFile } from '../src/training/dataset_node.ts';

export interface InputOptions extends PredictionOptions {
  encoding: string;
  /** `tab`, `space`, or what else stands between columns; null: told by the lines. */
  delimiter: string | null;
}

/** Sentences to be scored, and what is odd or wrong about where they come from. */
export interface EvaluationInput {
  name: string;
  sentences: PredictedSentence[];
  problems: Problem[];
}

/** A file, or standard input where its name is `-`. @throws UserError where it can't be read */
export async function readInput(path: string): Promise<DataFile> {
  if (path !== '-') return readDataFile(path);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return { file: 'standard input', bytes: Buffer.concat(chunks) };
}

/** Reads a file of `word … gold predicted` lines. @throws UsageError for an unknown encoding */
export function parsePredictions({ file, bytes }: DataFile, options: InputOptions): EvaluationInput {
  const decoded = decodeText(bytes, file, options.encoding);
  const log = new ProblemLog(file);
  const blocks = textBlocks(decoded.text, log);
  const delimiter = options.delimiter ?? chooseSeparator(blocks.flatMap((block) => block.map(({ text }) => text)));
  const rows = blocks.map((block): Row[] => {
    if (delimiter === 'tab' || delimiter === 'white space') return toRows(block, delimiter);
    const literal = delimiter === 'space' ? ' ' : delimiter;
    return block.map(({ number, text }) => ({ line: number, cells: text.split(literal) }));
  });
  const isUnread = decoded.text === '' && errorsAmong(decoded.problems).length > 0;
  const sentences = isUnread ? [] : readPredictions(rows, options, log);
  return { name: file, sentences, problems: [...decoded.problems, ...log.problems] };
}

/**
 * Pairs a file of gold labels with one of predictions over the same words, both in any of the data formats; labels stay as they are
 * there. With `nested` both must have GermEval's inner level.
 */
export function pairFiles(gold: DataFile, predicted: DataFile, options: InputOptions): EvaluationInput {
  const [want, got] = [readLabelled(gold, options), readLabelled(predicted, options)];
  const problems = [...want.problems, ...got.problems];
  if (errorsAmong(problems).length === 0) problems.push(...differences(gold.file, want, predicted.file, got));
  if (errorsAmong(problems).length > 0) return { name: predicted.file, sentences: [], problems };
  const sentences = got.sentences.map((sentence, i): PredictedSentence => {
    const { words, labels, inner } = want.sentences[i]!;
    return {
      words,
      lines: sentence.lines,
      gold: labels,
      predicted: sentence.labels,
      ...(options.nested ? { inner: { gold: inner, predicted: sentence.inner } } : {}),
    };
  });
  return { name: predicted.file, sentences, problems };
}

interface Labelled {
  sentences: readonly RawSentence[];
  problems: Problem[];
}

/** A data file's sentences with their labels as they stand there: what a scheme makes of them is for the metric to say. */
function readLabelled({ file, bytes }: DataFile, { encoding, nested, prefixes, allowEmpty }: InputOptions): Labelled {
  const decoded = decodeText(bytes, file, encoding);
  const log = new ProblemLog(file);
  const blocks = textBlocks(decoded.text, log);
  const { sentences, layout } = looksLikeGermEval(blocks)
    ? parseGermEval(blocks, {}, log)
    : parseConll(blocks, {}, log);
  if (sentences.length === 0) {
    if (!allowEmpty) log.error('empty file', 0, 'has no sentence; expected a line for each word, with its label');
  } else if (nested && layout.inner === undefined) {
    log.error('no inner level', 0, 'has no column of inner labels: two levels need files in the form of GermEval');
  }
  const isOther = (label: string) => label !== 'O' && prefixes !== undefined && !prefixes.includes(label[0]!);
  for (const { labels, inner, lines } of sentences) {
    labels.forEach((label, i) => {
      for (const odd of [label, inner[i] ?? 'O'].filter(isOther)) {
        log.error('other scheme', lines[i]!, `the label is '${odd}'; expected O, B-TYPE or I-TYPE`);
      }
    });
  }
  return { sentences, problems: [...decoded.problems, ...log.problems] };
}

/** Where the two files have not the same words. */
function differences(goldFile: string, gold: Labelled, file: string, predicted: Labelled): Problem[] {
  const log = new ProblemLog(file);
  const [want, got] = [gold.sentences, predicted.sentences];
  if (want.length !== got.length) {
    const counts = `has ${counted(got.length, 'sentence')} where ${goldFile} has ${want.length}`;
    log.error('other sentences', 0, `${counts}: every sentence needs its predictions`);
  }
  const pairs = Math.min(want.length, got.length);
  const other = Array.from({ length: pairs }, (_, i) => i).filter(
    (i) => want[i]!.words.join('\n') !== got[i]!.words.join('\n'),
  );
  // One sentence too many or too few puts all that follow it out of step: only the first says where to look.
  if (other[0] !== undefined) {
    const [a, b] = [want[other[0]]!, got[other[0]]!];
    const at = a.words.findIndex((word, i) => word !== b.words[i]);
    const word = at < 0 ? a.words.length : at;
    const show = (text: string | undefined) => (text === undefined ? 'the end of the sentence' : `'${text}'`);
    log.error(
      'other words',
      b.lines[word] ?? b.lines.at(-1)!,
      `${show(b.words[word])} where ${goldFile}:${a.lines[word] ?? a.lines.at(-1)!} has ${show(a.words[word])}` +
        (other.length > 1
          ? `; ${counted(other.length - 1, 'more sentence has', 'more sentences have')} other words`
          : ''),
    );
  }
  return log.problems;
}

/** Labelled sentences that the lookup baseline learns from. @throws UserError where the file has none or can't be read */
export async function readTraining(
  path: string,
  options: ReadOptions,
): Promise<{ sentences: Sentence[]; problems: Problem[] }> {
  const { sentences, problems } = await readLabelledFile(path, options);
  if (sentences.length === 0 && errorsAmong(problems).length === 0) throw new UserError(`${path} has no sentences.`);
  return { sentences, problems };
}
