import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folderSource } from '../../src/formats/folder_node.ts';
import { loadTokenizer } from '../../src/inference/load.ts';
import { readLabelledFile } from '../../src/training/dataset_node.ts';

const test = suite('scripts/bench.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const run = (command: string, args: string[]) => spawnSync(command, args, { cwd: root, encoding: 'utf8' });
const bench = (args: string[]) => run(process.execPath, ['--import', 'tsx', 'scripts/bench.ts', ...args]);

interface Report {
  bench: string;
  labels: number;
  rows: Record<string, string | number>[];
}

const reportsOf = (stdout: string): Report[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);

test('npm run bench:smoke runs every benchmark to its end', () => {
  const { status, stdout, stderr } = run('npm', ['run', '--silent', 'bench:smoke', '--', '--json']);
  assert.is(status, 0, stderr);
  const reports = reportsOf(stdout);
  assert.equal(
    reports.map((r) => r.bench),
    ['train', 'infer', 'kernels', 'memory', 'idle', 'lengths'],
  );
  for (const { bench: name, rows } of reports) {
    assert.ok(rows.length > 0, name);
    for (const row of rows) {
      for (const [key, value] of Object.entries(row)) {
        // JSON has null for a number that is not finite.
        const sound = typeof value === 'number' ? value >= 0 : typeof value === 'string';
        assert.ok(sound, `${name}: ${key} ${value}`);
      }
    }
  }
  const of = (name: string) => reports.find((r) => r.bench === name)!.rows;
  assert.ok(Number(of('train')[0]!.train_tokens_per_second) > 0);
  const { start_to_first_step_ms: start, first_step_ms: first } = of('train')[0]!;
  assert.ok(Number(first) > 0 && Number(start) > Number(first), 'opening the adapter and compiling take time, too');
  assert.ok(Number(of('infer')[0]!.infer_tokens_per_second) > 0);
  const operators = of('kernels').map((row) => `${row.operator} ${row.variant}`);
  for (const expected of [
    'ffn forward plain',
    'ffn gradient of weight tile',
    'attention backward plain',
    'adamw plain',
    'layer_norm_backward plain',
  ]) {
    assert.ok(operators.includes(expected), `${expected} among ${operators.join(', ')}`);
  }
  const { announced_megabytes: announced, after_steps_megabytes: after } = of('memory')[0]!;
  assert.is(announced, after, 'steps allocate nothing');
  assert.equal(
    of('lengths').map((row) => row.length),
    [8, 16, 32, 64],
  );
});

test('--data: the sub-tokens of sentences count, in the order of the file, and no padding', async () => {
  const file = 'data/sample/train.tsv';
  const sizes = ['--size', 'tiny', '--batch', '4', '--warmup', '1', '--steps', '2', '--json'];
  const { status, stdout, stderr } = bench(['--data', file, ...sizes]);
  assert.is(status, 0, stderr);
  const [train, infer] = reportsOf(stdout);
  assert.ok(Number(train!.rows[0]!.train_tokens_per_second) > 0);
  assert.ok(Number(infer!.rows[0]!.infer_tokens_per_second) > 0);
  const { tokenizer } = await loadTokenizer(await folderSource(`${root}data/sample/tokenizer`));
  const { sentences } = await readLabelledFile(`${root}${file}`);
  // [CLS], the pieces of each word, [SEP]; the first batch does not count.
  const lengths = sentences.slice(4, 12).map(({ words }) => tokenizer.pieces(words).flat().length + 2);
  assert.ok(new Set(lengths).size > 1, 'sentences of different lengths');
  const expected = lengths.reduce((sum, length) => sum + length, 0);
  assert.is(train!.rows[0]!.train_tokens, expected);
  assert.is(infer!.rows[0]!.infer_tokens, expected);
  assert.is(train!.labels, new Set(sentences.flatMap(({ labels }) => labels)).size);
});

test('--data with settings that it rules out is a usage error', () => {
  const data = ['--data', 'data/sample/train.tsv'];
  const cases: [string[], RegExp][] = [
    [[...data, '--tokens', '64'], /--tokens does not go with --data/],
    [[...data, 'train', 'kernels'], /--data goes with train and infer, not with kernels/],
    [[...data, '--against', 'tfjs'], /--data goes with --against pytorch/],
    [['--batch', '4'], /--batch goes with --data/],
    [[...data, '--vocabulary', '100'], /--vocabulary 100 is less than the \d+ pieces of the tokenizer/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = bench(args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, message);
  }
});

test('wrong words and sizes are usage errors; a peer that is not installed says how to get it', () => {
  const wrong = bench(['trian']);
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean train\?/);
  const uneven = bench(['--tokens', '100', '--length', '32']);
  assert.is(uneven.status, 2);
  assert.match(uneven.stderr, /must be a multiple of --length/);
  const untrained = bench(['train', '--against', 'onnxruntime']);
  assert.is(untrained.status, 2);
  const absent = bench(['infer', '--against', 'pytorch', '--python', '/nonexistent/python']);
  assert.is(absent.status, 1);
  assert.match(absent.stderr, /pip install torch transformers/);
});
test.run();
