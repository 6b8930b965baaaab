/** Named sizes: two small ones to train from random weights, and the four that were published (Lan et al. 2020, table 1; v2). */
import type { AlbertConfig } from './albert_config.ts';

export type PresetSizes = Pick<
  AlbertConfig,
  'embedding_size' | 'hidden_size' | 'num_hidden_layers' | 'num_attention_heads' | 'intermediate_size'
>;

const sizes = (E: number, H: number, layers: number, heads: number, inner: number): PresetSizes => ({
  embedding_size: E,
  hidden_size: H,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: inner,
});

export const PRESET_SIZES = {
  tiny: sizes(64, 64, 2, 2, 256),
  small: sizes(64, 128, 4, 4, 512),
  base: sizes(128, 768, 12, 12, 3072),
  large: sizes(128, 1024, 24, 16, 4096),
  xlarge: sizes(128, 2048, 24, 16, 8192),
  xxlarge: sizes(128, 4096, 12, 64, 16384),
} as const;
export type PresetName = keyof typeof PRESET_SIZES;
