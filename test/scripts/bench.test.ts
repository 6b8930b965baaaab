import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('scripts/bench.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const run = (command: string, args: string[]) => spawnSync(command, args, { cwd: root, encoding: 'utf8' });
const bench = (args: string[]) => run(process.execPath, ['--import', 'tsx', 'scripts/bench.ts', ...args]);

interface Report {
  bench: string;
  rows: Record<string, string | number>[];
}

test('npm run bench:smoke runs every benchmark to its end', () => {
  const { status, stdout, stderr } = run('npm', ['run', '--silent', 'bench:smoke', '--', '--json']);
  assert.is(status, 0, stderr);
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
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
