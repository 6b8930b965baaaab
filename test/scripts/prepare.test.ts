import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parquetOf } from '../formats/parquet_support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder = '';

/** Runs scripts/prepare.ts as a person would. */
const prepare = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, 'node_modules/tsx/dist/cli.mjs'), 'scripts/prepare.ts', ...args],
      { cwd: root },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
const at = (name: string) => join(folder, name);
const read = (name: string) => readFile(at(name), 'utf8');

const test = suite('prepare');
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prepare-'));
});
test.after(() => rm(folder, { recursive: true, force: true }));

test('the sample: report on the terminal, GermEval files, labels and report.json', async () => {
  const { code, stdout, stderr } = await prepare('--dataset', 'data/sample', '--output-dir', at('sample'));
  assert.is(code, 0, stderr);
  assert.match(stdout, /\nsentences +\d+ +\d+ +\d+\n/);
  assert.match(stdout, /\nwindows of 128 /);
  assert.equal((await readdir(at('sample'))).sort(), ['dev.tsv', 'labels.txt', 'report.json', 'test.tsv', 'train.tsv']);
  assert.match(await read('sample/labels.txt'), /^O\nB-LOC\nB-LOCderiv\n/);
  const report = JSON.parse(await read('sample/report.json'));
  assert.is(report.statistics.train.subTokens.window, 128);
  // What was prepared is read as what it was made from.
  const again = await prepare('--dataset', at('sample'));
  const table = (text: string) => text.slice(text.indexOf('\nsentences'), text.indexOf('\nSub-tokens'));
  assert.is(table(again.stdout), table(stdout));
});
test('Latin-1, IOB1 and CRLF become UTF-8, IOB2 and LF; an existing folder is kept unless told otherwise', async () => {
  const latin1 = 'Jürg I-PER\r\nMüller I-PER\r\nÖtzi B-PER\r\nkam O\r\n\r\nin O\r\nKöln I-LOC\r\n';
  await writeFile(at('raw.txt'), Buffer.from(latin1, 'latin1'));
  const refused = await prepare('--train-file', at('raw.txt'), '--output-dir', at('raw'));
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /raw\.txt:1: error: not UTF-8: byte 0xFC at offset 1 /);
  assert.match(refused.stderr, /raw\.txt:7: error: not UTF-8/);
  assert.match(refused.stderr, /--encoding windows-1252/);

  const args = ['--train-file', at('raw.txt'), '--encoding', 'windows-1252', '--output-dir', at('raw')];
  assert.is((await prepare(...args)).code, 0);
  assert.is(await read('raw/train.conll'), 'Jürg\tB-PER\nMüller\tI-PER\nÖtzi\tB-PER\nkam\tO\n\nin\tO\nKöln\tB-LOC\n\n');
  const second = await prepare(...args);
  assert.is(second.code, 1);
  assert.match(second.stderr, /--overwrite/);
  assert.is((await prepare(...args, '--overwrite')).code, 0);
});
test('one file dealt out in three', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `w${i} O\nAnna B-PER\n`).join('\n');
  await writeFile(at('one.conll'), lines);
  const { code, stderr } = await prepare(
    '--train-file',
    at('one.conll'),
    '--split',
    '80/10/10',
    '--output-dir',
    at('one'),
  );
  assert.is(code, 0, stderr);
  const sentences = await Promise.all(
    ['train', 'dev', 'test'].map(async (split) => (await read(`one/${split}.conll`)).split('\n\n').length - 1),
  );
  assert.equal(sentences, [32, 4, 4]);
});
test('Parquet files with two levels: prepared as GermEval files, faults named by file and row', async () => {
  const columns = { tokens: [['Ulmer', 'lag']], ner_tags: [['B-ORG', 'O']], nested_ner_tags: [['B-LOC', 'O']] };
  await mkdir(at('table'));
  await writeFile(at('table/train.parquet'), parquetOf(columns));
  const { code, stdout, stderr } = await prepare(
    '--dataset',
    at('table'),
    '--level',
    'inner',
    '--output-dir',
    at('rows'),
  );
  assert.is(code, 0, stderr);
  assert.match(stdout, /train\.parquet: Parquet, 1 row, labels IOB2, two levels\n/);
  assert.is(await read('rows/train.tsv'), '#\ttrain.parquet, row 1\n1\tUlmer\tB-ORG\tB-LOC\n2\tlag\tO\tO\n\n');
  await writeFile(at('table/bad.parquet'), parquetOf({ tokens: [['a'], ['']], ner_tags: [['LOC'], ['O']] }));
  const bad = await prepare('--train-file', at('table/bad.parquet'));
  assert.is(bad.code, 1);
  assert.match(bad.stderr, /bad\.parquet, row 1: error: 'LOC' is no label/);
  assert.match(bad.stderr, /bad\.parquet, row 2: error: word 1 is empty/);
});
test('--max-seq-length is the window that sentences are cut to', async () => {
  const windowsAt = async (length: string) => {
    const { code, stdout, stderr } = await prepare('--train-file', 'data/sample/train.tsv', '--max-seq-length', length);
    assert.is(code, 0, stderr);
    const row = new RegExp(`\\nwindows of ${length} +([\\d,]+)`).exec(stdout);
    assert.ok(row, stdout);
    return Number(row[1]!.replace(',', ''));
  };
  assert.ok((await windowsAt('16')) > 1.5 * (await windowsAt('512')));
});
test('wrong use ends with exit code 2 and says what to do, without a stack trace', async () => {
  for (const [args, pattern] of [
    [[], /--train-file/],
    [['file.tsv'], /Did you mean --train-file file\.tsv/],
    [['--train-file', 'x', '--validation-file', 'y', '--split', '80/10/10'], /--split/],
    [['--train-file', 'x', '--formt', 'conll'], /--format/],
    [['--train-file', 'data/sample/train.tsv', '--output-dir', 'data/sample', '--overwrite'], /is read from there/],
    [['--train-file', 'data/sample/train.tsv', '--encoding', 'utf-9'], /Did you mean utf-8/],
    [['--train-file', 'data/sample/train.tsv', '--max-seq-length', '1000'], /--max-seq-length must be .*at most 512/],
  ] as const) {
    const { code, stderr } = await prepare(...args);
    assert.is(code, 2, stderr);
    assert.match(stderr, pattern);
    assert.not.match(stderr, /\n {4}at /);
  }
});
test.run();
