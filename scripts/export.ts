/** Writes a model as ONNX, in a folder as transformers.js and Optimum lay it out. */

import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError, UserError } from '../src/errors.ts';
import type { FileSource } from '../src/formats/file_source.ts';
import { folderSource, writeFiles } from '../src/formats/folder_node.ts';
import { resolveModelFolder } from '../src/formats/hub_node.ts';
import { formatBytes } from '../src/formats/hub_progress.ts';
import { loadTokenClassifier, modelFolderFiles } from '../src/formats/model_folder.ts';
import { albertOnnx } from '../src/formats/onnx.ts';
import { ONNX_PRECISIONS, type OnnxPrecision } from '../src/formats/onnx_graph.ts';
import { onnxChunks } from '../src/formats/onnx_schema.ts';
import { loadTokenizer } from '../src/inference/load.ts';
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

async function tokenizerOf(source: FileSource) {
  const { tokenizer, spieceModel } = await loadTokenizer(source);
  return tokenizerFiles(tokenizer, { ...(spieceModel && { spieceModel }) });
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

  const source = await folderSource(folder);
  const { config, checkpoint, weights } = await loadTokenClassifier(source);
  for (const warning of checkpoint.warnings) output.print(`warning: ${warning}`);
  const tokenizer = await tokenizerOf(source).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    output.print(`warning: ${error.message} The export has no tokenizer.`);
  });
  const graphs = precisions.map((precision) => ({
    name: `onnx/${FILES[precision]}`,
    content: onnxChunks(albertOnnx(config, (name) => checkpoint.read(name), precision)),
  }));
  const others = modelFolderFiles({ config, ...(tokenizer && { tokenizer }) });
  try {
    await mkdir(target, { recursive: true });
    await writeFiles(target, [...graphs, ...others]);
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError(`${target} can't be written: ${(error as Error).message}.`);
  } finally {
    weights.close();
  }
  for (const [i, file] of files.entries()) {
    output.print(`${file}: ${precisions[i]}, ${formatBytes((await stat(file)).size)}`);
  }
  output.print(`${target}: ${others.map(({ name }) => name).join(', ')}`);
});
