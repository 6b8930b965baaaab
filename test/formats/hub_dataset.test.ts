import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { fits, splitOfName } from '../../src/formats/dataset_files.ts';
import { type LocatedDataset, locateDataset, readParquetSplit } from '../../src/formats/hub_dataset_node.ts';
import { fixture } from '../support.ts';
import { HubServer } from './hub_server.ts';
import { parquetOf } from './parquet_support.ts';

const hub = await HubServer.start();
let home = '';
const test = suite('hub data sets');
test.before.each(async () => {
  hub.reset();
  hub.repos.clear();
  home = await mkdtemp(join(tmpdir(), 'hub-test-'));
});
test.after.each(() => rm(home, { recursive: true }));
test.after(() => hub.stop());

type Files = Record<string, string | Uint8Array>;
const put = (name: string, main: Files, converted?: Files) =>
  hub.repos.set(`datasets/${name}`, {
    revisions: { main, ...(converted && { 'refs/convert/parquet': converted }) },
    lfsFrom: 10_000,
  });
const locate = (name: string, offline = false) =>
  locateDataset(name, {
    endpoint: hub.endpoint,
    cacheFolder: join(home, 'cache'),
    token: undefined,
    offline,
    firstWait: 1,
    retries: 1,
    timeout: 10_000, // no test here waits for it; a busy machine may be slow
    output: null,
  });
const names = ({ splits }: LocatedDataset) =>
  Object.fromEntries(Object.entries(splits).map(([split, files]) => [split, files.map((file) => basename(file))]));
const rejects = async (promise: Promise<unknown>, ...patterns: RegExp[]) => {
  const error = await promise.then(
    () => assert.unreachable('it should have failed'),
    (e: unknown) => e,
  );
  assert.instance(error, UserError, String(error instanceof Error ? error.stack : error));
  for (const pattern of patterns) assert.match((error as UserError).message, pattern);
};
const one = (word: string) => parquetOf({ tokens: [[word]], ner_tags: [['O']] });
const ids = parquetOf({ tokens: [['Berlin']], ner_tags: [[1n]] });
const read = (path: string) => readFileSync(fixture(`datasets/germeval/${path}`));
const germeval: Files = {
  'README.md': read('README.md').toString(),
  'data/test-00000-of-00001.parquet': read('data/test-00000-of-00001.parquet'),
  'data/train-00000-of-00001.parquet': read('data/train-00000-of-00001.parquet'),
  'data/validation-00000-of-00001.parquet': read('data/validation-00000-of-00001.parquet'),
};

test('a data set as push_to_hub stores it, and once more without a network', async () => {
  put('anna/germeval', germeval);
  const located = await locate('anna/germeval');
  assert.is(located.form, 'parquet');
  assert.equal(names(located), {
    train: ['train-00000-of-00001.parquet'],
    dev: ['validation-00000-of-00001.parquet'],
    test: ['test-00000-of-00001.parquet'],
  });
  const [dev] = await readParquetSplit(located, 'dev');
  assert.equal(
    [dev!.words, dev!.labels],
    [
      ['Ein', 'deutscher', 'Roman', '.'],
      ['O', 'B-LOCderiv', 'O', 'O'],
    ],
  );
  assert.equal(
    (await readParquetSplit(located, 'test')).map((s) => s.words),
    [['1.', '\u00ad'], ['Wien']],
  );
  hub.requests.length = 0;
  assert.equal(await locate('anna/germeval', true), located);
  assert.equal(hub.requests, []);
});
test('names of integers come from the card where the files lack them', async () => {
  put('anna/card', { ...germeval, 'data/train-00000-of-00001.parquet': ids });
  const located = await locate('anna/card');
  assert.equal((await readParquetSplit(located, 'train'))[0]!.labels, ['B-LOC']);
});
test('names of integers come from dataset_infos.json where there is no card', async () => {
  const features = { ner_tags: { feature: { names: ['O', 'B-LOC'], _type: 'ClassLabel' }, _type: 'Sequence' } };
  put('anna/old', { 'train.parquet': ids, 'dataset_infos.json': JSON.stringify({ default: { features } }) });
  assert.equal((await readParquetSplit(await locate('anna/old'), 'train'))[0]!.labels, ['B-LOC']);
});
test('a data set made by a program is read from the branch of converted files', async () => {
  const script = { 'README.md': germeval['README.md']!, 'made.py': 'import datasets', 'train.txt': 'a O' };
  const converted = {
    'made/train/0000.parquet': one('first'),
    'made/train/0001.parquet': one('second'),
    'made/validation/0000.parquet': one('dev'),
    'made/test/0000.parquet': one('test'),
  };
  put('anna/made', script, converted);
  const located = await locate('anna/made');
  assert.equal(names(located), {
    train: ['0000.parquet', '0001.parquet'],
    dev: ['0000.parquet'],
    test: ['0000.parquet'],
  });
  assert.equal(
    (await readParquetSplit(located, 'train')).map((s) => s.words[0]),
    ['first', 'second'],
  );
  assert.equal(
    (await readParquetSplit(located, 'dev')).map((s) => s.words[0]),
    ['dev'],
  );
  assert.equal(await locate('anna/made', true), located);
});
test('a configuration is chosen by name; several without a name are listed', async () => {
  const converted = { 'de/train/0000.parquet': one('der'), 'en/train/0000.parquet': one('the') };
  put('anna/many', { 'many.py': '' }, converted);
  await rejects(
    locate('anna/many'),
    /anna\/many has several configurations: name one, such as anna\/many:de\. It has de, en/,
  );
  await rejects(locate('anna/many:fr'), /has no configuration "fr"; it has de, en/);
  assert.equal((await readParquetSplit(await locate('anna/many:en'), 'train'))[0]!.words, ['the']);

  const card = `---\nconfigs:\n- config_name: de\n  data_files:\n  - split: train\n    path: german/tr*.parquet\n- config_name: en\n  default: true\n  data_files:\n  - split: train\n    path: [english/a.parquet]\n  - split: validation\n    path: english/b.parquet\n---\n`;
  put('anna/declared', {
    'README.md': card,
    'german/train.parquet': one('der'),
    'english/a.parquet': one('the'),
    'english/b.parquet': one('an'),
  });
  assert.equal(names(await locate('anna/declared')), { train: ['a.parquet'], dev: ['b.parquet'] });
  assert.equal(names(await locate('anna/declared:de')), { train: ['train.parquet'] });
});
test('text files on the hub', async () => {
  put('anna/text', {
    'data/NER-de-train.tsv': 'a\tO\n',
    'data/NER-de-dev.tsv': 'b\tO\n',
    'labels.txt': 'O\n',
    LICENSE: '',
  });
  const located = await locate('anna/text');
  assert.is(located.form, 'text');
  assert.equal(names(located), { train: ['NER-de-train.tsv'], dev: ['NER-de-dev.tsv'] });
  assert.is(basename(located.labelFile!), 'labels.txt');
});
test('a data set without data to read says what it has', async () => {
  put('anna/images', { 'a.png': 'x', 'README.md': '# Images' });
  await rejects(locate('anna/images'), /anna\/images has no data that this package reads/, /found a\.png, README\.md/);
  put('anna/program', { 'program.py': '' }, { 'default/validation/0000.parquet': one('a') });
  await rejects(locate('anna/program'), /has no data that this package reads/, /found program\.py/);
  await rejects(locate('anna/none'), /there is no such folder here/, /no data set anna\/none, or it is private/);
  put('anna/broken', { 'README.md': '---\na: [\n---\n', 'train.parquet': one('a') });
  await rejects(locate('anna/broken'), /the front matter of .*README\.md is no YAML/);
});

const folderWith = async (files: Files): Promise<string> => {
  const folder = await mkdtemp(join(home, 'data-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
};
test('a folder of Parquet files, as cloned from the hub or flat', async () => {
  const located = await locate(await folderWith(germeval));
  assert.is((await readParquetSplit(located, 'train')).length, 2);
  const flat = await folderWith({ 'train.parquet': one('a'), 'valid.parquet': one('b'), 'train.tsv': 'a\tO\n' });
  assert.equal(names(await locate(flat)), { train: ['train.parquet'], dev: ['valid.parquet'] });
});
test('a folder of text files', async () => {
  const folder = await folderWith({
    'eng.train': '',
    'eng.testa': '',
    'eng.testb': '',
    'old/train.txt': '',
    'readme.txt': '',
  });
  const located = await locate(folder);
  assert.is(located.form, 'text');
  assert.equal(names(located), { train: ['eng.train'], dev: ['eng.testa'], test: ['eng.testb'] });
  await rejects(
    locate(await folderWith({ 'a-train.tsv': '', 'b-train.tsv': '' })),
    /several files that could be train: a-train\.tsv, b-train\.tsv/,
  );
  await rejects(
    locate(await folderWith({ 'notes.md': '' })),
    /no file for training: expected one named train\.\*, found notes\.md/,
  );
});
test('a local folder wins over the hub; what is neither is told', async () => {
  const here = process.cwd();
  try {
    process.chdir(home);
    await mkdir('anna/germeval', { recursive: true });
    await writeFile('anna/germeval/train.tsv', '');
    assert.is((await locate('anna/germeval')).form, 'text');
    assert.equal(hub.requests, []);
    await rejects(
      locate('./nowhere'),
      /--dataset \.\/nowhere: there is no such folder or file, and it is no name on the hub/,
    );
    await rejects(locate('anna/germeval/train.tsv'), /is a file: expected a folder/);
  } finally {
    process.chdir(here);
  }
});
test('splits by names, words standing apart', () => {
  assert.equal(
    [
      'NER-de-train.tsv',
      'training.parquet',
      'val_1.parquet',
      'eng.testb',
      'eval.tsv',
      'constraint.tsv',
      'latest.tsv',
      'device.tsv',
    ].map(splitOfName),
    ['train', 'train', 'dev', 'test', 'test', undefined, undefined, undefined],
  );
});
test("patterns of a card's files", () => {
  assert.ok(fits('data/train-00000-of-00001.parquet', 'data/train-*'));
  assert.not(fits('data/de/train.parquet', 'data/*.parquet'));
  assert.ok(fits('data/de/train.parquet', 'data/**/*.parquet'));
  assert.ok(fits('data/train.parquet', 'data/**/*.parquet'));
  assert.ok(fits('a1.parquet', 'a[0-9].parquet'));
  assert.not(fits('axparquet', 'a.parquet'));
});
test.run();
