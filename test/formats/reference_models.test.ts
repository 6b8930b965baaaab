/** Every form that weights come in, through the model on the GPU: the logits that PyTorch and TensorFlow stored. */
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import { folderSource } from '../../src/formats/folder_node.ts';
import { loadModelFolder } from '../../src/formats/model_folder.ts';
import type { Tensor } from '../../src/formats/safetensors.ts';
import { type ReferenceModel, runModel, unpadded } from '../albert/model_support.ts';
import { Case, close, maxAbs, testGpu } from '../gpu_support.ts';
import { reference } from '../support.ts';

const test = suite('reference models in every form');

/** Sequences without their padding, with the logits [tokens, labels] that belong to them. */
interface Stored {
  sequences: ReferenceModel['sequences'];
  rows: number[];
  logits: Float32Array;
}

function withoutPadding(ids: ArrayLike<number>, types: ArrayLike<number>, mask: ArrayLike<number>, length: number) {
  const sequences: Stored['sequences'] = [];
  const rows: number[] = [];
  for (let start = 0; start < mask.length; start += length) {
    const used = Array.from({ length }, (_, i) => start + i).filter((at) => mask[at] === 1);
    rows.push(...used);
    const part = (values: ArrayLike<number>) => Int32Array.from(used, (at) => values[at]!);
    sequences.push({ ids: part(ids), typeIds: part(types), labels: new Int32Array(used.length).fill(-100) });
  }
  return { sequences, rows };
}

async function storedOf(folder: string, labels: number): Promise<Stored> {
  const bytes = await readFile(`${folder}/reference.safetensors`).catch(() => undefined);
  if (bytes) {
    const values = new Case(new Uint8Array(bytes));
    const [ids, types, mask] = ['input_ids', 'token_type_ids', 'attention_mask'].map((name) => values.integers(name));
    const { sequences, rows } = withoutPadding(ids!, types!, mask!, values.shape('input_ids')[1]!);
    return { sequences, rows, logits: unpadded(values.values('logits'), rows, labels) };
  }
  const json = JSON.parse(await readFile(`${folder}/reference.json`, 'utf8')) as {
    input_ids: number[][];
    attention_mask: number[][];
    logits: number[][][];
  };
  const ids = json.input_ids.flat();
  const zeros = new Int32Array(ids.length);
  const { sequences, rows } = withoutPadding(ids, zeros, json.attention_mask.flat(), json.input_ids[0]!.length);
  return { sequences, rows, logits: unpadded(Float32Array.from(json.logits.flat(2)), rows, labels) };
}

for (const [name, form] of [
  ['pickle', 'PyTorch'],
  ['sharded', 'sharded safetensors'],
  ['float16', 'float16'],
  ['base', 'bfloat16'],
  ['tensorflow', 'TensorFlow'],
] as const) {
  const folder = reference(`models/${name}`);
  (folder ? test : test.skip)(`${form}: the stored logits`, async () => {
    const { config, checkpoint, weights: stored } = await loadModelFolder(await folderSource(folder!));
    const weights = new Map<string, Tensor>();
    for (const { name: parameter, shape } of expectedParameters(config)) {
      const { buffer, byteOffset, byteLength } = await checkpoint.read(parameter);
      weights.set(parameter, { dtype: 'F32', shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
    }
    stored.close();
    const { sequences, rows, logits } = await storedOf(folder!, config.labels.length);
    const model = { config, weights, sequences, rows };
    const got = await runModel(await testGpu(), model as ReferenceModel, { backward: false });
    // reference.json of the TensorFlow model is rounded to six digits after the point.
    close('logits', got.logits, logits, 1e-5 * maxAbs(logits) + (name === 'tensorflow' ? 1e-6 : 0));
  });
}
test.run();
