/** A token classifier on the GPU: configuration and parameters. */
import type { AlbertConfig } from '../formats/albert_config.ts';
import type { Gpu } from '../gpu/device.ts';
import { initialize, layoutOf, ParameterSet } from './parameters.ts';

export class AlbertModel {
  readonly gpu: Gpu;
  readonly config: AlbertConfig;
  readonly parameters: ParameterSet;

  /** Memory for the parameters, all zero at first. */
  constructor(gpu: Gpu, config: AlbertConfig) {
    this.gpu = gpu;
    this.config = config;
    this.parameters = new ParameterSet(gpu, 'parameters', layoutOf(config));
  }

  /** A model from random weights, as transformers draws them. */
  static random(gpu: Gpu, config: AlbertConfig, seed: number): AlbertModel {
    const model = new AlbertModel(gpu, config);
    initialize(model.parameters, config, seed);
    return model;
  }

  /** How many numbers the model learns; padding between tensors does not count. */
  get parameterCount(): number {
    let count = 0;
    for (const { shape } of this.parameters.layout.slots.values())
      count += shape.reduce((product, n) => product * n, 1);
    return count;
  }

  /** Rows of the embedding tables, as a batch with gradients needs them. */
  get tables(): { words: number; positions: number; types: number } {
    const { vocab_size: words, max_position_embeddings: positions, type_vocab_size: types } = this.config;
    return { words, positions, types };
  }
}
