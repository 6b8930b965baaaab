import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadModel } from '../../src/albert/load.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../../src/formats/albert_config.ts';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import type { FileSource } from '../../src/formats/file_source.ts';
import { folderSource, writeFolder } from '../../src/formats/folder_node.ts';
import { loadModelFolder, modelFolderFiles } from '../../src/formats/model_folder.ts';
import { elementsOf, safetensorsChunks } from '../../src/formats/safetensors.ts';
import { testGpu } from '../gpu_support.ts';

const test = suite('loading a model');
const folder = await mkdtemp(join(tmpdir(), 'load-'));
test.after(() => rm(folder, { recursive: true }));

/** 40 MB of parameters, of which the largest has 20 MB. */
const config: AlbertConfig = {
  ...ALBERT_DEFAULTS,
  vocab_size: 40_000,
  embedding_size: 128,
  hidden_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 8,
  intermediate_size: 4096,
  labels: ['O', 'B-X', 'I-X'],
};
const parameters = expectedParameters(config);
const bytesOf = (shape: readonly number[]) => elementsOf(shape) * 4;
const largest = Math.max(...parameters.map(({ shape }) => bytesOf(shape)));
const total = parameters.reduce((sum, { shape }) => sum + bytesOf(shape), 0);

/** Values that tell every parameter and place from the others. */
function valuesOf(name: string): Float32Array {
  const number = parameters.findIndex((parameter) => parameter.name === name);
  return Float32Array.from({ length: elementsOf(parameters[number]!.shape) }, (_, i) => number + (i % 1009) / 1024);
}

/**
 * The files of `source`, with large reads all lent out of one buffer that has room for the largest tensor: who still
 * needs what it read before finds something else there.
 */
function lending(source: FileSource): FileSource & { most: number; sum: number } {
  const buffer = new ArrayBuffer(largest);
  return {
    ...source,
    most: 0,
    sum: 0,
    async read(name, offset, length) {
      const bytes = await source.read(name, offset, length);
      this.most = Math.max(this.most, bytes.length);
      this.sum += bytes.length;
      if (bytes.length < 1024 || name.endsWith('.json')) return bytes;
      assert.ok(bytes.length <= largest, `${bytes.length} bytes of ${name} at once`);
      const lent = new Uint8Array(buffer, 0, bytes.length);
      lent.set(bytes);
      return lent;
    },
  };
}

/** Every parameter on the GPU is the one that was written, though no two of them were held at a time. */
async function check(name: string): Promise<void> {
  const source = lending(await folderSource(join(folder, name)));
  const { checkpoint, weights } = await loadModelFolder(source);
  const model = await loadModel(await testGpu(), config, checkpoint);
  weights.close();
  assert.ok(source.most <= largest, `${source.most} bytes at once, the largest tensor has ${largest}`);
  assert.ok(source.sum < 1.01 * total + 100_000, `${source.sum} bytes read of ${total}`);
  for (const parameter of parameters) {
    const [got, want] = [await model.parameters.read(parameter.name), valuesOf(parameter.name)];
    assert.is(Buffer.compare(Buffer.from(got.buffer), Buffer.from(want.buffer)), 0, parameter.name);
  }
  model.parameters.flat.place!.buffer.destroy();
}

test('a checkpoint of 40 MB is read tensor by tensor, and none of them is kept', async () => {
  assert.ok(total > 40e6);
  await writeFolder(join(folder, 'one'), modelFolderFiles({ config, read: valuesOf }));
  await check('one');
});
test('so are shards', async () => {
  const names = parameters.map(({ name, shape }) => [name, { dtype: 'F32' as const, shape }] as const);
  const shards = [names.slice(0, 9), names.slice(9)];
  const fileOf = (shard: number) => `model-0000${shard + 1}-of-00002.safetensors`;
  const map = shards.flatMap((shard, i) => shard.map(([name]) => [name, fileOf(i)]));
  await writeFolder(join(folder, 'shards'), [
    ...modelFolderFiles({ config }),
    ...shards.map((shard, i) => ({ name: fileOf(i), content: safetensorsChunks(shard, valuesOf) })),
    { name: 'model.safetensors.index.json', content: JSON.stringify({ weight_map: Object.fromEntries(map) }) },
  ]);
  await check('shards');
});
test('what the checkpoint lacks begins anew, by the seed', async () => {
  const source = await folderSource(join(folder, 'one'));
  const { config: other, checkpoint, weights } = await loadModelFolder(source, ['O', 'B-Y']);
  const gpu = await testGpu();
  const classifiers = [];
  for (const seed of [1, 1, 2]) {
    const model = await loadModel(gpu, other, checkpoint, seed);
    classifiers.push(await model.parameters.read('classifier.weight'));
    model.parameters.flat.place!.buffer.destroy();
  }
  weights.close();
  const [first, same, another] = classifiers;
  assert.is(first!.length, 2 * config.hidden_size);
  assert.equal(first, same);
  assert.not.equal(first, another);
  assert.ok(first!.every((value) => Math.abs(value) < 0.2) && first!.some((value) => value !== 0));
});
test.run();
