/** Writes a model as ONNX, in a folder as transformers.js and Optimum lay it out. */

import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { UsageError, UserError } from '../src/errors.ts';
import { albertConfigToJson } from '../src/formats/albert_config.ts';
import { resolveModelFolder } from '../src/formats/hub_node.ts';
import { formatBytes } from '../src/formats/hub_progress.ts';
import { missingParameters, readModelFolder } from '../src/formats/model_folder_node.ts';
import { albertOnnx } from '../src/formats/onnx.ts';
import { ONNX_PRECISIONS, type OnnxPrecision } from '../src/formats/onnx_graph.ts';
import { onnxChunks } from '../src/formats/onnx_schema.ts';
import { toFloat32 } from '../src/formats/safetensors.ts';
import { loadTokenizer } from '../src/inference/load_tokenizer_node.ts';
import { liveOutput } from '../src/live_output_node.ts';
import { nearest } from '../src/settings/nearest.ts';
import { defineSettings } from '../src/settings/settings.ts';
import { tokenizerFiles } from '../src/tokenizer/tokenizer_files.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  model: { type: 'string', default: 'runs/sample', value: 'NAME', help: 'model folder, or owner/name on the hub' },
  output_dir: {
    type: 'string',
    default: null,
    value: 'DIR',
    help: "where everything is written; default the model's name and -onnx, beside it",
  },
  precision: {
    type: 'list',
    default: ['float32'],
    value: ONNX_PRECISIONS.join('|'),
    help: 'of weights and arithmetic; int8: weights alone, with a scale a channel. May be given several times',
  },
  overwrite: { type: 'boolean', default: false, help: 'replace ONNX files that are there' },
});

const USAGE = `Usage: tsx scripts/export.ts [--model NAME] [--output-dir DIR] [--precision float32|float16|int8 …]

Writes a token classifier as ONNX, with its configuration and tokenizer, for ONNX Runtime and transformers.js.`;

/** What transformers.js calls the files, by its dtype fp32, fp16 and int8. */
const FILES: Record<OnnxPrecision, string> = {
  float32: 'model.onnx',
  float16: 'model_fp16.onnx',
  int8: 'model_int8.onnx',
};

function checkPrecisions(given: readonly string[]): OnnxPrecision[] {
  return [...new Set(given)].map((name) => {
    const known = ONNX_PRECISIONS.find((precision) => precision === name);
    if (known) return known;
    const guess = nearest(name, ONNX_PRECISIONS);
    throw new UsageError(
      `--precision must be one of ${ONNX_PRECISIONS.join(', ')}, found "${name}".${guess ? ` Did you mean ${guess}?` : ''}`,
    );
  });
}

/** Under a temporary name first, so that a file that is there is whole. */
async function writeChunks(file: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const out = await open(temporary, 'w');
    try {
      for (const chunk of chunks) await out.writeFile(chunk);
    } finally {
      await out.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

await runCommand(async () => {
  const { values, positional } = readCommandLine(USAGE, SETTINGS);
  if (positional.length > 0) throw new UsageError(`unexpected "${positional[0]}": the model is named by --model.`);
  const precisions = checkPrecisions(values.precision);
  const output = liveOutput();
  const folder = await resolveModelFolder(values.model);
  const local = folder === values.model;
  const target =
    values.output_dir ?? join(local ? dirname(resolve(folder)) : '.', `${basename(values.model.split('@')[0]!)}-onnx`);
  const files = precisions.map((precision) => join(target, 'onnx', FILES[precision]));
  const present = files.filter((file) => existsSync(file));
  if (present.length > 0 && !values.overwrite) {
    throw new UserError(`${present.join(', ')} exists: give --overwrite to replace it, or another --output-dir.`);
  }

  const { config, weights } = await readModelFolder(folder);
  const missing = missingParameters(config, weights);
  if (missing.length > 0) throw new UserError(`${values.model} is no token classifier: ${missing.join('; ')}.`);
  try {
    await mkdir(join(target, 'onnx'), { recursive: true });
    const json = JSON.stringify(albertConfigToJson(config), null, 2);
    await writeFile(join(target, 'config.json'), `${json}\n`);
    for (const [i, precision] of precisions.entries()) {
      const model = albertOnnx(config, (name) => toFloat32(weights.get(name)!), precision);
      await writeChunks(files[i]!, onnxChunks(model));
      output.print(`${files[i]}: ${precision}, ${formatBytes((await stat(files[i]!)).size)}`);
    }
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError(`${target} can't be written: ${(error as Error).message}.`);
  }

  const stored = await loadTokenizer(folder).catch((error: unknown) => {
    if (error instanceof UserError) output.print(`warning: ${error.message} The export has no tokenizer.`);
    else throw error;
  });
  if (!stored) return;
  const { tokenizer } = stored;
  const { spieceModel } = stored;
  const written = tokenizerFiles(tokenizer, { ...(spieceModel && { spieceModel }) });
  for (const [name, content] of written) await writeFile(join(target, name), content);
  output.print(`${target}: config.json, ${[...written.keys()].join(', ')}`);
});
