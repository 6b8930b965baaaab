/** A model by its name on the Hugging Face hub: the files that this package reads, in a local folder. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { parseAlbertConfig } from './albert_config.ts';
import { looksLikeHubName, parseHubName } from './hub_name.ts';
import { type HubOptions, type Snapshot, withSnapshot } from './hub_snapshot_node.ts';
import { readJson } from './json_node.ts';
import { WEIGHT_FILES } from './weights.ts';

export { looksLikeHubName } from './hub_name.ts';
export type { HubOptions } from './hub_snapshot_node.ts';

const TOKENIZER = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'spiece.model',
];

export interface HubModelOptions extends HubOptions {
  /** Leave the weights out: what a tokenizer needs is small. */
  readonly tokenizerOnly?: boolean | undefined;
}

/**
 * The folder of a model that is named by `owner/name[@revision]`; what the cache lacks is downloaded. Of several forms of
 * weights only the first that transformers would take is fetched, and config.json before them, so that a model of another
 * architecture is refused at once.
 * @returns the snapshot's folder in the cache
 * @throws UserError that says what is missing where and what to do
 */
export async function fetchHubModel(text: string, options: HubModelOptions = {}): Promise<string> {
  const { repo: name, config, revision } = parseHubName(text);
  if (config !== undefined) throw new UserError(`"${text}": a model has no configuration; expected ${name}@${config}?`);
  const { tokenizerOnly, ...hub } = options;
  return withSnapshot({ type: 'model', name, revision }, hub, async (snapshot) => {
    const has = (path: string) => snapshot.paths.includes(path);
    const needed = tokenizerOnly && !has('config.json') ? [] : ['config.json'];
    await snapshot.get([...needed, ...TOKENIZER.filter(has)]);
    if (needed.length > 0) {
      const file = join(snapshot.folder, 'config.json');
      parseAlbertConfig(await readJson(file), `config.json of ${text}`);
    }
    if (!tokenizerOnly) await getWeights(snapshot, text);
    else if (!has('tokenizer.json') && !has('spiece.model')) {
      if (snapshot.cachedOnly) await snapshot.get(['tokenizer.json']);
      throw new UserError(`${text} has no tokenizer: expected tokenizer.json or spiece.model among its files.`);
    }
    return snapshot.folder;
  });
}

async function getWeights(snapshot: Snapshot, text: string): Promise<void> {
  const form = WEIGHT_FILES.find((path) => snapshot.paths.includes(path));
  if (form === undefined) {
    if (snapshot.cachedOnly) await snapshot.get([WEIGHT_FILES[0]!]);
    const others = snapshot.paths.filter((path) => /\.(msgpack|onnx|gguf|ot|bin|h5|safetensors|data-.*)$/.test(path));
    throw new UserError(
      `${text} has no weights that this package reads: expected model.safetensors, pytorch_model.bin or tf_model.h5, found ` +
        `${others.join(', ') || 'none'}.`,
    );
  }
  await snapshot.get([form]);
  if (form.endsWith('.index.json')) await snapshot.get(await shardsOf(join(snapshot.folder, form), text));
}

/** Names of the files that an index of shards lists. */
async function shardsOf(file: string, text: string): Promise<string[]> {
  const index = await readJson(file);
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && /^[^/\\:]+$/.test(name))) {
    throw new UserError(`${file} of ${text} lists no shards: expected {"weight_map": {"tensor": "file", …}}.`);
  }
  return (names as string[]).sort();
}

/**
 * The folder that a person means by `text`: a folder of that name, else the model of that name on the hub.
 * @param flag the setting it was given by, for messages
 * @throws UserError where there is neither
 */
export async function resolveModelFolder(
  text: string,
  options: HubModelOptions = {},
  flag = '--model',
): Promise<string> {
  const found = await stat(text).catch(() => undefined);
  if (found?.isDirectory()) return text;
  if (found) throw new UserError(`${flag} ${text} is a file: expected a model's folder, or owner/name on the hub.`);
  if (!looksLikeHubName(text)) {
    throw new UserError(`${flag} ${text}: there is no such folder, and it is no name on the hub (owner/name).`);
  }
  try {
    return await fetchHubModel(text, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${flag} ${text}: there is no such folder here, so it was taken for a name on the hub; ${error.message}`,
    );
  }
}
