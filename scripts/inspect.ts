/** What is in a model folder, and what would be loaded from it; needs no GPU. */
import process from 'node:process';
import { UsageError, UserError } from '../src/errors.ts';
import { albertCheckpoint } from '../src/formats/albert_checkpoint.ts';
import type { AlbertConfig } from '../src/formats/albert_config.ts';
import { expectedParameters } from '../src/formats/albert_parameters.ts';
import { folderSource } from '../src/formats/folder_node.ts';
import { resolveModelFolder } from '../src/formats/hub_node.ts';
import { formatBytes } from '../src/formats/hub_progress.ts';
import { readConfig } from '../src/formats/model_folder.ts';
import { DTYPE_BYTES, elementsOf } from '../src/formats/safetensors.ts';
import { openWeights } from '../src/formats/weights.ts';
import { loadTokenizer } from '../src/inference/load.ts';
import { defineSettings } from '../src/settings/settings.ts';
import { settingsWarnings } from '../src/tokenizer/settings_warnings.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  tensors: { type: 'boolean', default: false, help: 'list every tensor with its dtype, shape and what becomes of it' },
  json: { type: 'boolean', default: false, help: 'everything as one JSON object' },
});

const USAGE = `Usage: tsx scripts/inspect.ts MODEL [--tensors] [--json]

Says what is in a model's folder, or in a model on the hub (owner/name[@revision]): configuration, weights, labels, tokenizer;
what would be loaded, what begins anew, what is left out, and what is wrong. Exit code 1 where it can't be loaded.`;

/** The value, or the message of what is wrong with it. */
async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ value: T; error?: never } | { value?: never; error: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof UserError) return { error: error.message };
    throw error;
  }
}

async function inspectWeights(folder: string, config: AlbertConfig | undefined) {
  const source = await folderSource(folder);
  const weights = await openWeights(source);
  try {
    const sizes = await Promise.all(weights.files.map((file) => source.size(file)));
    const loaded = config && (await attempt(async () => albertCheckpoint(config, weights, folder)));
    const parameterOf = new Map([...(loaded?.value?.stored ?? [])].map(([parameter, stored]) => [stored, parameter]));
    const tensors = [...weights.tensors].map(([name, { dtype, shape }]) => ({
      name,
      dtype,
      shape,
      bytes: elementsOf(shape) * DTYPE_BYTES[dtype],
      loadedAs: parameterOf.get(name) ?? null,
    }));
    return {
      format: weights.format,
      files: weights.files.map((file, i) => ({ file, bytes: sizes[i]! })),
      tensors,
      newParameters: loaded?.value?.fresh ?? [],
      ignored: loaded?.value?.ignored ?? [],
      warnings: loaded?.value?.warnings ?? [],
      error: loaded?.error ?? null,
    };
  } finally {
    weights.close();
  }
}

async function inspectTokenizer(folder: string, vocabSize: number | undefined) {
  const { tokenizer, spieceModel } = await loadTokenizer(await folderSource(folder));
  const warnings = settingsWarnings(tokenizer);
  if (vocabSize !== undefined && tokenizer.vocabSize > vocabSize) {
    warnings.push(
      `the tokenizer has ${tokenizer.vocabSize} pieces, the model ${vocabSize}: they do not belong together`,
    );
  }
  return {
    pieces: tokenizer.vocabSize,
    hasSentencePieceModel: spieceModel !== undefined,
    lowerCases: tokenizer.lowerCases,
    stripsAccents: tokenizer.stripsAccents,
    modelMaxLength: Number.isFinite(tokenizer.modelMaxLength) ? tokenizer.modelMaxLength : null,
    specialTokens: {
      cls: tokenizer.config.clsToken,
      sep: tokenizer.config.sepToken,
      unk: tokenizer.config.unkToken,
      pad: tokenizer.config.padToken,
      mask: tokenizer.config.maskToken,
    },
    warnings,
  };
}

async function inspect(model: string) {
  const folder = await resolveModelFolder(model, {}, 'MODEL');
  const config = await attempt(async () => readConfig(await folderSource(folder)));
  const weights = await attempt(() => inspectWeights(folder, config.value));
  const tokenizer = await attempt(() => inspectTokenizer(folder, config.value?.vocab_size));
  const parameters = config.value
    ? expectedParameters(config.value).reduce((sum, { shape }) => sum + elementsOf(shape), 0)
    : null;
  // A faulty config.json shows itself in the weights too; it is said once.
  const weightsError = weights.error ?? weights.value?.error ?? null;
  const errors = [...new Set([config.error, weightsError, tokenizer.error])].filter(
    (error) => typeof error === 'string',
  );
  return {
    folder,
    config: config.value ?? null,
    parameters,
    weights: weights.value ?? null,
    tokenizer: tokenizer.value ?? null,
    warnings: [...(weights.value?.warnings ?? []), ...(tokenizer.value?.warnings ?? [])],
    errors,
  };
}

type Inspection = Awaited<ReturnType<typeof inspect>>;

const row = (name: string, text: string): string => `${name.padEnd(12)}${text}`;

function* describe({ folder, config, parameters, weights, tokenizer }: Inspection, every: boolean): Generator<string> {
  yield row('folder', folder);
  if (config) {
    const c = config;
    yield row(
      'model',
      `ALBERT, ${parameters!.toLocaleString('en')} parameters: E ${c.embedding_size}, H ${c.hidden_size}, ${c.num_hidden_layers} layers in ` +
        `${c.num_hidden_groups} × ${c.inner_group_num}, ${c.num_attention_heads} heads, feed-forward ${c.intermediate_size}, ${c.hidden_act}`,
    );
    yield row(
      '',
      `vocabulary ${c.vocab_size}, positions ${c.max_position_embeddings}, token types ${c.type_vocab_size}`,
    );
    yield row('labels', `${c.labels.length}: ${c.labels.join(' ')}`);
  }
  if (weights) {
    const files = weights.files.map(({ file, bytes }) => `${file} (${formatBytes(bytes)})`);
    yield row('weights', `${weights.format}: ${files.join(', ')}`);
    const dtypes = new Map<string, number>();
    for (const { dtype } of weights.tensors) dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + 1);
    yield row('', [...dtypes].map(([dtype, count]) => `${count} tensors of ${dtype}`).join(', '));
    if (config && !weights.error) {
      const loaded = weights.tensors.filter(({ loadedAs }) => loadedAs !== null).length;
      yield row(
        'loaded',
        `${loaded} tensors; ${weights.newParameters.length} begin anew; ${weights.ignored.length} left out`,
      );
    }
    if (every) {
      for (const { name, dtype, shape, loadedAs } of weights.tensors) {
        const fate = weights.error
          ? ''
          : loadedAs === null
            ? '  left out'
            : loadedAs === name
              ? ''
              : `  as ${loadedAs}`;
        yield `  ${dtype.padEnd(5)}[${shape.join(', ')}]  ${name}${fate}`;
      }
    }
  }
  if (tokenizer) {
    const { pieces, lowerCases, stripsAccents, modelMaxLength, specialTokens } = tokenizer;
    yield row(
      'tokenizer',
      `${pieces} pieces; ${lowerCases ? 'turns capitals into small letters' : 'keeps capitals'}, ` +
        `${stripsAccents ? 'takes accents off' : 'keeps accents'}; longest input ${modelMaxLength ?? 'not limited'}`,
    );
    yield row('', `special tokens ${Object.values(specialTokens).join(' ')}`);
  }
}

await runCommand(async () => {
  const { values, positional } = readCommandLine(USAGE, SETTINGS);
  const [model, ...rest] = positional;
  if (model === undefined) throw new UsageError('which model? Give its folder, or owner/name on the hub.');
  if (rest.length > 0) throw new UsageError(`one model at a time: found "${rest[0]}" after "${model}".`);
  const found = await inspect(model);
  if (values.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else {
    for (const line of describe(found, values.tensors)) process.stdout.write(`${line}\n`);
    for (const warning of found.warnings) process.stdout.write(`warning: ${warning}\n`);
    for (const error of found.errors) process.stderr.write(`error: ${error}\n`);
  }
  if (found.errors.length > 0) process.exitCode = 1;
});
