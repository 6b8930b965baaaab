/** ALBERT's configuration, as Hugging Face's config.json has it. */
import { UserError } from '../errors.ts';

/** Names and meanings are those of transformers' AlbertConfig. */
export interface AlbertConfig {
  vocab_size: number;
  /** Width E of the word embeddings. */
  embedding_size: number;
  /** Width H of the layers. */
  hidden_size: number;
  num_hidden_layers: number;
  /** Groups of layers; the layers of a group share their parameters. */
  num_hidden_groups: number;
  /** Inner layers of a group, run one after the other each time the group is used. */
  inner_group_num: number;
  num_attention_heads: number;
  intermediate_size: number;
  hidden_act: 'gelu_new' | 'gelu' | 'relu';
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
  /** Null: hidden_dropout_prob, as in transformers. */
  classifier_dropout_prob: number | null;
  max_position_embeddings: number;
  type_vocab_size: number;
  layer_norm_eps: number;
  initializer_range: number;
  pad_token_id: number;
  bos_token_id: number;
  eos_token_id: number;
  /** Label of each class, index by index. */
  labels: string[];
}

/** transformers' defaults: those of albert-xxlarge, which keys missing in a config.json take. */
export const ALBERT_DEFAULTS: Omit<AlbertConfig, 'labels'> = {
  vocab_size: 30000,
  embedding_size: 128,
  hidden_size: 4096,
  num_hidden_layers: 12,
  num_hidden_groups: 1,
  inner_group_num: 1,
  num_attention_heads: 64,
  intermediate_size: 16384,
  hidden_act: 'gelu_new',
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  classifier_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  initializer_range: 0.02,
  pad_token_id: 0,
  bos_token_id: 2,
  eos_token_id: 3,
};

/** Other names that transformers knows the same functions by; the tanh forms differ by less than float32 holds. */
const ACTIVATION_NAMES: Record<string, AlbertConfig['hidden_act']> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu_fast: 'gelu_new',
  gelu_accurate: 'gelu_new',
  gelu: 'gelu',
  gelu_python: 'gelu',
  relu: 'relu',
};

const COUNTS = [
  'vocab_size',
  'embedding_size',
  'hidden_size',
  'num_hidden_layers',
  'num_hidden_groups',
  'inner_group_num',
  'num_attention_heads',
  'intermediate_size',
  'max_position_embeddings',
  'type_vocab_size',
] as const;
const RATES = ['hidden_dropout_prob', 'attention_probs_dropout_prob', 'classifier_dropout_prob'] as const;
const IDS = ['pad_token_id', 'bos_token_id', 'eos_token_id'] as const;

/**
 * Reads the object of a config.json of any age: missing keys take transformers' defaults, labels LABEL_0, LABEL_1 … where
 * there is no id2label.
 * @param where the file's name, for messages.
 * @throws UserError that lists every fault.
 */
export function parseAlbertConfig(json: unknown, where = 'config.json'): AlbertConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError(`${where}: expected a JSON object with ALBERT's settings.`);
  }
  const given = json as Record<string, unknown>;
  if (given.model_type !== undefined && given.model_type !== 'albert') {
    throw new UserError(`${where}: model_type is "${given.model_type}"; this package reads "albert" alone.`);
  }
  const faults: string[] = [];
  const config: AlbertConfig = { ...ALBERT_DEFAULTS, labels: [] };
  const number = (key: keyof typeof ALBERT_DEFAULTS, fits: (n: number) => boolean, expected: string) => {
    const value = given[key];
    if (value === undefined || (value === null && key !== 'classifier_dropout_prob')) return;
    if (value === null || (typeof value === 'number' && fits(value))) Object.assign(config, { [key]: value });
    else faults.push(`${key} is ${JSON.stringify(value)}, expected ${expected}`);
  };
  for (const key of COUNTS) number(key, (n) => Number.isInteger(n) && n >= 1, 'a whole number, at least 1');
  for (const key of RATES) number(key, (n) => n >= 0 && n < 1, 'a rate from 0 to below 1');
  for (const key of IDS) number(key, (n) => Number.isInteger(n) && n >= 0, 'a token id');
  number('layer_norm_eps', (n) => n >= 0, 'a number, at least 0');
  number('initializer_range', (n) => n > 0, 'a number above 0');

  const act = given.hidden_act ?? ALBERT_DEFAULTS.hidden_act;
  const activation = ACTIVATION_NAMES[String(act)];
  if (activation) config.hidden_act = activation;
  else faults.push(`hidden_act is ${JSON.stringify(act)}, expected one of ${Object.keys(ACTIVATION_NAMES).join(', ')}`);

  if (faults.length === 0) faults.push(...structuralFaults(config));
  config.labels = readLabels(given, faults);
  if (faults.length > 0) throw new UserError(`${where}: ${faults.join('; ')}.`);
  return config;
}

/** What no kernel or layer could run with. */
function structuralFaults(c: AlbertConfig): string[] {
  const faults: string[] = [];
  const headSize = c.hidden_size / c.num_attention_heads;
  if (!Number.isInteger(headSize / 4)) {
    faults.push(
      `hidden_size ${c.hidden_size} over num_attention_heads ${c.num_attention_heads} gives heads of ${headSize}, ` +
        'expected a multiple of 4',
    );
  }
  for (const key of ['embedding_size', 'intermediate_size'] as const) {
    if (c[key] % 4 !== 0) faults.push(`${key} is ${c[key]}, expected a multiple of 4`);
  }
  if (c.num_hidden_groups > c.num_hidden_layers) {
    faults.push(`num_hidden_groups is ${c.num_hidden_groups}, more than num_hidden_layers ${c.num_hidden_layers}`);
  }
  return faults;
}

function readLabels(given: Record<string, unknown>, faults: string[]): string[] {
  const map = given.id2label;
  if (map === undefined || map === null) {
    const count = typeof given.num_labels === 'number' ? given.num_labels : 2;
    return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  }
  const entries = Object.entries(map as Record<string, unknown>);
  const labels = new Array<string>(entries.length);
  for (const [id, label] of entries) {
    if (typeof label !== 'string' || !/^\d+$/.test(id) || Number(id) >= entries.length) {
      faults.push(
        `id2label has ${JSON.stringify(id)}: ${JSON.stringify(label)}, expected ids 0 to ${entries.length - 1} and names`,
      );
      return [];
    }
    labels[Number(id)] = label;
  }
  if (new Set(labels).size !== labels.length) faults.push('id2label names a label twice');
  if (labels.length === 0) faults.push('id2label is empty');
  return labels;
}

/** The object of a config.json as transformers 5 writes it for a token classifier, keys in order of their names. */
export function albertConfigToJson({ labels, ...config }: AlbertConfig): Record<string, unknown> {
  const json = {
    architectures: ['AlbertForTokenClassification'],
    ...config,
    dtype: 'float32',
    id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    model_type: 'albert',
    tie_word_embeddings: true,
  };
  return Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The group whose parameters hidden layer `layer` uses: transformers' int(layer / (layers / groups)). */
export const groupOfLayer = (config: AlbertConfig, layer: number): number =>
  Math.floor(layer / (config.num_hidden_layers / config.num_hidden_groups));

/** Rate of the dropout before the classifier. */
export const classifierDropout = (config: AlbertConfig): number =>
  config.classifier_dropout_prob ?? config.hidden_dropout_prob;
