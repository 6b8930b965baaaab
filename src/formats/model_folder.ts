/** A model folder as transformers lays it out: config.json, weights, tokenizer files, model card; read and written. */
import { UserError } from '../errors.ts';
import { type AlbertCheckpoint, albertCheckpoint } from './albert_checkpoint.ts';
import { type AlbertConfig, albertConfigToJson, parseAlbertConfig } from './albert_config.ts';
import { expectedParameters } from './albert_parameters.ts';
import { type FileContent, type FileSource, hasFile, readJsonFile } from './file_source.ts';
import { safetensorsChunks } from './safetensors.ts';
import type { WeightSource } from './weight_source.ts';
import { openWeights } from './weights.ts';

export interface ModelFolder {
  config: AlbertConfig;
  /** The parameters, read one by one. */
  checkpoint: AlbertCheckpoint;
  /** What the checkpoint reads from; close it when the parameters are read. */
  weights: WeightSource;
}

/** config.json of a folder. @throws UserError where it is missing or faulty. */
export async function readConfig(source: FileSource): Promise<AlbertConfig> {
  if (!(await hasFile(source, 'config.json'))) {
    throw new UserError(`${source.where} has no config.json: expected a model folder as transformers writes it.`);
  }
  return parseAlbertConfig(await readJsonFile(source, 'config.json'), `${source.where}/config.json`);
}

/**
 * Opens a model folder: its configuration is read, its weights are found and checked, but not read yet.
 * @param labels those that the classifier is for, where they are not config.json's: it begins anew unless they are the same
 * @throws UserError where a file is missing or faulty, or parameters are missing or of another shape: one error that lists all
 */
export async function loadModelFolder(source: FileSource, labels?: readonly string[]): Promise<ModelFolder> {
  const stored = await readConfig(source);
  const config = labels ? { ...stored, labels: [...labels] } : stored;
  const weights = await openWeights(source);
  try {
    const keepsClassifier = config.labels.join('\n') === stored.labels.join('\n');
    const checkpoint = albertCheckpoint(config, weights, source.where, { keepsClassifier });
    return { config, checkpoint, weights };
  } catch (error) {
    weights.close();
    throw error;
  }
}

/**
 * Opens a model folder to tag with it.
 * @throws UserError as `loadModelFolder`, and where it has no trained classifier for its labels: answers would be random
 */
export async function loadTokenClassifier(source: FileSource): Promise<ModelFolder> {
  const folder = await loadModelFolder(source);
  const { fresh, warnings } = folder.checkpoint;
  if (fresh.length === 0) return folder;
  folder.weights.close();
  throw new UserError(
    `${source.where} is no trained token classifier: ${warnings[0]}. Train one from it: tsx scripts/train.ts --model ${source.where} …`,
  );
}

/** Contents of a tokenizer's files; `json` or `spieceModel` is there. */
export interface StoredTokenizer {
  /** tokenizer.json */
  json: unknown;
  /** tokenizer_config.json */
  config: unknown;
  spieceModel: Uint8Array | undefined;
}

/** @throws UserError where there is neither tokenizer.json nor spiece.model. */
export async function readTokenizerFiles(source: FileSource): Promise<StoredTokenizer> {
  const names = await source.list();
  if (!names.includes('tokenizer.json') && !names.includes('spiece.model')) {
    throw new UserError(`${source.where} has no tokenizer: expected tokenizer.json or spiece.model.`);
  }
  const json = async (name: string) => (names.includes(name) ? await readJsonFile(source, name) : undefined);
  return {
    json: await json('tokenizer.json'),
    config: await json('tokenizer_config.json'),
    spieceModel: names.includes('spiece.model') ? await source.read('spiece.model') : undefined,
  };
}

export interface ModelToWrite {
  config: AlbertConfig;
  /** A parameter's elements, by its name in AlbertForTokenClassification; without it no model.safetensors is written. */
  read?: (name: string) => Promise<Float32Array> | Float32Array;
  /** Names and contents: tokenizer.json, tokenizer_config.json, special_tokens_map.json, spiece.model. */
  tokenizer?: ReadonlyMap<string, string | Uint8Array>;
  /** Text of README.md; see model_card.ts. */
  card?: string;
}

/** The files of a model folder as transformers 5 writes it; parameters are read while model.safetensors is written, one by one. */
export function modelFolderFiles({ config, read, tokenizer = new Map(), card }: ModelToWrite): FileContent[] {
  const infos = expectedParameters(config).map(({ name, shape }) => [name, { dtype: 'F32', shape }] as const);
  return [
    { name: 'config.json', content: `${JSON.stringify(albertConfigToJson(config), null, 2)}\n` },
    ...(read ? [{ name: 'model.safetensors', content: safetensorsChunks(infos, read, { format: 'pt' }) }] : []),
    ...[...tokenizer].map(([name, content]) => ({ name, content })),
    ...(card === undefined ? [] : [{ name: 'README.md', content: card }]),
  ];
}
