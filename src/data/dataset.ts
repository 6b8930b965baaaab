/** Train, dev and test files as one data set: the one way in which the programs read data. */
import { decodeText } from './decode.ts';
import { duplicatesAcross } from './duplicates.ts';
import { labelSet, parseLabelFile, unknownLabels } from './labels.ts';
import type { Problem } from './problems.ts';
import { type DataFile, type FileFacts, type ReadOptions, readSentences } from './read.ts';
import { type DataRows, readRowSentences } from './rows.ts';
import { placeOf, type Sentence } from './sentence.ts';

export const SPLITS = ['train', 'dev', 'test'] as const;
export type SplitName = (typeof SPLITS)[number];

export interface DatasetOptions extends ReadOptions {
  /** The label set: a file with one label a line, or the labels themselves; default those that the data has. */
  readonly labels?: DataFile | readonly string[] | undefined;
  /** Dev and test files without a sentence are no error. */
  readonly allowEmpty?: boolean | undefined;
}

export interface Split {
  readonly sentences: readonly Sentence[];
  readonly facts: FileFacts;
}

export interface Dataset {
  /** Those whose files were given. */
  readonly splits: Readonly<Partial<Record<SplitName, Split>>>;
  /** The label set: as given, or "O" and the labels of all splits by code point. Ids are places in it. */
  readonly labels: readonly string[];
  /** Of all files and of how they go together. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the files or rows of a data set. What is wrong in them is returned: pass `problems` to `requireNoErrors`.
 * @throws UserError for a faulty label file; UsageError as `readSentences`
 */
export function readDataset(
  files: Readonly<Partial<Record<SplitName, DataFile | DataRows | undefined>>>,
  options: DatasetOptions = {},
): Dataset {
  const problems: Problem[] = [];
  const splits: Partial<Record<SplitName, Split>> = {};
  for (const name of SPLITS) {
    const file = files[name];
    if (!file) continue;
    const {
      sentences,
      facts,
      problems: found,
    } = 'rows' in file ? readRowSentences(file, options) : readSentences(file, options);
    const mayBeEmpty = options.allowEmpty === true && name !== 'train';
    problems.push(...(mayBeEmpty ? found.map(asAllowed) : found));
    splits[name] = { sentences, facts };
  }
  const fixed = readLabels(options.labels);
  const labels = fixed ?? labelSet(Object.values(splits).flatMap(({ sentences }) => sentences));
  if (fixed) for (const split of Object.values(splits)) problems.push(...outsideLabelSet(split, fixed));
  return { splits, labels, problems: [...problems, ...betweenSplits(splits)] };
}

const asAllowed = (problem: Problem): Problem =>
  problem.kind === 'empty file' ? { ...problem, severity: 'warning' } : problem;

function readLabels(labels: DatasetOptions['labels']): readonly string[] | undefined {
  if (labels === undefined || !('bytes' in labels)) return labels;
  return parseLabelFile(decodeText(labels.bytes, labels.file).text, labels.file);
}

function outsideLabelSet({ sentences }: Split, labels: readonly string[]): Problem[] {
  return [...unknownLabels(sentences, labels)].map(([label, { count, first }]) => ({
    severity: 'error',
    kind: 'unknown label',
    ...first.source!,
    message:
      `the label set lacks ${label}, which occurs ${times(count)} in the file, here first; it has ${labels.join(' ')}. ` +
      'Add it to the label file, or leave --labels out',
  }));
}

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

/** How splits go together: labels that train never shows, and sentences of train in dev or test. */
export function betweenSplits(splits: Readonly<Partial<Record<SplitName, Split>>>): Problem[] {
  const problems: Problem[] = [];
  const { train } = splits;
  const warn = (kind: string, { source }: Sentence, message: string) =>
    problems.push({ severity: 'warning', kind, ...source!, message });
  const given = SPLITS.flatMap((name) => {
    const split = splits[name];
    return split ? [{ name, ...split }] : [];
  });
  for (const [i, later] of given.entries()) {
    if (train && later.name !== 'train') {
      for (const [label, { count, first }] of unknownLabels(later.sentences, labelSet(train.sentences))) {
        const message = `${label}, which occurs ${times(count)} in ${later.name}, here first, never occurs in train`;
        warn('label that train lacks', first, message);
      }
    }
    for (const earlier of given.slice(0, i)) {
      const { count, first } = duplicatesAcross(earlier.sentences, later.sentences);
      if (!first) continue;
      const of = `${count} of ${later.sentences.length} sentences of ${later.name} stand in ${earlier.name} as well`;
      const message = `${of}; the first, here, in ${placeOf(first.earlier.source!)}`;
      warn('split with sentences of another', first.sentence, message);
    }
  }
  return problems;
}
