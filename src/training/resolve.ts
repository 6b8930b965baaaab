/** Settings of a run from preset, config file and flags, checked together. */
import { UsageError } from '../errors.ts';
import { fromObject, merge } from '../settings/settings.ts';
import { TRAINING_PRESETS } from './presets.ts';
import { TRAINING_SETTINGS, type TrainingSettings } from './settings.ts';

/**
 * @param flags what the command line gave. @param file the config file's object, if there was one.
 * @throws UsageError where settings contradict each other.
 */
export function resolveSettings(
  flags: Partial<TrainingSettings>,
  file?: { object: unknown; where: string },
): TrainingSettings {
  const fromFile = file ? fromObject(TRAINING_SETTINGS, file.object, file.where) : {};
  const given = { ...fromFile, ...flags };
  const hasData = given.dataset ?? given.train_file ?? null;
  const preset = given.preset ?? (hasData === null ? 'sample' : null);
  const { values } = merge(TRAINING_SETTINGS, preset === null ? {} : TRAINING_PRESETS[preset]!, given, { preset });
  if (values.dataset !== null && (values.train_file ?? values.validation_file ?? values.test_file) !== null) {
    throw new UsageError('--dataset names all splits: leave out --train-file, --validation-file and --test-file.');
  }
  if (hasData === null && preset?.startsWith('germeval')) {
    throw new UsageError(
      `--preset ${preset} needs data: --train-file NER-de-train.tsv --validation-file NER-de-dev.tsv.`,
    );
  }
  if (hasData === null && (values.validation_file ?? values.test_file) !== null) {
    throw new UsageError('--validation-file or --test-file without --train-file: nothing to train on.');
  }
  if (values.resume && values.overwrite) throw new UsageError('--resume goes on, --overwrite begins anew: give one.');
  if (values.load_best_model_at_end && values.eval_strategy === 'no') values.load_best_model_at_end = false;
  if (values.early_stopping_patience !== null && values.eval_strategy === 'no') {
    throw new UsageError('--early-stopping-patience needs scores: --eval-strategy epoch or steps.');
  }
  return values;
}

/** Whether the run uses the package's own sample corpus. */
export const usesSample = (s: TrainingSettings): boolean => s.dataset === null && s.train_file === null;

/** Settings that decide a run's bits; a checkpoint made with others can't be resumed. */
const DECIDING = [
  'size',
  'model',
  'max_seq_length',
  'hidden_dropout_prob',
  'attention_probs_dropout_prob',
  'classifier_dropout_prob',
  'num_train_epochs',
  'max_steps',
  'per_device_train_batch_size',
  'max_tokens_per_batch',
  'gradient_accumulation_steps',
  'learning_rate',
  'lr_scheduler_type',
  'warmup_ratio',
  'warmup_steps',
  'weight_decay',
  'adam_beta1',
  'adam_beta2',
  'adam_epsilon',
  'max_grad_norm',
  'word_dropout',
  'seed',
  'shuffle',
] as const satisfies readonly (keyof TrainingSettings)[];

/** The values of the settings that decide a run's bits. */
export const decidingSettings = (s: TrainingSettings): Pick<TrainingSettings, (typeof DECIDING)[number]> =>
  Object.fromEntries(DECIDING.map((name) => [name, s[name]])) as Pick<TrainingSettings, (typeof DECIDING)[number]>;

/** What a checkpoint remembers of its run: those settings, and facts about the data. */
export function fingerprintOf(s: TrainingSettings, facts: Record<string, unknown>): Record<string, unknown> {
  return { ...decidingSettings(s), ...facts };
}
