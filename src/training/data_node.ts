/** The sentences of a run and the windows that the model is given, from settings. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Feature, makeFeatures } from '../data/features.ts';
import { labelIdsOf, labelSet, parseLabelFile, unknownLabels } from '../data/labels.ts';
import { type Problem, requireNoErrors, summarizeProblems } from '../data/problems.ts';
import { describeFacts, readSentences } from '../data/read.ts';
import type { Sentence } from '../data/sentence.ts';
import { UserError } from '../errors.ts';
import type { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import type { TrainingSettings } from './settings.ts';

export const SPLITS = ['train', 'dev', 'test'] as const;
export type Split = (typeof SPLITS)[number];

export const SAMPLE_FOLDER = fileURLToPath(new URL('../../data/sample', import.meta.url));

export interface RunData {
  sentences: Record<Split, Sentence[]>;
  labels: string[];
  /** What the readers found worth saying, a line each. */
  notes: string[];
}

const SPLIT_NAMES: Record<Split, RegExp> = {
  train: /^(?:.*[-_.])?train(?:[-_.].*)?$/i,
  dev: /^(?:.*[-_.])?(?:dev|valid|validation)(?:[-_.].*)?$/i,
  test: /^(?:.*[-_.])?test(?:[-_.].*)?$/i,
};

/** Files of a folder by split: train.*, dev.* or valid*.*, test.*, also as NER-de-train.tsv. */
async function filesOfFolder(folder: string): Promise<Partial<Record<Split, string>>> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new UserError(
      `${folder} can't be read as a folder of data: ${error instanceof Error ? error.message : error}.`,
    );
  });
  const found: Partial<Record<Split, string>> = {};
  for (const split of SPLITS) {
    const fitting = names.filter(
      (n) => /\.(tsv|conll|txt|iob2?|bio)$/i.test(n) && SPLIT_NAMES[split].test(n.replace(/\.\w+$/, '')),
    );
    if (fitting.length > 1) {
      throw new UserError(
        `${folder} has several files for ${split}: ${fitting.join(', ')}. Name the one with --${split === 'dev' ? 'validation' : split}-file.`,
      );
    }
    if (fitting[0]) found[split] = join(folder, fitting[0]);
  }
  if (!found.train)
    throw new UserError(`${folder} has no training file: expected train.tsv, train.conll or train.txt.`);
  return found;
}

async function filesOf(s: TrainingSettings): Promise<Partial<Record<Split, string>>> {
  const folder = s.dataset ?? (s.train_file === null ? SAMPLE_FOLDER : null);
  if (folder !== null) return filesOfFolder(folder);
  return {
    ...(s.train_file !== null && { train: s.train_file }),
    ...(s.validation_file !== null && { dev: s.validation_file }),
    ...(s.test_file !== null && { test: s.test_file }),
  };
}

/**
 * Reads the run's files.
 * @throws UserError that lists every error in them, names splits without sentences, and labels outside a fixed set.
 */
export async function readRunData(s: TrainingSettings): Promise<RunData> {
  const files = await filesOf(s);
  const sentences: Record<Split, Sentence[]> = { train: [], dev: [], test: [] };
  const notes: string[] = [];
  const problems: Problem[] = [];
  for (const split of SPLITS) {
    const file = files[split];
    if (file === undefined) continue;
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new UserError(`${split} file ${file} can't be read: ${error instanceof Error ? error.message : error}.`);
    });
    const { format, column, level, encoding } = s;
    const read = readSentences({ file, bytes: new Uint8Array(bytes) }, { format, column, level, encoding });
    sentences[split] = read.sentences;
    problems.push(...read.problems);
    notes.push(`${split.padEnd(6)}${file}: ${describeFacts(read.facts)}`);
  }
  requireNoErrors(problems);
  if (problems.length > 0) notes.push(summarizeProblems(problems));
  const empty = SPLITS.filter((split) => sentences[split].length === 0);
  const wanted = empty.filter(
    (split) => split === 'train' || (!s.allow_empty && !(split === 'dev' && s.eval_strategy === 'no')),
  );
  if (wanted.length > 0) {
    throw new UserError(
      `no sentences to ${wanted.map((w) => (w === 'train' ? 'train on' : `score as the ${w} set`)).join(', nor to ')}: give ` +
        `${wanted.map((w) => `--${w === 'dev' ? 'validation' : w}-file`).join(' and ')}, or --allow-empty to go without.`,
    );
  }
  return { sentences, labels: await labelsOf(s, sentences), notes };
}

async function labelsOf(s: TrainingSettings, sentences: Record<Split, Sentence[]>): Promise<string[]> {
  const all = SPLITS.flatMap((split) => sentences[split]);
  if (s.labels === null) return labelSet(all);
  const text = await readFile(s.labels, 'utf8').catch((error: unknown) => {
    throw new UserError(`label file ${s.labels} can't be read: ${error instanceof Error ? error.message : error}.`);
  });
  const labels = parseLabelFile(text, s.labels);
  const unknown = [...unknownLabels(all, labels)];
  if (unknown.length > 0) {
    const list = unknown.map(
      ([label, { count, first }]) => `${label} (${count} times, first in ${first.source?.file}:${first.source?.line})`,
    );
    throw new UserError(`${s.labels} lacks labels of the data: ${list.join('; ')}.`);
  }
  return labels;
}

/** The windows of every split's sentences. */
export function makeWindows(data: RunData, tokenizer: AlbertTokenizer, window: number): Record<Split, Feature[]> {
  const { clsId, sepId, unkId } = tokenizer;
  const options = { clsId, sepId, unkId, window, labelIds: labelIdsOf(data.labels) };
  const of = (split: Split) => makeFeatures(data.sentences[split], (words) => tokenizer.pieces(words), options);
  return { train: of('train'), dev: of('dev'), test: of('test') };
}
