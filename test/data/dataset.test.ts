import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDataset } from '../../src/data/dataset.ts';
import { readDataFile } from '../../src/data/dataset_node.ts';
import { UserError } from '../../src/errors.ts';
import { utf8 } from './support.ts';

const file = (name: string, text: string) => ({ file: name, bytes: utf8(text) });
const TRAIN = file('train', 'Anna B-PER\nkam O\n\nEr O\nblieb O\n');
const DEV = file('dev', 'Er O\nblieb O\n\nIn O\nWien B-LOC\n\nEr O\nblieb B-LOC\n');

const test = suite('dataset');
test('labels of all splits; what train lacks and what it shares is told', () => {
  const { labels, splits, problems } = readDataset({ train: TRAIN, dev: DEV });
  assert.equal(labels, ['O', 'B-LOC', 'B-PER']);
  assert.is(splits.dev!.sentences.length, 3);
  assert.is(splits.test, undefined);
  assert.equal(
    problems.map(({ severity, file, line, message }) => `${severity} ${file}:${line} ${message}`),
    [
      'warning dev:4 B-LOC, which occurs 2 times in dev, here first, never occurs in train',
      'warning dev:1 2 of 3 sentences of dev stand in train as well; the first, here, in train:4',
    ],
  );
});
test('a fixed label set keeps its order, and labels outside it are errors', () => {
  const { labels, problems } = readDataset(
    { train: TRAIN, dev: DEV },
    { labels: file('labels.txt', 'B-PER\nI-PER\nO\n') },
  );
  assert.equal(labels, ['B-PER', 'I-PER', 'O']);
  const errors = problems.filter(({ severity }) => severity === 'error');
  assert.equal(
    errors.map(({ file, line, kind }) => [file, line, kind]),
    [['dev', 4, 'unknown label']],
  );
  assert.match(errors[0]!.message, /lacks B-LOC, which occurs 2 times/);
  assert.equal(readDataset({ train: TRAIN }, { labels: ['O', 'B-PER'] }).problems, []);
});
test('an empty dev file is an error unless asked for, an empty train file always', () => {
  const severities = (split: 'train' | 'dev', allowEmpty: boolean) =>
    readDataset({ [split]: file(split, '\n') }, { allowEmpty }).problems.map(({ severity }) => severity);
  assert.equal(severities('dev', false), ['error']);
  assert.equal(severities('dev', true), ['warning']);
  assert.equal(severities('train', true), ['error']);
});

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
});
test.after(() => rm(folder, { recursive: true, force: true }));
const message = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    assert.instance(error, UserError);
    return (error as UserError).message;
  }
  return '';
};

test('files that are not there, folders, and the name that was probably meant', async () => {
  await writeFile(join(folder, 'NER-de-train.tsv'), '');
  assert.match(await message(readDataFile(join(folder, 'NER-de-tain.tsv'))), /Did you mean .*NER-de-train\.tsv/);
  assert.match(await message(readDataFile(folder)), /is a folder where a file is expected. It holds NER-de-train.tsv/);
  assert.match(await message(readDataFile(join(folder, 'no', 'file'))), /there is no folder/);
});
test.run();
