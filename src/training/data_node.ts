/** The sentences of a run and the windows that the model is given, from settings. */
import { fileURLToPath } from 'node:url';
import { SPLITS, type SplitName } from '../data/dataset.ts';
import { type Feature, makeFeatures } from '../data/features.ts';
import { labelIdsOf } from '../data/labels.ts';
import { formatProblems, requireNoErrors } from '../data/problems.ts';
import { describeFacts } from '../data/read.ts';
import type { Sentence } from '../data/sentence.ts';
import { UserError } from '../errors.ts';
import type { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import { findDataset, readFoundDataset } from './dataset_node.ts';
import type { TrainingSettings } from './settings.ts';

export const SAMPLE_FOLDER = fileURLToPath(new URL('../../data/sample', import.meta.url));

export interface RunData {
  /** A split that was not given is empty. */
  sentences: Record<SplitName, readonly Sentence[]>;
  labels: readonly string[];
  /** What the readers found worth saying, a line each. */
  notes: string[];
  /** The data set's name on the hub, where it came from there. */
  hubName: string | undefined;
}

/**
 * Reads the run's files.
 * @throws UserError that lists every error in them, names splits without sentences, and labels outside a fixed set.
 */
export async function readRunData(s: TrainingSettings): Promise<RunData> {
  const { format, column, level, encoding, allow_empty: allowEmpty } = s;
  const found = await findDataset({
    dataset: s.dataset ?? (s.train_file === null ? SAMPLE_FOLDER : null),
    train: s.train_file,
    dev: s.validation_file,
    test: s.test_file,
    labels: s.labels,
  });
  const options = { format, column, level, encoding, allowEmpty };
  const { splits, labels, problems } = await readFoundDataset(found, options);
  requireNoErrors(problems);
  const of = (split: SplitName) => splits[split]?.sentences ?? [];
  const wanted = SPLITS.filter((split) => of(split).length === 0).filter(
    (split) => split === 'train' || (!s.allow_empty && !(split === 'dev' && s.eval_strategy === 'no')),
  );
  if (wanted.length > 0) {
    throw new UserError(
      `no sentences to ${wanted.map((w) => (w === 'train' ? 'train on' : `score as the ${w} set`)).join(', nor to ')}: give ` +
        `${wanted.map((w) => `--${w === 'dev' ? 'validation' : w}-file`).join(' and ')}, or --allow-empty to go without.`,
    );
  }
  const notes = SPLITS.flatMap((split) => {
    const read = splits[split];
    return read ? [`${split.padEnd(6)}${read.facts.file}: ${describeFacts(read.facts)}`] : [];
  });
  if (problems.length > 0) notes.push(formatProblems(problems, 5).trimEnd());
  const sentences = { train: of('train'), dev: of('dev'), test: of('test') };
  return { sentences, labels, notes, hubName: found.hubName };
}

/** The windows of every split's sentences. */
export function makeWindows(data: RunData, tokenizer: AlbertTokenizer, window: number): Record<SplitName, Feature[]> {
  const { clsId, sepId, unkId } = tokenizer;
  const options = { clsId, sepId, unkId, window, labelIds: labelIdsOf(data.labels) };
  const of = (split: SplitName) => makeFeatures(data.sentences[split], (words) => tokenizer.pieces(words), options);
  return { train: of('train'), dev: of('dev'), test: of('test') };
}
