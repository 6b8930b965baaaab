import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import { memorySource } from '../../src/formats/file_source.ts';
import { folderSource, writeFiles, writeFolder } from '../../src/formats/folder_node.ts';
import {
  loadModelFolder,
  loadTokenClassifier,
  modelFolderFiles,
  readTokenizerFiles,
} from '../../src/formats/model_folder.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { fixture } from '../support.ts';

const test = suite('model folder');
const temporary = await mkdtemp(join(tmpdir(), 'folders-'));
test.after(() => rm(temporary, { recursive: true }));

async function refused(work: Promise<unknown>, pattern: RegExp): Promise<void> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, UserError, String(error instanceof Error ? error.stack : error));
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`accepted; expected ${pattern}`);
}

for (const name of ['tiny', 'groups', 'pickle', 'sharded', 'float16', 'tensorflow']) {
  test(`what is written from ${name} is read again: the same numbers under the same names`, async () => {
    const first = await loadModelFolder(await folderSource(fixture(`models/${name}`)));
    const copy = join(temporary, name);
    const tokenizer = new Map<string, string | Uint8Array>([
      ['tokenizer_config.json', '{"do_lower_case": false}'],
      ['spiece.model', Uint8Array.of(1, 2)],
    ]);
    const read = (parameter: string) => first.checkpoint.read(parameter);
    await writeFolder(copy, modelFolderFiles({ config: first.config, read, tokenizer, card: '# Model\n' }));
    const names = ['README.md', 'config.json', 'model.safetensors', 'spiece.model', 'tokenizer_config.json'];
    assert.equal((await readdir(copy)).sort(), names);
    const source = await folderSource(copy);
    const second = await loadModelFolder(source);
    assert.equal(second.config, first.config);
    assert.equal([second.weights.format, second.checkpoint.warnings], ['safetensors', []]);
    for (const { name: parameter, shape } of expectedParameters(first.config)) {
      assert.equal(second.weights.tensors.get(parameter), {
        ...second.weights.tensors.get(parameter)!,
        dtype: 'F32',
        shape,
      });
      assert.equal(await second.checkpoint.read(parameter), await first.checkpoint.read(parameter), parameter);
    }
    const stored = await readTokenizerFiles(source);
    assert.equal(
      [stored.config, stored.spieceModel, stored.json],
      [{ do_lower_case: false }, Uint8Array.of(1, 2), undefined],
    );
    first.weights.close();
  });
}
test('other labels than the stored ones: the classifier alone begins anew', async () => {
  const source = await folderSource(fixture('models/tiny'));
  const { config, checkpoint } = await loadModelFolder(source, ['O', 'B-X', 'I-X']);
  assert.equal(config.labels, ['O', 'B-X', 'I-X']);
  assert.equal(checkpoint.fresh, ['classifier.weight', 'classifier.bias']);
  const { labels } = (await loadModelFolder(source)).config;
  assert.equal((await loadModelFolder(source, labels)).checkpoint.fresh, []);
  // As many labels, but the rows of the stored classifier mean others.
  assert.is((await loadModelFolder(source, labels.toReversed())).checkpoint.fresh.length, 2);
});
test('a folder in memory, as a browser has it', async () => {
  const [config, weights] = await Promise.all(
    ['config.json', 'model.safetensors'].map((name) => readFile(fixture(`models/tiny/${name}`))),
  );
  const source = memorySource({
    'config.json': new Uint8Array(config!),
    'model.safetensors': new Uint8Array(weights!),
  });
  assert.is((await loadModelFolder(source)).checkpoint.stored.size, 25);
});
test('what is missing', async () => {
  await refused(loadModelFolder(memorySource({}, 'm')), /^m has no config\.json/);
  await refused(loadModelFolder(memorySource({ 'config.json': '{' }, 'm')), /^m\/config\.json is not JSON/);
  await refused(loadModelFolder(memorySource({ 'config.json': '{}' }, 'm')), /^m has no weights/);
  await refused(readTokenizerFiles(memorySource({ 'config.json': '{}' }, 'm')), /^m has no tokenizer/);
});
test('a model whose classifier is missing or for other labels is no trained token classifier', async () => {
  const tiny = await folderSource(fixture('models/tiny'));
  const { config, checkpoint } = await loadTokenClassifier(tiny);
  const body = expectedParameters(config).filter(({ name }) => !name.startsWith('classifier'));
  const values = new Map<string, { shape: number[]; values: Float32Array }>();
  for (const { name, shape } of body) values.set(name, { shape, values: await checkpoint.read(name) });
  const headless = { 'config.json': await tiny.read('config.json'), 'model.safetensors': writeSafetensors(values) };
  const pattern =
    /^m is no trained token classifier: the classifier for 25 labels begins anew .*classifier\.weight \[25,32\] is missing; classifier\.bias \[25\] is missing\. Train one/;
  await refused(loadTokenClassifier(memorySource(headless, 'm')), pattern);
  assert.equal((await loadModelFolder(memorySource(headless, 'm'))).checkpoint.fresh, [
    'classifier.weight',
    'classifier.bias',
  ]);
});

test('a folder is written whole or not at all, and never over another without being asked', async () => {
  const folder = join(temporary, 'whole');
  const failing = async function* () {
    yield Uint8Array.of(1);
    throw new Error('no more');
  };
  await writeFolder(folder, [{ name: 'a', content: 'old' }]);
  await refused(writeFolder(folder, [{ name: 'a', content: 'new' }]), /whole is there already/);
  const cutShort = [
    { name: 'a', content: 'new' },
    { name: 'b', content: failing() },
  ];
  const failed = await writeFolder(folder, cutShort, true).catch((error: Error) => error.message);
  assert.is(failed, 'no more');
  assert.is(await readFile(join(folder, 'a'), 'utf8'), 'old');
  assert.equal(await readdir(folder), ['a']);
  await writeFolder(folder, [{ name: 'b', content: 'new' }], true);
  assert.equal(await readdir(folder), ['b']);
  await writeFiles(folder, [{ name: 'c', content: 'more' }]);
  assert.equal((await readdir(folder)).sort(), ['b', 'c']);
  assert.equal(
    (await readdir(temporary)).filter((name) => name.startsWith('whole')),
    ['whole'],
  );
  await writeFiles(folder, [{ name: 'deep/er/d', content: 'x' }]);
  assert.is(await readFile(join(folder, 'deep/er/d'), 'utf8'), 'x');
  await refused(writeFiles(join(temporary, 'nowhere'), [{ name: 'a', content: '' }]), /nowhere can't be written/);
});
test.run();
