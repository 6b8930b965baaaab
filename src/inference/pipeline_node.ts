/** A pipeline from a model folder on disk. */

import { AlbertModel } from '../albert/model.ts';
import { UserError } from '../errors.ts';
import { resolveModelFolder } from '../formats/hub_node.ts';
import { missingParameters, readModelFolder } from '../formats/model_folder_node.ts';
import { toFloat32 } from '../formats/safetensors.ts';
import type { Gpu } from '../gpu/device.ts';
import { type AdapterChoice, openGpu } from '../gpu/open_node.ts';
import type { Profiler } from '../gpu/profiler.ts';
import { SequenceClassifier } from './classifier.ts';
import { loadTokenizer } from './load_tokenizer_node.ts';
import { TokenClassificationPipeline } from './pipeline.ts';

export interface LoadOptions {
  adapter?: AdapterChoice;
  /** A device that is open already; the pipeline then leaves it open. */
  gpu?: Gpu;
  /** Longest sequence in pieces; default what tokenizer_config.json says, at most the model's positions. */
  window?: number;
  /** Pieces in a batch. */
  batchTokens?: number;
  profiler?: (gpu: Gpu) => Profiler;
}

/**
 * Loads a token classifier from a folder or, as owner/name, from the Hugging Face hub: `pipeline('token-classification', 'my-model')`, then `answer(['Berlin ist …'])` and, at the end,
 * `close()`.
 * @throws UserError where the folder lacks something or no adapter is to be had.
 */
export async function pipeline(
  task: 'token-classification' | 'ner',
  name: string,
  options: LoadOptions = {},
): Promise<TokenClassificationPipeline> {
  if (task !== 'token-classification' && task !== 'ner') {
    throw new UserError(`the task is "${task as string}": this package does token-classification (ner) alone.`);
  }
  const folder = await resolveModelFolder(name);
  const { config, weights } = await readModelFolder(folder);
  const missing = missingParameters(config, weights);
  if (missing.length > 0) throw new UserError(`${folder} does not hold this token classifier: ${missing.join('; ')}.`);
  const { tokenizer } = await loadTokenizer(folder);
  const gpu = options.gpu ?? (await openGpu(options.adapter));
  const model = new AlbertModel(gpu, config);
  for (const name of model.parameters.layout.slots.keys()) model.parameters.write(name, toFloat32(weights.get(name)!));
  const window = Math.min(options.window ?? tokenizer.modelMaxLength, config.max_position_embeddings);
  const capacity = Math.max(options.batchTokens ?? 2048, window);
  const classifier = await SequenceClassifier.create(model, capacity, undefined, options.profiler?.(gpu));
  const close = options.gpu ? () => {} : () => gpu.close();
  return new TokenClassificationPipeline(model, tokenizer, classifier, window, close);
}
