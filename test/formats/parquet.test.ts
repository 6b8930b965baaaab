import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { readParquetWords } from '../../src/formats/parquet.ts';
import { fixture } from '../support.ts';
import { parquetOf } from './parquet_support.ts';

const classLabel = { names: ['O', 'B-PER', 'I-PER'], _type: 'ClassLabel' };
const words = [['Angela', 'Merkel'], ['schwieg']];
const ids = [[1n, 2n], [0n]];
const labels = [['B-PER', 'I-PER'], ['O']];

const rejects = async (bytes: Uint8Array, ...patterns: RegExp[]) => {
  const error = await readParquetWords(bytes, 'a.parquet').then(
    () => assert.unreachable('it should have failed'),
    (e: unknown) => e,
  );
  assert.instance(error, UserError, String(error instanceof Error ? error.stack : error));
  for (const pattern of patterns) assert.match((error as UserError).message, pattern);
};

const test = suite('parquet');
test("reads GermEval's form as the datasets library writes it, in Snappy and Zstandard", async () => {
  for (const file of ['germeval/data/train-00000-of-00001.parquet', 'zstd.parquet']) {
    const [first, second, ...more] = await readParquetWords(readFileSync(fixture(`datasets/${file}`)), file);
    assert.equal(first, {
      words: ['Der', 'SPD-Chef', 'traf', 'Angela', 'Merkel', 'in', 'Köln', '.'],
      labels: ['O', 'B-ORGpart', 'O', 'B-PER', 'I-PER', 'O', 'B-LOC', 'O'],
      inner: ['O', 'O', 'O', 'O', 'O', 'O', 'O', 'O'],
      row: 1,
    });
    assert.equal(second!.labels, ['O', 'B-ORG', 'I-ORG', 'I-ORG', 'O', 'O', 'O']);
    assert.equal(second!.inner, ['O', 'O', 'O', 'B-LOC', 'O', 'O', 'O']);
    assert.equal(more, []);
  }
});
test('takes labels that are texts, and other usual names of columns', async () => {
  assert.equal(
    (await readParquetWords(parquetOf({ words, tags: labels }), 'a')).map((s) => s.labels),
    labels,
  );
});
for (const [form, feature] of Object.entries({
  Sequence: { feature: classLabel, length: -1, _type: 'Sequence' },
  List: { feature: classLabel, _type: 'List' },
  'a list of one': [classLabel],
}))
  test(`names integers by a ClassLabel within ${form}`, async () => {
    const bytes = parquetOf({ tokens: words, ner_tags: ids }, { ner_tags: feature });
    assert.equal(
      (await readParquetWords(bytes, 'a')).map((s) => s.labels),
      labels,
    );
  });
test("names integers by the card, then by the person's list; the file's own names win", async () => {
  const bare = parquetOf({ tokens: words, ner_tags: ids });
  const classNames = new Map([['ner_tags', ['O', 'B-A', 'I-A']]]);
  const first = async (bytes: Uint8Array, options: Parameters<typeof readParquetWords>[2]) =>
    (await readParquetWords(bytes, 'a', options))[0]!.labels;
  assert.equal(await first(bare, { classNames, labelNames: ['O', 'B-B', 'I-B'] }), ['B-A', 'I-A']);
  assert.equal(await first(bare, { labelNames: ['O', 'B-B', 'I-B'] }), ['B-B', 'I-B']);
  const named = parquetOf({ tokens: words, ner_tags: ids }, { ner_tags: { feature: classLabel, _type: 'List' } });
  assert.equal(await first(named, { classNames }), ['B-PER', 'I-PER']);
});
test('integers that nothing names are refused with what to do', () =>
  rejects(parquetOf({ tokens: words, ner_tags: ids }), /ner_tags holds ids such as 1/, /--labels FILE/));
test('rows without a word are left out, and rows keep their numbers', async () => {
  const rows = await readParquetWords(parquetOf({ tokens: [[], ['a']], ner_tags: [[], ['O']] }), 'a');
  assert.equal(rows, [{ words: ['a'], labels: ['O'], row: 2 }]);
});
test('every faulty row is told, with its number', () =>
  rejects(
    parquetOf({ tokens: [['a', 'b'], ['c'], ['d', null], null], ner_tags: [['O'], null, ['O', 'O'], ['O']] }),
    /a\.parquet, row 1: ner_tags has 1 labels, expected one for each of the 2 words/,
    /a\.parquet, row 2: ner_tags is null/,
    /a\.parquet, row 3: tokens is \["d",null\], expected a list of texts/,
    /a\.parquet, row 4: tokens is null/,
  ));
test('many faulty rows are counted', () =>
  rejects(
    parquetOf({
      tokens: Array.from({ length: 30 }, () => ['a', 'b']),
      ner_tags: Array.from({ length: 30 }, () => ['O']),
    }),
    /row 10: .*\nand 20 more$/s,
  ));
test('an id beyond the names is told', () =>
  rejects(
    parquetOf({ tokens: words, ner_tags: [[1n, 7n], [0n]] }, { ner_tags: { feature: classLabel } }),
    /row 1: ner_tags holds id 7, but there are names for 0 to 2 only/,
  ));
test('a file without such columns is told what it has', async () => {
  await rejects(
    parquetOf({ text: words, ner_tags: labels }),
    /no column of words: expected tokens or words, found text, ner_tags/,
  );
  await rejects(
    parquetOf({ tokens: words, pos_tags: labels }),
    /no column of labels: expected ner_tags or .*, found tokens, pos_tags/,
  );
});
test('refuses what is no Parquet file, or a damaged one', async () => {
  await rejects(new Uint8Array(), /a\.parquet is no Parquet file/);
  await rejects(new TextEncoder().encode('Der\tO\n'.repeat(100)), /a\.parquet is no Parquet file/);
  const whole = parquetOf({ tokens: words, ner_tags: labels });
  for (let length = 1; length < whole.length; length += 29)
    await rejects(whole.subarray(0, length), /is no Parquet file/);
});
test('whatever byte is changed, it is read or refused', async () => {
  const whole = parquetOf({ tokens: words, ner_tags: labels });
  for (let at = 0; at < whole.length; at += 3) {
    const bytes = whole.slice();
    bytes[at]! ^= 0xff;
    await readParquetWords(bytes, 'a.parquet').catch((error: unknown) => assert.instance(error, UserError));
  }
});
test.run();
