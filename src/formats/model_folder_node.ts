/** A model folder on disk: config.json, model.safetensors, tokenizer files. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { type AlbertConfig, parseAlbertConfig } from './albert_config.ts';
import { expectedParameters } from './albert_parameters.ts';
import { readSafetensors, type Tensor } from './safetensors.ts';

export interface ModelFolder {
  config: AlbertConfig;
  /** Tensors under Hugging Face's names, as stored. */
  weights: Map<string, Tensor>;
}

/** Reads and parses a JSON file. @throws UserError where it is missing or no JSON. */
export async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read (${error instanceof Error ? error.message : error}).`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}

/**
 * Reads a model folder.
 * @throws UserError where a file is missing, or tensors are missing or of another shape: one error that lists them all.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new UserError(`${folder} is no folder: expected a model folder with config.json and model.safetensors.`);
  }
  const config = parseAlbertConfig(await readJson(join(folder, 'config.json')), join(folder, 'config.json'));
  const file = join(folder, 'model.safetensors');
  if (!existsSync(file)) throw new UserError(`${folder} has no model.safetensors.`);
  const { tensors } = readSafetensors(new Uint8Array(await readFile(file)), file);
  return { config, weights: tensors };
}

/** What of a model's parameters the weights lack or have in another shape. */
export function missingParameters(config: AlbertConfig, weights: ReadonlyMap<string, Tensor>): string[] {
  return expectedParameters(config).flatMap(({ name, shape }) => {
    const found = weights.get(name);
    if (!found) return [`${name} [${shape}] is missing`];
    return found.shape.join() === shape.join() ? [] : [`${name} is [${found.shape}], expected [${shape}]`];
  });
}

/** Contents of a tokenizer's files in a folder; `json` or `spieceModel` is there. @throws UserError where there is neither. */
export async function readTokenizerFiles(
  folder: string,
): Promise<{ json: unknown; config: unknown; spieceModel: Uint8Array | undefined }> {
  const at = (name: string) => join(folder, name);
  if (!existsSync(at('tokenizer.json')) && !existsSync(at('spiece.model'))) {
    throw new UserError(`${folder} has no tokenizer: expected tokenizer.json or spiece.model.`);
  }
  return {
    json: existsSync(at('tokenizer.json')) ? await readJson(at('tokenizer.json')) : undefined,
    config: existsSync(at('tokenizer_config.json')) ? await readJson(at('tokenizer_config.json')) : undefined,
    spieceModel: existsSync(at('spiece.model')) ? new Uint8Array(await readFile(at('spiece.model'))) : undefined,
  };
}
