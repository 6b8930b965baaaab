import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeModelFolder } from '../made_model.ts';

const test = suite('in Deno');
const root = fileURLToPath(new URL('../../', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'deno-'));
test.after(() => rmSync(temporary, { recursive: true, force: true }));

/** DENO_PATH, or what the PATH has. */
const deno = process.env.DENO_PATH ?? 'deno';
const run = (command: string, args: readonly string[]) => spawnSync(command, args, { cwd: root, encoding: 'utf8' });
// Deno reaches the system's Vulkan drivers alone, not the bundled one.
const works = run(deno, ['eval', 'if (!(await navigator.gpu?.requestAdapter())) Deno.exit(1)']).status === 0;
const maybe = works ? test : test.skip;

maybe('predict answers as in Node, train trains', async () => {
  const model = join(temporary, 'model');
  await makeModelFolder(model, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
  const predict = [
    'scripts/predict.ts',
    '--model',
    model,
    '--output',
    'jsonl',
    'Berlin ist die Hauptstadt von Deutschland.',
  ];
  const here = run(process.execPath, ['--import', 'tsx', ...predict]);
  const there = run(deno, ['run', '-A', ...predict]);
  assert.is(there.status, 0, there.stderr);
  const parse = (text: string) =>
    JSON.parse(text) as { entities: { entity_group: string; word: string; score: number }[] };
  const [a, b] = [parse(here.stdout).entities, parse(there.stdout).entities];
  assert.ok(a.length > 0);
  assert.equal(
    b.map((e) => [e.entity_group, e.word]),
    a.map((e) => [e.entity_group, e.word]),
  );
  for (const [i, { score }] of b.entries()) assert.ok(Math.abs(score - a[i]!.score) < 1e-4);

  const output = join(temporary, 'run');
  const trained = run(deno, ['run', '-A', 'scripts/train.ts', '--max-steps', '2', '--output-dir', output]);
  assert.is(trained.status, 0, trained.stderr);
  assert.match(trained.stdout, /saved to /);
});
test.run();
