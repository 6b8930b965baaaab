import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../src/index_node.ts';
import { differences, type Trained, trainingSteps } from '../browser/training_steps.ts';
import { makeModelFolder } from '../made_model.ts';

const test = suite('in Deno');
const root = fileURLToPath(new URL('../../', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'deno-'));
const model = join(temporary, 'model');
test.before(async () => {
  await makeModelFolder(model, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
});
test.after(() => rmSync(temporary, { recursive: true, force: true }));

/** DENO_PATH, or what the PATH has. */
const deno = process.env.DENO_PATH ?? 'deno';
// Mesa's drivers complain where the folder is not named.
const env = { ...process.env, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() };
const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', env });
const inDeno = (...args: string[]) => run(deno, ['run', '-A', ...args]);
// Deno reaches the system's drivers alone, not the bundled one.
const works = run(deno, ['eval', 'if (!(await navigator.gpu?.requestAdapter())) Deno.exit(1)']).status === 0;
const maybe = works ? test : test.skip;

const predict = (...more: string[]) => ['scripts/predict.ts', '--model', model, ...more, 'Berlin ist in Deutschland.'];

maybe('predict finds the entities that Node finds', () => {
  const here = run(process.execPath, ['--import', 'tsx', ...predict('--output', 'jsonl')]);
  const there = inDeno(...predict('--output', 'jsonl'));
  assert.is(there.status, 0, there.stderr);
  const parse = ({ stdout }: { stdout: string }) =>
    (JSON.parse(stdout) as { entities: { entity_group: string; word: string; score: number }[] }).entities;
  const [want, got] = [parse(here), parse(there)];
  assert.ok(want.length > 0, 'the made model finds something');
  assert.equal(
    got.map((e) => [e.entity_group, e.word]),
    want.map((e) => [e.entity_group, e.word]),
  );
  for (const [i, { score }] of got.entries()) {
    assert.ok(Math.abs(score - want[i]!.score) < 1e-4, `${score} for ${want[i]!.score}`);
  }
});

maybe('training steps give the losses, norms and weights that Node gets', async () => {
  const gpu = await openGpu();
  const want = await trainingSteps(gpu);
  gpu.close();
  // No permission but to read: what index.ts needs is web-standard.
  const { status, stdout, stderr } = run(deno, ['run', '--allow-read', 'test/deno/training_steps_deno.ts']);
  assert.is(status, 0, stderr);
  assert.equal(differences(JSON.parse(stdout) as Trained, want), []);
});

maybe('train writes a model that predict reads', () => {
  const output = join(temporary, 'run');
  const trained = inDeno('scripts/train.ts', '--max-steps', '2', '--output-dir', output);
  assert.is(trained.status, 0, trained.stderr);
  assert.match(trained.stdout, /saved to /);
  const { status, stderr } = inDeno('scripts/predict.ts', '--model', output, 'Berlin');
  assert.is(status, 0, stderr);
});

maybe('a kind of adapter that Deno does not give is refused', () => {
  const { status, stdout, stderr } = inDeno(...predict('--adapter', 'bundled'));
  assert.is(status, 1);
  assert.is(stdout, '');
  assert.match(stderr, /no adapter of kind "bundled": Deno gives .+, of kind "(cpu|gpu)"/);
});
test.run();
