/** A pipeline from a model folder on disk, or a model on the hub. */
import { UserError } from '../errors.ts';
import { folderSource } from '../formats/folder_node.ts';
import { resolveModelFolder } from '../formats/hub_node.ts';
import type { Gpu } from '../gpu/device.ts';
import { type AdapterChoice, openGpu } from '../gpu/open_node.ts';
import type { TuningOptions } from '../gpu/tuning.ts';
import { type LoadOptions, loadPipeline } from './load.ts';
import type { TokenClassificationPipeline } from './pipeline.ts';

export interface PipelineLoadOptions extends LoadOptions {
  adapter?: AdapterChoice;
  /** Rounds operands of linear layers to half precision, on GPUs that can. */
  halfPrecision?: boolean;
  /** Times kernels that come in variants, once for an adapter: `{ store: fileStore() }`. */
  tuning?: TuningOptions | undefined;
  /** A device that is open already; the pipeline then leaves it open. */
  gpu?: Gpu;
}

/**
 * Loads a token classifier from a folder or, as owner/name, from the Hugging Face hub:
 * `pipeline('token-classification', 'my-model')`, then `answer(['Berlin ist …'])` and, at the end, `close()`.
 * @throws UserError where the folder lacks something, the model is no trained token classifier, or no adapter is to be had.
 */
export async function pipeline(
  task: 'token-classification' | 'ner',
  name: string,
  { adapter, tuning, halfPrecision = false, gpu: given, ...options }: PipelineLoadOptions = {},
): Promise<TokenClassificationPipeline> {
  if (task !== 'token-classification' && task !== 'ner') {
    throw new UserError(`the task is "${task as string}": this package does token-classification (ner) alone.`);
  }
  const source = await folderSource(await resolveModelFolder(name));
  let opened: Gpu | undefined;
  const open = async () => {
    opened = await openGpu(adapter, { tuning, halfPrecision });
    return opened;
  };
  const close = () => opened?.close();
  try {
    return await loadPipeline(given ?? open, source, options, close);
  } catch (error) {
    close();
    throw error;
  }
}
