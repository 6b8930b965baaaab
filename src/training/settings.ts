/**
 * Every setting of a training run: name, type, default, range and help. The command line, config files, `--help`, the
 * documentation and the settings saved with a run are made from this table. Names and defaults are those of transformers'
 * run_ner and TrainingArguments where they have one.
 */
import { PRESET_SIZES } from '../formats/albert_presets.ts';
import { ADAPTER_SETTINGS } from '../settings/adapter.ts';
import { defineSettings, type Values } from '../settings/settings.ts';
import { SCHEDULES } from './schedule.ts';

const SIZES = Object.keys(PRESET_SIZES) as (keyof typeof PRESET_SIZES)[];

export const TRAINING_SETTINGS = defineSettings({
  config: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Run',
    help: 'JSON file of settings; flags win over it',
  },
  preset: {
    type: 'choice',
    choices: ['sample', 'germeval-notebook', 'germeval-scratch'],
    default: null,
    group: 'Run',
    help: 'named settings; the others given win over them. Without any data: sample',
  },
  output_dir: {
    type: 'string',
    default: null,
    value: 'DIR',
    group: 'Run',
    help: 'where everything is written; default runs/<preset or data>',
  },
  overwrite: { type: 'boolean', default: false, group: 'Run', help: 'replace what is in the output folder' },
  resume: {
    type: 'boolean',
    default: false,
    group: 'Run',
    help: 'go on from the last checkpoint in the output folder',
  },

  train_file: { type: 'string', default: null, value: 'FILE', group: 'Data', help: 'training sentences' },
  validation_file: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Data',
    help: 'dev sentences, scored while training',
  },
  test_file: { type: 'string', default: null, value: 'FILE', group: 'Data', help: 'test sentences, scored at the end' },
  dataset: {
    type: 'string',
    default: null,
    value: 'NAME',
    group: 'Data',
    help: 'folder with train.*, dev.* and test.*, Parquet file, or owner/name[:config][@revision] on the hub',
  },
  format: {
    type: 'choice',
    choices: ['auto', 'germeval', 'conll'],
    default: 'auto',
    group: 'Data',
    help: 'form of the files',
  },
  column: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Data',
    help: 'column of the labels, from 1; default the last',
  },
  level: {
    type: 'choice',
    choices: ['outer', 'inner'],
    default: 'outer',
    group: 'Data',
    help: "GermEval's level of labels",
  },
  encoding: {
    type: 'string',
    default: 'utf-8',
    value: 'NAME',
    group: 'Data',
    help: 'encoding of the files, such as windows-1252',
  },
  labels: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Data',
    help: 'label set, one a line; default what the data has',
  },
  max_seq_length: {
    type: 'integer',
    default: 128,
    min: 3,
    max: 512,
    group: 'Data',
    help: 'window in sub-tokens; longer sentences are split at a word',
  },
  allow_empty: { type: 'boolean', default: false, group: 'Data', help: 'train without dev or test sentences' },

  model: {
    type: 'string',
    default: null,
    value: 'DIR',
    group: 'Model',
    help: 'model folder or owner/name on the hub to start from; default random weights of --size',
  },
  size: {
    type: 'choice',
    choices: SIZES,
    default: 'small',
    group: 'Model',
    help: 'sizes of a model from random weights',
  },
  tokenizer: {
    type: 'string',
    default: null,
    value: 'DIR',
    group: 'Model',
    help: "folder of the tokenizer; default the model's, else the sample's",
  },
  hidden_dropout_prob: {
    type: 'number',
    default: null,
    min: 0,
    max: 0.9,
    group: 'Model',
    help: "dropout of embeddings and layer outputs; default the model's",
  },
  attention_probs_dropout_prob: {
    type: 'number',
    default: null,
    min: 0,
    max: 0.9,
    group: 'Model',
    help: "dropout of attention; default the model's",
  },
  classifier_dropout_prob: {
    type: 'number',
    default: null,
    min: 0,
    max: 0.9,
    group: 'Model',
    help: "dropout before the classifier; default the model's",
  },

  num_train_epochs: { type: 'number', default: 3, min: 0, group: 'Training', help: 'passes over the training data' },
  max_steps: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Training',
    help: 'stop after this many steps, whatever the epochs',
  },
  per_device_train_batch_size: { type: 'integer', default: 8, min: 1, group: 'Training', help: 'sequences in a batch' },
  gradient_accumulation_steps: { type: 'integer', default: 1, min: 1, group: 'Training', help: 'batches in a step' },
  learning_rate: { type: 'number', default: 5e-5, min: 0, group: 'Training', help: 'peak learning rate' },
  lr_scheduler_type: {
    type: 'choice',
    choices: SCHEDULES,
    default: 'linear',
    group: 'Training',
    help: 'how the learning rate falls',
  },
  warmup_ratio: {
    type: 'number',
    default: 0,
    min: 0,
    max: 1,
    group: 'Training',
    help: 'part of the steps in which the learning rate rises',
  },
  warmup_steps: {
    type: 'integer',
    default: null,
    min: 0,
    group: 'Training',
    help: 'the same as a number of steps, which wins',
  },
  weight_decay: {
    type: 'number',
    default: 0,
    min: 0,
    group: 'Training',
    help: 'decoupled decay of all but biases and LayerNorm',
  },
  adam_beta1: { type: 'number', default: 0.9, min: 0, max: 0.9999999, group: 'Training', help: "AdamW's β1" },
  adam_beta2: { type: 'number', default: 0.999, min: 0, max: 0.9999999, group: 'Training', help: "AdamW's β2" },
  adam_epsilon: { type: 'number', default: 1e-8, min: 0, group: 'Training', help: "AdamW's ε" },
  max_grad_norm: {
    type: 'number',
    default: 1,
    min: 0,
    group: 'Training',
    help: 'gradients are clipped to this norm; 0 for none',
  },
  word_dropout: {
    type: 'number',
    default: 0,
    min: 0,
    max: 0.9,
    group: 'Training',
    help: 'part of the training words that become [UNK], drawn anew at every step',
  },
  recompute: {
    type: 'choice',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    group: 'Training',
    help: 'run each layer again in the backward pass: the same bits in less memory, a third more work. auto: where memory is short',
  },
  seed: {
    type: 'integer',
    default: 42,
    min: 0,
    max: 2 ** 32 - 1,
    group: 'Training',
    help: 'of weights, order and dropout',
  },
  shuffle: { type: 'boolean', default: true, group: 'Training', help: 'draw a new order every epoch' },

  logging_steps: {
    type: 'integer',
    default: 100,
    min: 1,
    group: 'Progress',
    help: 'steps between lines in train_log.jsonl',
  },
  save_steps: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Progress',
    help: 'steps between checkpoints; default every evaluation',
  },
  eval_strategy: {
    type: 'choice',
    choices: ['epoch', 'steps', 'no'],
    default: 'epoch',
    group: 'Progress',
    help: 'when the dev sentences are scored',
  },
  eval_steps: {
    type: 'integer',
    default: 100,
    min: 1,
    group: 'Progress',
    help: 'steps between scores, for --eval-strategy steps',
  },
  load_best_model_at_end: {
    type: 'boolean',
    default: true,
    group: 'Progress',
    help: 'keep the weights with the best dev F1, not the last',
  },
  early_stopping_patience: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Progress',
    help: 'stop after so many scores without a better dev F1',
  },

  hub_model_id: {
    type: 'string',
    default: null,
    value: 'OWNER/NAME',
    group: 'Model card',
    help: "what README.md calls the model; default the output folder's name",
  },
  language: {
    type: 'list',
    default: [],
    value: 'CODE',
    group: 'Model card',
    help: 'of the data, as ISO 639 has it, such as de; may be given several times',
  },
  license: {
    type: 'string',
    default: null,
    value: 'NAME',
    group: 'Model card',
    help: 'of the model, as the hub names it, such as cc-by-4.0',
  },

  ...ADAPTER_SETTINGS,
  profile: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Adapter',
    help: 'time every dispatch; write a trace for Perfetto, print a table',
  },
});
export type TrainingSettings = Values<typeof TRAINING_SETTINGS>;

/** Named settings. */
export const TRAINING_PRESETS: Record<string, Partial<TrainingSettings>> = {
  /** What the program does without any data of one's own: a few minutes on two slow cores. */
  sample: {
    size: 'tiny',
    num_train_epochs: 10,
    learning_rate: 2e-3,
    warmup_ratio: 0.1,
    weight_decay: 0.01,
    per_device_train_batch_size: 16,
    logging_steps: 10,
  },
  /** The German notebook that this package replaces: transformers 3.4's run_tf_ner with these flags. */
  'germeval-notebook': {
    max_seq_length: 128,
    per_device_train_batch_size: 32,
    num_train_epochs: 3,
    learning_rate: 5e-5,
    seed: 42,
    logging_steps: 100,
    save_steps: 100,
  },
  /** A small model from random weights on GermEval 2014. */
  'germeval-scratch': {
    size: 'small',
    num_train_epochs: 10,
    per_device_train_batch_size: 16,
    learning_rate: 1e-3,
    warmup_ratio: 0.1,
    weight_decay: 0.01,
  },
};
