import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { type FileSource, memorySource } from '../../src/formats/file_source.ts';
import { folderSource } from '../../src/formats/folder_node.ts';
import { openPytorch } from '../../src/formats/pytorch_weights.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { openTensorflow, pytorchName } from '../../src/formats/tensorflow_weights.ts';
import type { WeightSource } from '../../src/formats/weight_source.ts';
import { openWeights } from '../../src/formats/weights.ts';
import { fixture } from '../support.ts';
import { storedZip } from './zip_support.ts';

const test = suite('weights');
const folder = fixture('weights');
const source = await folderSource(folder);

interface Expected {
  shape: number[];
  values: number[];
}
const values = JSON.parse(await readFile(`${folder}/values.json`, 'utf8')) as Record<string, Record<string, Expected>>;

async function refused(work: Promise<unknown>, ...patterns: RegExp[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, UserError, String(error instanceof Error ? error.stack : error));
    for (const pattern of patterns) assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`accepted; expected ${patterns}`);
}
const one = (content: Uint8Array<ArrayBuffer>) => memorySource({ f: content }, 'm');
const fixtureBytes = async (name: string) => new Uint8Array(await readFile(`${folder}/${name}`));

for (const [name, tensors] of Object.entries(values).filter(([name]) => name !== 'keras')) {
  test(`torch.save's file has what torch.load reads: ${name}`, async () => {
    const weights = await openPytorch(source, `${name}.bin`);
    assert.match(weights.format, name.startsWith('zip') ? /zip/ : /stream/);
    for (const [tensor, { shape, values }] of Object.entries(tensors)) {
      assert.equal(weights.tensors.get(tensor)!.shape, shape, tensor);
      assert.equal([...(await weights.read(tensor))], values.map(Math.fround), tensor);
    }
  });
}
test('integers beside the weights are named, not read as weights', async () => {
  const weights = await openPytorch(source, 'zip_with_integers.bin');
  assert.is(weights.tensors.get('position_ids')!.dtype, 'I64');
  assert.is(weights.tensors.get('flags')!.dtype, 'BOOL');
  await refused(weights.read('position_ids'), /^position_ids: a tensor of I64/);
});
test('what is no state_dict', async () => {
  await refused(openPytorch(source, 'module.bin'), /names "torch\.nn\.modules\.linear\.Linear".*nothing of it was run/);
  await refused(openPytorch(source, 'nested.bin'), /holds no tensor, but "model", "epoch"\. Expected a state_dict/);
  await refused(openPytorch(source, 'list.bin'), /it holds no state_dict/);
  await refused(openPytorch(one(new TextEncoder().encode('version https://git-lfs')), 'f'), /Git LFS pointer/);
  await refused(openPytorch(one(new Uint8Array(0)), 'f'), /not a PyTorch file/);
});
test('cut off anywhere, a file ends in a message', async () => {
  for (const name of ['zip.bin', 'stream.bin']) {
    const whole = await fixtureBytes(name);
    for (let length = 0; length < whole.length; length += 7)
      await refused(openPytorch(one(whole.slice(0, length)), 'f'));
  }
});
test('a compressed archive is refused with what to do', async () => {
  const whole = await fixtureBytes('zip.bin');
  const at = Buffer.from(whole).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  whole[at + 10] = 8;
  await refused(openPytorch(one(whole), 'f'), /is compressed, as torch\.save never does: load it in PyTorch/);
});
test('big-endian numbers are refused', async () => {
  const pickle = Uint8Array.of(0x80, 2, 0x7d, 0x2e);
  const archive = storedZip({ 'a/data.pkl': pickle, 'a/byteorder': new TextEncoder().encode('big') });
  await refused(openPytorch(one(archive), 'f'), /big-endian/);
});

test("Keras' names and kernels [in, out] become PyTorch's", async () => {
  const { matrix, transposed, vector } = values.keras as unknown as Record<string, number[][] | number[]>;
  const weights = await openTensorflow(source, 'keras.h5');
  const flat = (v: number[][] | number[] | undefined) => v!.flat();
  const read = async (name: string) => [...(await weights.read(name))];
  const query = 'albert.encoder.albert_layer_groups.0.albert_layers.1.attention.query.weight';
  assert.equal([...weights.tensors.keys()].sort(), [
    'albert.embeddings.LayerNorm.weight',
    'albert.embeddings.position_embeddings.weight',
    'albert.embeddings.word_embeddings.weight',
    query,
    'classifier.weight',
    'predictions.bias',
  ]);
  assert.equal(await read('albert.embeddings.word_embeddings.weight'), flat(matrix));
  assert.equal(await read('albert.embeddings.position_embeddings.weight'), flat(matrix));
  assert.equal(weights.tensors.get(query)!.shape, [4, 3]);
  assert.equal(await read(query), flat(transposed));
  assert.is(weights.tensors.get('classifier.weight')!.dtype, 'F64');
  assert.equal(await read('classifier.weight'), flat(transposed));
  assert.equal(await read('albert.embeddings.LayerNorm.weight'), flat(vector));
  weights.close();
});
test("the model's own name in a variable's path does not matter", () => {
  const { name } = pytorchName('albert/tf_albert_model_3/albert/embeddings/LayerNorm/beta:0');
  assert.is(name, 'albert.embeddings.LayerNorm.bias');
});
test('what is no HDF5 file, and none of Keras', async () => {
  await refused(openTensorflow(one(new Uint8Array(1000)), 'f'), /not a whole HDF5 file/);
  const whole = await fixtureBytes('keras.h5');
  await refused(openTensorflow(one(whole.slice(0, 5000)), 'f'), /not a whole HDF5 file/);
  const damaged = whole.slice();
  const tree = Buffer.from(damaged).indexOf('TREE');
  damaged.fill(0xff, tree, tree + 4);
  await refused(openTensorflow(one(damaged), 'f'), /not a whole HDF5 file \(it is damaged\)/);
});

/** Sum and first values as Python reads them; see make_weights.py. */
const models = JSON.parse(await readFile(`${folder}/models.json`, 'utf8')) as Record<
  string,
  Record<string, { shape: number[]; sum: number; first: number[] }>
>;
for (const [name, tensors] of Object.entries(models)) {
  test(`every tensor of the reference model is what Python reads: ${name}`, async () => {
    const weights = await openWeights(await folderSource(fixture(`models/${name}`)));
    assert.is(weights.tensors.size, Object.keys(tensors).length);
    for (const [stored, { shape, sum, first }] of Object.entries(tensors)) {
      const tensor = name === 'tensorflow' ? pytorchName(stored).name : stored;
      assert.equal(weights.tensors.get(tensor)!.shape, shape, tensor);
      const got = await weights.read(tensor);
      assert.equal([...got.subarray(0, 3)], first, tensor);
      const total = got.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(total - sum) <= 1e-9 * got.length, `${tensor}: ${total}, expected ${sum}`);
    }
    weights.close();
  });
}

const tensor = (value: number) =>
  writeSafetensors(new Map([[`t${value}`, { shape: [1], values: Float32Array.of(value) }]]));
const index = (map: object) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });
const read = async (source: FileSource): Promise<WeightSource> => openWeights(source);

test('shards: each tensor from the file that the index names', async () => {
  const weights = await read(
    memorySource({
      'model-1.safetensors': tensor(1),
      'model-2.safetensors': tensor(2),
      'model.safetensors.index.json': index({ t1: 'model-1.safetensors', t2: 'model-2.safetensors' }),
    }),
  );
  assert.is(weights.format, 'safetensors, 2 shards');
  assert.equal([...(await weights.read('t2'))], [2]);
  assert.equal([...(await weights.read('t1'))], [1]);
});
test('shards that are missing, or lack what the index says: all in one error', async () => {
  const map = { t1: 'a', t2: 'b', t3: 'c', t4: 'a' };
  await refused(
    read(memorySource({ a: tensor(1), 'model.safetensors.index.json': index(map) }, 'm')),
    /m lacks b, c, which model\.safetensors\.index\.json lists/,
  );
  await refused(
    read(memorySource({ a: tensor(1), b: tensor(9), c: tensor(3), 'model.safetensors.index.json': index(map) })),
    /t2 is not in b; t4 is not in a/,
  );
  await refused(read(memorySource({ 'model.safetensors.index.json': '{}' })), /lists no shards/);
  await refused(read(memorySource({ 'model.safetensors.index.json': '{' })), /is not JSON/);
});
test('an index cannot lead out of the folder', async () => {
  for (const path of ['../secret', '/etc/passwd', 'a\\b', '..', 'C:x']) {
    await refused(
      read(memorySource({ 'model.safetensors.index.json': index({ t: path }) })),
      /is not the name of a file in this folder/,
    );
  }
});
test("of several forms, the one that transformers' from_pretrained takes", async () => {
  const files = { 'model.safetensors': tensor(1), 'pytorch_model.bin': await fixtureBytes('zip.bin') };
  assert.is((await read(memorySource(files))).format, 'safetensors');
  assert.is((await read(memorySource({ 'pytorch_model.bin': files['pytorch_model.bin'] }))).format, 'PyTorch (zip)');
});
test('no weights: says what there is and what to do with it', async () => {
  await refused(read(memorySource({ 'config.json': '{}' }, 'm')), /^m has no weights: expected model\.safetensors/);
  await refused(
    read(memorySource({ 'model.ckpt-best.index': '' })),
    /convert_albert_original_tf_checkpoint_to_pytorch/,
  );
  await refused(read(memorySource({ 'flax_model.msgpack': '' })), /Flax/);
  await refused(read(memorySource({ 'adapter.safetensors': '' })), /There is adapter\.safetensors/);
});

test('a folder on disk hands out ranges, and says where a file ends', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'source-'));
  try {
    await writeFile(join(temporary, 'f'), 'abcdef');
    const files = await folderSource(temporary);
    assert.equal(await files.list(), ['f']);
    assert.is(await files.size('f'), 6);
    assert.is(new TextDecoder().decode(await files.read('f', 2, 3)), 'cde');
    assert.is(new TextDecoder().decode(await files.read('f', 4)), 'ef');
    await refused(files.read('f', 4, 3), /ends after 6 bytes where 7 were expected/);
    await refused(files.read('g'), /has no file g/);
    await refused(files.read('../f'), /is not the name of a file/);
    await refused(folderSource(join(temporary, 'f')), /is a file: expected a model folder/);
    await refused(folderSource(join(temporary, 'none')), /is not there/);
  } finally {
    await rm(temporary, { recursive: true });
  }
});
test.run();
