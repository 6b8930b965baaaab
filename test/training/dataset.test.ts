import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem } from '../../src/data/problems.ts';
import { UserError } from '../../src/errors.ts';
import { type DatasetInput, findDataset, readFoundDataset, readLabelledFile } from '../../src/training/dataset_node.ts';
import { HubServer } from '../formats/hub_server.ts';
import { parquetOf } from '../formats/parquet_support.ts';
import { fixture } from '../support.ts';

const test = suite('data sets by name');
const folder = await mkdtemp(join(tmpdir(), 'named-'));
const hub = await HubServer.start();
const environment: Record<string, string> = {
  HF_ENDPOINT: hub.endpoint,
  HF_HUB_CACHE: join(folder, 'cache'),
  HF_HUB_DISABLE_PROGRESS_BARS: '1',
  HF_TOKEN: '',
  HF_TOKEN_PATH: join(folder, 'none'),
};
const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
test.before(() => {
  Object.assign(process.env, environment);
});
test.after(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await hub.stop();
  await rm(folder, { recursive: true });
});

const put = async (path: string, content: string | Uint8Array): Promise<string> => {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
};
const read = async (input: DatasetInput, options: Parameters<typeof readFoundDataset>[1] = {}) =>
  readFoundDataset(await findDataset(input), options);
const classLabel = { feature: { names: ['O', 'B-LOC', 'B-PER'], _type: 'ClassLabel' }, _type: 'Sequence' };
const germeval = (words: string[], tags: bigint[], nested: bigint[]) =>
  parquetOf(
    { tokens: [words], ner_tags: [tags], nested_ner_tags: [nested] },
    { ner_tags: classLabel, nested_ner_tags: classLabel },
  );
const splits = {
  'data/train-00000-of-00002.parquet': germeval(['Ulm'], [1n], [0n]),
  'data/train-00001-of-00002.parquet': germeval(['Ulmer', 'Anna'], [2n, 0n], [1n, 0n]),
  'data/validation-00000-of-00001.parquet': germeval(['Er'], [0n], [0n]),
  'data/test-00000-of-00001.parquet': germeval(['Rom'], [0n], [1n]),
};

test("GermEval's form from the hub, both levels, sentences with file and row", async () => {
  hub.repos.set('datasets/anna/germeval', { revisions: { main: splits } });
  const found = await findDataset({ dataset: 'anna/germeval' });
  assert.is(found.hubName, 'anna/germeval');
  const outer = await readFoundDataset(found);
  assert.equal(outer.labels, ['O', 'B-LOC', 'B-PER']);
  const train = outer.splits.train!.sentences;
  assert.equal(
    train.map(({ words, labels, source }) => [words, labels, source!.file.slice(-28), source!.line]),
    [
      [['Ulm'], ['B-LOC'], 'train-00000-of-00002.parquet', 1],
      [['Ulmer', 'Anna'], ['B-PER', 'O'], 'train-00001-of-00002.parquet', 1],
    ],
  );
  assert.match(outer.splits.train!.facts.file, /^train \(2 files\)$/);
  const inner = await readFoundDataset(found, { level: 'inner' });
  assert.equal(inner.splits.train!.sentences[1]!.labels, ['B-LOC', 'O']);
  assert.equal(inner.splits.test!.sentences[0]!.labels, ['B-LOC']);
});
test('a folder of Parquet, a Parquet file, and a Parquet file beside one of lines', async () => {
  for (const [path, content] of Object.entries(splits)) await put(`set/${path}`, content);
  const whole = await read({ dataset: join(folder, 'set') });
  assert.equal(Object.keys(whole.splits), ['train', 'dev', 'test']);
  const file = join(folder, 'set/data/test-00000-of-00001.parquet');
  assert.equal(Object.keys((await read({ dataset: file })).splits), ['train']);
  const mixed = await read({ train: file, dev: await put('dev.conll', 'Rom B-LOC\n') });
  assert.equal([mixed.splits.train!.facts.format, mixed.splits.dev!.facts.format], ['parquet', 'conll']);
  const labelled = await readLabelledFile(file, { level: 'inner' });
  assert.equal([labelled.sentences[0]!.labels, labelled.lines], [['B-LOC'], [[1]]]);
});
test('a folder of lines, as the sample is; --labels wins over its labels.txt', async () => {
  await put('lines/train.tsv', '1\tUlm\tB-LOC\tO\n');
  await put('lines/labels.txt', 'O\nB-LOC\n');
  assert.equal((await read({ dataset: join(folder, 'lines') })).labels, ['O', 'B-LOC']);
  const labels = await put('mine.txt', 'B-LOC\nO\nI-LOC\n');
  assert.equal((await read({ dataset: join(folder, 'lines'), labels })).labels, ['B-LOC', 'O', 'I-LOC']);
});
test('ids without names take them from the label file', async () => {
  const train = await put('ids.parquet', parquetOf({ tokens: [['Ulm', 'lag']], ner_tags: [[1n, 0n]] }));
  try {
    await read({ train });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UserError);
    assert.match((error as Error).message, /--labels FILE/);
  }
  const labels = await put('names.txt', 'O\nB-LOC\n');
  assert.equal((await read({ train, labels })).splits.train!.sentences[0]!.labels, ['B-LOC', 'O']);
});
test('what is wrong in a row is named by file and row; an empty dev set is no error where it may be', async () => {
  const dev = await put('empty.parquet', parquetOf({ tokens: [[]], ner_tags: [[]] }));
  const train = await put('bad.parquet', parquetOf({ tokens: [['a'], ['b', 'c']], ner_tags: [['O'], ['O', 'LOC']] }));
  const { problems } = await read({ train, dev }, { allowEmpty: true });
  assert.match(problems.map(formatProblem).join('\n'), /bad\.parquet, row 2: error: 'LOC' is no label/);
  assert.equal(
    problems.filter(({ kind }) => kind === 'empty file').map(({ severity }) => severity),
    ['warning'],
  );
});
test("the datasets library's own files, as cloned from the hub", async () => {
  const { splits: parts, labels } = await read({ dataset: fixture('datasets/germeval') }, { level: 'inner' });
  assert.is(parts.train!.sentences[1]!.labels[3], 'B-LOC');
  assert.ok(labels.includes('B-LOC'));
});
test.run();
