/** The folder that a run writes: made ready before it, filled after it. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AlbertModel } from '../albert/model.ts';
import { UserError } from '../errors.ts';
import { writePredictions } from '../evaluation/prediction_file.ts';
import { scoresToJson, scoreTable } from '../evaluation/report.ts';
import { writeFiles } from '../formats/folder_node.ts';
import { modelCard } from '../formats/model_card.ts';
import { modelFolderFiles } from '../formats/model_folder.ts';
import { tokenizerFiles } from '../tokenizer/tokenizer_files.ts';
import { cardFacts, type SplitResult } from './card.ts';
import type { TrainingSettings } from './settings.ts';
import type { TrainingRun } from './training_run.ts';

/** Files and folders that a run writes; what --overwrite removes. */
const WRITTEN = [
  'README.md',
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'spiece.model',
  'labels.txt',
  'settings.json',
  'train_log.jsonl',
  'eval_results.json',
  'eval_results.txt',
  'test_results.json',
  'test_results.txt',
  'test_predictions.txt',
  'checkpoint-last',
  'checkpoint-last.old',
  'checkpoint-last.writing',
  'checkpoint-best',
  'checkpoint-best.old',
  'checkpoint-best.writing',
];

export const outputFolder = (s: TrainingSettings): string => s.output_dir ?? join('runs', s.preset ?? 'model');

/** @throws UserError where the output folder has something in it that this run may not replace. */
export async function prepareOutput(s: TrainingSettings, folder: string): Promise<void> {
  const there = await readdir(folder).catch(() => []);
  if (s.resume) return;
  if (there.length > 0 && !s.overwrite) {
    throw new UserError(
      `${folder} is not empty: --resume goes on from its last checkpoint, --overwrite replaces it, --output-dir names another.`,
    );
  }
  for (const name of WRITTEN) await rm(join(folder, name), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

/** Writes a split's results as JSON and as a table, and the predictions for the test set. @returns the table */
export async function writeResults({ folder, data }: TrainingRun, result: SplitResult): Promise<string> {
  const { split, scores, baseline, loss, sentences } = result;
  const prefix = split === 'dev' ? 'eval' : split;
  const table = scoreTable(scores, baseline);
  const json = { loss, ...scoresToJson(scores), lookup_baseline: scoresToJson(baseline) };
  const predicted = sentences.map((labelled, i) => ({ words: data.sentences[split][i]!.words, ...labelled }));
  await writeFiles(folder, [
    { name: `${prefix}_results.json`, content: `${JSON.stringify(json, null, 2)}\n` },
    { name: `${prefix}_results.txt`, content: table },
    ...(split === 'test' ? [{ name: 'test_predictions.txt', content: writePredictions(predicted) }] : []),
  ]);
  return table;
}

/** Writes the model folder that transformers and this package load, with its model card. */
export async function writeModel(run: TrainingRun, model: AlbertModel, results: readonly SplitResult[]): Promise<void> {
  const { folder, settings, tokenizer, spieceModel } = run;
  const modelMaxLength = settings.max_seq_length;
  const files = modelFolderFiles({
    config: model.config,
    read: (name) => model.parameters.read(name),
    tokenizer: tokenizerFiles(tokenizer, { modelMaxLength, ...(spieceModel && { spieceModel }) }),
    card: modelCard(cardFacts(run, model, results)),
  });
  await writeFiles(folder, files);
}
