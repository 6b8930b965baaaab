/** A model folder on disk, read whole. */
import type { AlbertConfig } from './albert_config.ts';
import { expectedParameters } from './albert_parameters.ts';
import { folderSource } from './folder_node.ts';
import { loadModelFolder, readTokenizerFiles as readFrom, type StoredTokenizer } from './model_folder.ts';
import type { Tensor } from './safetensors.ts';

export interface ModelFolder {
  config: AlbertConfig;
  /** Tensors under Hugging Face's names, as float32. */
  weights: Map<string, Tensor>;
}

/**
 * Reads a model folder with weights in any of the forms of weights.ts. A classifier that is missing or has another size than
 * config.json says is left out.
 * @throws UserError where a file is missing, or tensors are missing or of another shape: one error that lists them all.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const { config, checkpoint, weights } = await loadModelFolder(await folderSource(folder));
  try {
    const tensors = new Map<string, Tensor>();
    for (const [name, stored] of checkpoint.stored) {
      const { buffer, byteOffset, byteLength } = await checkpoint.read(name);
      const { shape } = weights.tensors.get(stored)!;
      tensors.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
    }
    return { config, weights: tensors };
  } finally {
    weights.close();
  }
}

/** What of a model's parameters the weights lack or have in another shape. */
export function missingParameters(config: AlbertConfig, weights: ReadonlyMap<string, Tensor>): string[] {
  return expectedParameters(config).flatMap(({ name, shape }) => {
    const found = weights.get(name);
    if (!found) return [`${name} [${shape}] is missing`];
    return found.shape.join() === shape.join() ? [] : [`${name} is [${found.shape}], expected [${shape}]`];
  });
}

/** Contents of a tokenizer's files in a folder on disk. @throws UserError where there is neither form of it. */
export const readTokenizerFiles = async (folder: string): Promise<StoredTokenizer> =>
  readFrom(await folderSource(folder));
