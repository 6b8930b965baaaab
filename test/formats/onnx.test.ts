import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import type { AlbertConfig } from '../../src/formats/albert_config.ts';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import { halfBits } from '../../src/formats/float16.ts';
import { folderSource } from '../../src/formats/folder_node.ts';
import { loadModelFolder } from '../../src/formats/model_folder.ts';
import { albertOnnx } from '../../src/formats/onnx.ts';
import { ONNX_PRECISIONS, type OnnxPrecision } from '../../src/formats/onnx_graph.ts';
import { onnxChunks } from '../../src/formats/onnx_schema.ts';
import { readSafetensors, toFloat32, toInt32 } from '../../src/formats/safetensors.ts';
import { reference } from '../support.ts';
import { describeOnnx, joined, type OnnxSession, onnxRuntime } from './onnx_support.ts';

const test = suite('onnx');
const runtime = await onnxRuntime();
const MODELS = ['tiny', 'groups', 'odd', 'relu_eps', 'base', 'float16', 'pickle', 'sharded', 'tensorflow'];

async function exported(folder: string, precision: OnnxPrecision) {
  const { config, checkpoint, weights } = await loadModelFolder(await folderSource(folder));
  const bytes = await joined(onnxChunks(albertOnnx(config, (name) => checkpoint.read(name), precision)));
  weights.close();
  return { config, bytes };
}

async function run(session: OnnxSession, shape: readonly number[], inputs: Record<string, Int32Array>) {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [
      name,
      new runtime!.Tensor('int64', BigInt64Array.from(values, BigInt), shape),
    ]),
  );
  const { logits } = await session.run(tensors);
  return logits!.data as Float32Array;
}

/** Inputs and logits of models/<name>. TensorFlow's stand in a JSON file, without token types. */
async function referenceValues(folder: string) {
  if (existsSync(`${folder}/reference.json`)) {
    const file = JSON.parse(await readFile(`${folder}/reference.json`, 'utf8')) as Record<string, number[][]>;
    const [ids, mask] = [file.input_ids!, file.attention_mask!].map((rows) => Int32Array.from(rows.flat()));
    const inputs = { input_ids: ids!, attention_mask: mask!, token_type_ids: new Int32Array(ids!.length) };
    const shape = [file.input_ids!.length, file.input_ids![0]!.length];
    return { inputs, shape, logits: Float32Array.from(file.logits!.flat(2)) };
  }
  const { tensors } = readSafetensors(new Uint8Array(await readFile(`${folder}/reference.safetensors`)));
  const integers = (name: string) => toInt32(tensors.get(name)!);
  const inputs = {
    input_ids: integers('input_ids'),
    attention_mask: integers('attention_mask'),
    token_type_ids: integers('token_type_ids'),
  };
  return { inputs, shape: tensors.get('input_ids')!.shape, logits: toFloat32(tensors.get('logits')!) };
}

/** Largest difference at the places that are no padding, and the largest value there. */
function differenceOf(
  got: Float32Array,
  want: Float32Array,
  mask: Int32Array,
): { difference: number; largest: number } {
  assert.is(got.length, want.length);
  const width = want.length / mask.length;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    if (mask[Math.floor(i / width)] === 0) continue;
    assert.ok(Number.isFinite(got[i]!), `logit ${i} is ${got[i]}`);
    difference = Math.max(difference, Math.abs(got[i]! - want[i]!));
    largest = Math.max(largest, Math.abs(want[i]!));
  }
  return { difference, largest };
}

// Half precision holds 11 bits; int8 keeps a weight within 1/254 of its channel's largest.
const BOUNDS: Record<OnnxPrecision, (largest: number) => number> = {
  float32: () => 1e-4,
  float16: (largest) => largest * 4e-3,
  int8: (largest) => largest * 0.06,
};
for (const name of MODELS) {
  const folder = reference(`models/${name}`);
  for (const precision of ONNX_PRECISIONS) {
    (folder && runtime ? test : test.skip)(`ONNX Runtime gives PyTorch's logits: ${name}, ${precision}`, async () => {
      const { bytes } = await exported(folder!, precision);
      const session = await runtime!.InferenceSession.create(bytes);
      assert.equal(session.inputNames, ['input_ids', 'attention_mask', 'token_type_ids']);
      assert.equal(session.outputNames, ['logits']);
      const { inputs, shape, logits } = await referenceValues(folder!);
      const { difference, largest } = differenceOf(await run(session, shape, inputs), logits, inputs.attention_mask);
      assert.ok(difference <= BOUNDS[precision](largest), `largest difference ${difference} of ${largest}`);
    });
  }
}

const tiny = reference('models/tiny')!;
(runtime ? test : test.skip)('batch and length are free, and padding changes nothing', async () => {
  const session = await runtime!.InferenceSession.create((await exported(tiny, 'float32')).bytes);
  const { inputs, shape, logits } = await referenceValues(tiny);
  const [count, length] = shape as [number, number];
  for (let s = 0; s < count; s++) {
    const used = inputs.attention_mask.subarray(s * length, (s + 1) * length).reduce((sum, m) => sum + m, 0);
    const part = (values: Int32Array) => values.subarray(s * length, s * length + used);
    const alone = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, part(values)]));
    const width = logits.length / (count * length);
    const want = logits.subarray(s * length * width, (s * length + used) * width);
    const { difference } = differenceOf(await run(session, [1, used], alone), want, new Int32Array(used).fill(1));
    assert.ok(difference <= 1e-5, `sequence ${s} of ${used} tokens: ${difference}`);
  }
});

for (const precision of ONNX_PRECISIONS) {
  test(`every name has one origin that comes before its use: ${precision}`, async () => {
    const { nodes, tensors, inputs, outputs, opset } = describeOnnx((await exported(tiny, precision)).bytes);
    assert.is(opset, 17);
    const known = new Set<string>();
    const add = (name: string) => {
      assert.not(known.has(name), `${name} twice`);
      known.add(name);
    };
    for (const name of [...inputs, ...tensors.map((t) => t.name)]) add(name);
    for (const node of nodes) {
      for (const input of node.inputs) assert.ok(known.has(input), `${node.name} takes ${input}`);
      for (const name of node.outputs) add(name);
    }
    for (const name of outputs) assert.ok(known.has(name));
    const used = new Set(nodes.flatMap((node) => node.inputs));
    for (const { name } of tensors) assert.ok(used.has(name), `${name} is for nothing`);
  });
}

test('what layers share is stored once', async () => {
  const folder = reference('models/groups')!;
  const { config } = await exported(folder, 'float32');
  const parameters = expectedParameters(config);
  const elements = parameters.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0);
  for (const [precision, size] of [
    ['float32', 4],
    ['float16', 2],
  ] as const) {
    const { tensors } = describeOnnx((await exported(folder, precision)).bytes);
    const stored = tensors.filter(({ name }) => parameters.some((parameter) => parameter.name === name));
    assert.is(stored.length, parameters.length);
    assert.is(
      stored.reduce((sum, { bytes }) => sum + bytes, 0),
      elements * size,
    );
  }
  const { nodes } = describeOnnx((await exported(folder, 'int8')).bytes);
  const dequantized = nodes.filter(({ op }) => op === 'DequantizeLinear');
  // 3 groups of 2 inner layers with 6 matrices each, E -> H, and the rows of the vocabulary.
  assert.is(dequantized.length, 3 * 2 * 6 + 2);
  // ONNX Runtime repeats one that several operators take.
  for (const { outputs } of dequantized) {
    assert.is(nodes.filter(({ inputs }) => inputs.includes(outputs[0]!)).length, 1);
  }
});

test('a model of 2 GiB or more is refused before anything is read', async () => {
  const config: AlbertConfig = {
    vocab_size: 2 ** 24,
    embedding_size: 128,
    hidden_size: 64,
    num_hidden_layers: 1,
    num_hidden_groups: 1,
    inner_group_num: 1,
    num_attention_heads: 1,
    intermediate_size: 64,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    classifier_dropout_prob: 0,
    max_position_embeddings: 8,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    initializer_range: 0.02,
    pad_token_id: 0,
    bos_token_id: 2,
    eos_token_id: 3,
    labels: ['O'],
  };
  const model = albertOnnx(config, () => assert.unreachable('nothing is read') as never);
  const error = await joined(onnxChunks(model)).catch((e: unknown) => e);
  assert.instance(error, UserError);
  assert.match((error as UserError).message, /more than the 2 GiB/);
});

test('half precision: every number that it has, and rounding between them', () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const values = toFloat32({ dtype: 'F16', shape: [all.length], bytes: new Uint8Array(all.buffer) });
  for (const bits of all) {
    if (Number.isNaN(values[bits]!)) assert.is(halfBits(values[bits]!) & 0x7fff, 0x7e00);
    else if (values[bits] !== 0) assert.is(halfBits(values[bits]!), bits);
  }
  // IEEE 754, 4.3.1: to the nearest, ties to even; 65520 lies half-way to what would come after 65504.
  for (const [value, bits] of [
    [0, 0],
    [-0, 0x8000],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 1],
    [1.5 * 2 ** -24, 2],
    [1e-30, 0],
    [2 ** -14 - 2 ** -26, 0x400],
  ] as const) {
    assert.is(halfBits(value), bits, String(value));
  }
});
test.run();
