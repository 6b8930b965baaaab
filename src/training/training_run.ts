/** What a run knows before it has a device, and what it says of it. */
import { SPLITS, type SplitName } from '../data/dataset.ts';
import type { Feature } from '../data/features.ts';
import { trainLookupBaseline } from '../evaluation/lookup_baseline.ts';
import { type EntityScores, scoreEntities } from '../evaluation/scores.ts';
import type { LiveOutput } from '../live_output_node.ts';
import type { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import type { RunData } from './data_node.ts';
import { usesSample } from './resolve.ts';
import type { TrainingSettings } from './settings.ts';

export interface TrainingRun {
  settings: TrainingSettings;
  /** Where everything is written. */
  folder: string;
  /** Folder of the model that training starts from; null for random weights. */
  modelFolder: string | null;
  data: RunData;
  windows: Record<SplitName, Feature[]>;
  tokenizer: AlbertTokenizer;
  spieceModel: Uint8Array | undefined;
  out: LiveOutput;
}

/** A line for each split: how much there is of it. */
export function describeData({ data, windows }: TrainingRun): string[] {
  return SPLITS.filter((split) => data.sentences[split].length > 0).map((split) => {
    const sentences = data.sentences[split];
    const words = sentences.reduce((n, s) => n + s.words.length, 0);
    const pieces = windows[split].reduce((n, f) => n + f.ids.length, 0);
    return `${split.padEnd(6)}${sentences.length} sentences, ${words} words, ${pieces} sub-tokens in ${windows[split].length} windows`;
  });
}

/** A number that changes with any id or label of the windows (FNV-1a). */
export function hashOf(features: readonly Feature[]): number {
  let hash = 0x811c9dc5;
  for (const { ids, labels } of features) {
    for (const value of ids) hash = Math.imul(hash ^ value, 0x01000193);
    for (const value of labels) hash = Math.imul(hash ^ value, 0x01000193);
  }
  return hash >>> 0;
}

/** The lookup baseline of the training sentences: what it scores on each split. */
export function lookupScores({ sentences }: RunData): (split: SplitName) => EntityScores {
  const predict = trainLookupBaseline(sentences.train);
  return (split) =>
    scoreEntities(sentences[split].map(({ words, labels }) => ({ gold: labels, predicted: predict(words) })));
}

/** A sentence that the model has not seen: the German pipeline's own for the sample, else one of the test or dev set. */
export function exampleText({ settings, data }: TrainingRun): string {
  const [unseen] = [...data.sentences.test, ...data.sentences.dev].filter(({ labels }) =>
    labels.some((l) => l !== 'O'),
  );
  if (usesSample(settings) || !unseen) return 'Berlin ist die Hauptstadt von Deutschland';
  return unseen.words.join(' ');
}
