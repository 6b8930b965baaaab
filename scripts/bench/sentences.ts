/** Batches of real sentences, as a training run makes them from its files. */
import { basename, join } from 'node:path';
import { batchesBySize, epochOrder } from '../../src/data/batches.ts';
import { folderSource } from '../../src/formats/folder_node.ts';
import { resolveModelFolder } from '../../src/formats/hub_node.ts';
import { loadTokenizer } from '../../src/inference/load.ts';
import { defaults } from '../../src/settings/settings.ts';
import { makeWindows, readRunData, SAMPLE_FOLDER } from '../../src/training/data_node.ts';
import { TRAINING_SETTINGS } from '../../src/training/settings.ts';
import { type Batches, tokensOf } from './workload.ts';

export interface SentenceBatches extends Batches {
  /** Labels that the file has, "O" among them. */
  labels: number;
  /** Rows of a word embedding that the tokenizer needs. */
  pieces: number;
}

/**
 * The sentences of a file, cut into windows as training does by default; `batch` windows a batch in the file's order, again from its
 * start after its end.
 * @param tokenizer folder, or name on the hub; null for the sample's, as training has it
 * @throws UserError that lists every error in the file, or says why there is no tokenizer
 */
export async function readSentenceBatches(
  data: string,
  batch: number,
  tokenizer: string | null,
): Promise<SentenceBatches> {
  const settings = { ...defaults(TRAINING_SETTINGS), train_file: data, allow_empty: true };
  const run = await readRunData(settings);
  const named = tokenizer ?? join(SAMPLE_FOLDER, 'tokenizer');
  const folder = await resolveModelFolder(named, { tokenizerOnly: true }, '--tokenizer');
  const loaded = await loadTokenizer(await folderSource(folder));
  const windows = makeWindows(run, loaded.tokenizer, settings.max_seq_length).train;
  const batches = batchesBySize(epochOrder(windows.length), batch).map((indices) => indices.map((i) => windows[i]!));
  return {
    capacity: batches.reduce((most, sequences) => Math.max(most, tokensOf(sequences)), 0),
    at: (step) => batches[step % batches.length]!,
    about: `sentences of ${basename(data)} by ${batch}`,
    settings: { data, batch, tokenizer },
    labels: run.labels.length,
    pieces: loaded.tokenizer.vocabSize,
  };
}
