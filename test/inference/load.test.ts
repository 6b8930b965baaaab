/** A model from files that were fetched, as a browser has them, through what the package exports. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folderSource } from '../../src/formats/folder_node.ts';
import {
  loadModelFolder,
  loadPipeline,
  memorySource,
  modelFolderFiles,
  readSafetensors,
  tokenizerFiles,
  UserError,
  writeSafetensors,
} from '../../src/index.ts';
import { pipeline } from '../../src/inference/pipeline_node.ts';
import { testGpu } from '../gpu_support.ts';
import { makeModelFolder } from '../made_model.ts';

const test = suite('models from fetched files');
const temporary = await mkdtemp(join(tmpdir(), 'fetched-'));
const folder = join(temporary, 'model');
await makeModelFolder(folder, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
test.after(() => rm(temporary, { recursive: true }));
const TEXT = 'Er wohnt in (Berlin), sagt Anna.';

async function filesOf(names: readonly string[], base: string): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const contents = names.map(async (name) => new Uint8Array(await (await fetch(`${base}/${name}`)).arrayBuffer()));
  return Object.fromEntries((await Promise.all(contents)).map((bytes, i) => [names[i]!, bytes]));
}

test('fetched, loaded, tagging as the same model on disk does; and written again', async () => {
  const server = createServer((request, response) => {
    readFile(join(folder, request.url!)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const files = await filesOf(await readdir(folder), base);
  server.close();
  const gpu = await testGpu();
  const fetched = await loadPipeline(gpu, memorySource(files));
  const local = await pipeline('ner', folder, { gpu });
  const [[got], [want]] = [await fetched.answer([TEXT]), await local.answer([TEXT])];
  assert.ok(want!.length > 0);
  assert.equal(got, want);

  const { config, checkpoint } = await loadModelFolder(memorySource(files));
  const tokenizer = tokenizerFiles(fetched.tokenizer);
  const copy: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const { name, content } of modelFolderFiles({ config, read: (name) => checkpoint.read(name), tokenizer })) {
    const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    const parts: BlobPart[] = [];
    for await (const chunk of chunks) parts.push(chunk as BlobPart);
    copy[name] = new Uint8Array(await new Blob(parts).arrayBuffer());
  }
  const again = await loadPipeline(gpu, memorySource(copy));
  assert.equal((await again.answer([TEXT]))[0], want);
});
test('warnings are told, and what is missing is named before a device is opened', async () => {
  const { 'config.json': config, 'tokenizer.json': json } = Object.fromEntries(
    await Promise.all(
      ['config.json', 'tokenizer.json'].map(async (name) => [name, new Uint8Array(await readFile(join(folder, name)))]),
    ),
  ) as Record<string, Uint8Array<ArrayBuffer>>;
  const never = () => assert.unreachable('opened') as never;
  for (const [files, pattern] of [
    [{}, /^m has no config\.json/],
    [{ 'config.json': config!, 'tokenizer.json': json! }, /^m has no weights/],
  ] as const) {
    const error = await loadPipeline(never, memorySource(files, 'm')).catch((e: unknown) => e);
    assert.instance(error, UserError);
    assert.match((error as Error).message, pattern);
  }
  const { checkpoint } = await loadModelFolder(await folderSource(folder));
  const values = new Map<string, { shape: number[]; values: Float32Array }>();
  for (const [name, stored] of checkpoint.stored) {
    const { shape } = readSafetensors(await readFile(join(folder, 'model.safetensors'))).tensors.get(stored)!;
    values.set(name, { shape, values: await checkpoint.read(name) });
  }
  values.set('albert.pooler.bias', { shape: [16], values: new Float32Array(16) });
  const files = { 'config.json': config!, 'tokenizer.json': json!, 'model.safetensors': writeSafetensors(values) };
  const warnings: string[] = [];
  await loadPipeline(await testGpu(), memorySource(files), { onWarning: (warning) => warnings.push(warning) });
  assert.is(warnings[0], 'tensors that a token classifier has no use for were left out: pooler (1)');
  assert.match(warnings[1]!, /tokenizer_config\.json does not say do_lower_case/);
});
test.run();
