/** A model folder that a test makes for itself: random weights, one of the small tokenizers. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialValues } from '../src/albert/parameters.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../src/formats/albert_config.ts';
import { expectedParameters } from '../src/formats/albert_parameters.ts';
import { writeFolder } from '../src/formats/folder_node.ts';
import { modelFolderFiles } from '../src/formats/model_folder.ts';
import { Random } from '../src/random.ts';
import { fixture } from './support.ts';

/** Writes the folder; the weights are large enough that it finds entities here and there, and always the same. */
export async function makeModelFolder(folder: string, labels: readonly string[]): Promise<AlbertConfig> {
  const config: AlbertConfig = {
    ...ALBERT_DEFAULTS,
    vocab_size: 270,
    embedding_size: 16,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 32,
    initializer_range: 0.5,
    labels: [...labels],
  };
  const parameters = new Map(expectedParameters(config).map((parameter) => [parameter.name, parameter]));
  const random = new Random(7);
  await writeFolder(
    folder,
    modelFolderFiles({ config, read: (name) => initialValues(config, parameters.get(name)!, random) }),
  );
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(fixture(`tokenizer/small-cased/${name}`), join(folder, name));
  return config;
}
