/** Reference models: folders with weights and what PyTorch computes from them. */
import { readFile } from 'node:fs/promises';
import { layoutOf, ParameterSet } from '../../src/albert/parameters.ts';
import { type ForwardPass, recordBackward, recordForward } from '../../src/albert/token_classifier.ts';
import { type AlbertConfig, parseAlbertConfig } from '../../src/formats/albert_config.ts';
import { readSafetensors, toFloat32 } from '../../src/formats/safetensors.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { createTensor } from '../../src/gpu/memory.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { readTensor } from '../../src/gpu/readback.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import { addLoss, gradientNorm } from '../../src/kernels/adamw.ts';
import { BatchBuffers, packSequences } from '../../src/kernels/batch.ts';
import { Case } from '../gpu_support.ts';
import { reference } from '../support.ts';

export interface ReferenceModel {
  config: AlbertConfig;
  weights: ReturnType<typeof readSafetensors>['tensors'];
  values: Case;
  /** Sequences without their padding, and where their tokens stand in the padded [batch, length] tensors. */
  sequences: { ids: Int32Array; typeIds: Int32Array; labels: Int32Array }[];
  rows: number[];
}

/** The model models/<name>, or undefined where it is not there. */
export async function referenceModel(name: string): Promise<ReferenceModel | undefined> {
  const folder = reference(`models/${name}`);
  if (folder === undefined) return undefined;
  const bytes = async (file: string) => new Uint8Array(await readFile(`${folder}/${file}`));
  const config = parseAlbertConfig(JSON.parse(await readFile(`${folder}/config.json`, 'utf8')));
  const values = new Case(await bytes('reference.safetensors'));
  const [count, length] = values.shape('input_ids') as [number, number];
  const [ids, types, mask, labels] = ['input_ids', 'token_type_ids', 'attention_mask', 'labels'].map((n) =>
    values.integers(n),
  );
  const sequences: ReferenceModel['sequences'] = [];
  const rows: number[] = [];
  for (let s = 0; s < count; s++) {
    let n = 0;
    while (n < length && mask![s * length + n] === 1) rows.push(s * length + n++);
    const part = (a: Int32Array) => a.subarray(s * length, s * length + n);
    sequences.push({ ids: part(ids!), typeIds: part(types!), labels: part(labels!) });
  }
  return { config, weights: readSafetensors(await bytes('model.safetensors')).tensors, values, sequences, rows };
}

/** Rows of a padded tensor that are no padding. */
export function unpadded(values: Float32Array, rows: readonly number[], width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(values.subarray(row * width, (row + 1) * width), i * width);
  return out;
}

/** Runs forward and backward of a reference model, in a plan with room for more tokens than there are. */
export async function runModel(gpu: Gpu, model: ReferenceModel, record = { backward: true }) {
  const { config, weights, sequences, rows } = model;
  const layout = layoutOf(config);
  const parameters = new ParameterSet(gpu, 'parameters', layout);
  const gradients = new ParameterSet(gpu, 'gradients', layout);
  for (const name of layout.slots.keys()) parameters.write(name, toFloat32(weights.get(name)!));
  const tables = { words: config.vocab_size, positions: config.max_position_embeddings, types: config.type_vocab_size };
  const batch = new BatchBuffers(gpu, rows.length + 5, tables);
  batch.write(packSequences(sequences));
  const plan = new Plan(gpu);
  const recording = { plan, batch, config, parameters, gradients: record.backward ? gradients : undefined };
  const pass: ForwardPass = recordForward(recording);
  for (const tensor of [pass.logits, ...pass.hiddenStates]) plan.keep(tensor);
  const result = createTensor(gpu, 'result', [4]);
  if (record.backward) {
    const tokenLoss = recordBackward(recording, pass);
    addLoss(plan, batch, { tokenLoss, result });
    gradientNorm(plan, { gradient: gradients.flat, result }, 0);
  }
  const built = await plan.build();
  const encoder = gpu.device.createCommandEncoder();
  built.encode(encoder);
  gpu.device.queue.submit([encoder.finish()]);
  const used = async (tensor: Tensor) => (await readTensor(gpu, tensor)).subarray(0, rows.length * tensor.shape[1]!);
  const [norm, , loss] = await readTensor(gpu, result);
  return {
    logits: await used(pass.logits),
    hiddenStates: await Promise.all(pass.hiddenStates.map(used)),
    norm: norm!,
    loss: loss!,
    gradient: (name: string) => gradients.read(name),
    layout,
  };
}
