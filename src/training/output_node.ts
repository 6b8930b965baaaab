/** The folder that a run writes: made ready before it, filled after it. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AlbertModel } from '../albert/model.ts';
import type { SplitName } from '../data/dataset.ts';
import { UserError } from '../errors.ts';
import { writePredictions } from '../evaluation/prediction_file.ts';
import { scoresToJson, scoreTable } from '../evaluation/report.ts';
import type { EntityScores } from '../evaluation/scores.ts';
import { albertConfigToJson } from '../formats/albert_config.ts';
import { tokenizerFiles } from '../tokenizer/tokenizer_files.ts';
import { writeWeights } from './checkpoint_node.ts';
import type { Evaluation } from './evaluate.ts';
import type { TrainingSettings } from './settings.ts';
import type { TrainingRun } from './training_run.ts';

/** Files and folders that a run writes; what --overwrite removes. */
const WRITTEN = [
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

/** A split's scores beside the lookup baseline's. */
export interface SplitResult extends Evaluation {
  split: SplitName;
  baseline: EntityScores;
}

/** Writes a split's results as JSON and as a table, and the predictions for the test set. @returns the table */
export async function writeResults({ folder, data }: TrainingRun, result: SplitResult): Promise<string> {
  const { split, scores, baseline, loss, sentences } = result;
  const prefix = split === 'dev' ? 'eval' : split;
  const table = scoreTable(scores, baseline);
  const json = { loss, ...scoresToJson(scores), lookup_baseline: scoresToJson(baseline) };
  await writeFile(join(folder, `${prefix}_results.json`), `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(join(folder, `${prefix}_results.txt`), table);
  if (split === 'test') {
    const predicted = sentences.map((labelled, i) => ({ words: data.sentences.test[i]!.words, ...labelled }));
    await writeFile(join(folder, 'test_predictions.txt'), writePredictions(predicted));
  }
  return table;
}

/** Writes the model folder that transformers and this package load. */
export async function writeModel({ folder, settings, tokenizer, spieceModel }: TrainingRun, model: AlbertModel) {
  await writeWeights(folder, model);
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(albertConfigToJson(model.config), null, 2)}\n`);
  const modelMaxLength = settings.max_seq_length;
  const files = tokenizerFiles(tokenizer, { modelMaxLength, ...(spieceModel && { spieceModel }) });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
}
