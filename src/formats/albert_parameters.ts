/** The parameters of an ALBERT token classifier: Hugging Face's names and shapes, from a configuration. */
import type { AlbertConfig } from './albert_config.ts';

export interface ParameterInfo {
  /** As AlbertForTokenClassification names it. */
  name: string;
  /** Row-major; weights are [out, in]. */
  shape: number[];
}

/** Prefix of the parameters of inner layer `inner` of group `group`. */
export const layerPrefix = (group: number, inner: number): string =>
  `albert.encoder.albert_layer_groups.${group}.albert_layers.${inner}`;

/** Every parameter, in a fixed order: embeddings, groups of layers, classifier. */
export function expectedParameters(config: AlbertConfig): ParameterInfo[] {
  const { embedding_size: E, hidden_size: H, intermediate_size: I } = config;
  const list: ParameterInfo[] = [];
  const add = (name: string, ...shape: number[]) => list.push({ name, shape });
  const linear = (name: string, out: number, input: number) => {
    add(`${name}.weight`, out, input);
    add(`${name}.bias`, out);
  };
  const norm = (name: string, width: number) => {
    add(`${name}.weight`, width);
    add(`${name}.bias`, width);
  };
  add('albert.embeddings.word_embeddings.weight', config.vocab_size, E);
  add('albert.embeddings.position_embeddings.weight', config.max_position_embeddings, E);
  add('albert.embeddings.token_type_embeddings.weight', config.type_vocab_size, E);
  norm('albert.embeddings.LayerNorm', E);
  linear('albert.encoder.embedding_hidden_mapping_in', H, E);
  for (let group = 0; group < config.num_hidden_groups; group++) {
    for (let inner = 0; inner < config.inner_group_num; inner++) {
      const layer = layerPrefix(group, inner);
      // Side by side, since the model takes them as one product.
      for (const part of ['query', 'key', 'value']) add(`${layer}.attention.${part}.weight`, H, H);
      for (const part of ['query', 'key', 'value']) add(`${layer}.attention.${part}.bias`, H);
      linear(`${layer}.attention.dense`, H, H);
      norm(`${layer}.attention.LayerNorm`, H);
      linear(`${layer}.ffn`, I, H);
      linear(`${layer}.ffn_output`, H, I);
      norm(`${layer}.full_layer_layer_norm`, H);
    }
  }
  linear('classifier', config.labels.length, H);
  return list;
}

/** Whether weight decay applies: to everything but biases and LayerNorm, as in transformers' Trainer. */
export const decays = (name: string): boolean => !/bias$|LayerNorm|layer_norm/.test(name);
