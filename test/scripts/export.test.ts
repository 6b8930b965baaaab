import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeOnnx } from '../formats/onnx_support.ts';
import { fixture, reference } from '../support.ts';

const test = suite('scripts/export.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'export-'));
test.after(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'scripts/export.ts', ...args], { cwd: root, encoding: 'utf8' });
const model = join(folder, 'tiny');
cpSync(reference('models/tiny')!, model, { recursive: true });
cpSync(fixture('tokenizer/small-cased'), model, { recursive: true, filter: (path) => !path.endsWith('cases.json') });

test('writes what transformers.js looks for, beside the model, and nothing twice', () => {
  const { status, stdout, stderr } = run('--model', model, '--precision', 'float32', '--precision', 'int8');
  assert.is(status, 0, stderr);
  const out = `${model}-onnx`;
  assert.match(stdout, /tiny-onnx\/onnx\/model\.onnx: float32, \d/);
  assert.equal(readdirSync(join(out, 'onnx')).sort(), ['model.onnx', 'model_int8.onnx']);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) assert.ok(existsSync(join(out, name)));
  const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as { id2label: Record<string, string> };
  assert.is(config.id2label['1'], 'B-LOC');
  assert.equal(describeOnnx(readFileSync(join(out, 'onnx/model.onnx'))).outputs, ['logits']);

  const { mtimeMs } = statSync(join(out, 'onnx/model.onnx'));
  const again = run('--model', model);
  assert.is(again.status, 1);
  assert.match(again.stderr, /^error: .*model\.onnx exists: give --overwrite/);
  assert.is(statSync(join(out, 'onnx/model.onnx')).mtimeMs, mtimeMs);
});
test('a model without a tokenizer is exported, with a warning', () => {
  const { status, stdout } = run(
    '--model',
    reference('models/odd')!,
    '--output-dir',
    join(folder, 'odd'),
    '--precision=float16',
  );
  assert.is(status, 0);
  assert.match(stdout, /warning: .* The export has no tokenizer/);
  assert.equal(readdirSync(join(folder, 'odd/onnx')), ['model_fp16.onnx']);
});
test('says what is wrong', () => {
  const precision = run('--precision', 'int4');
  assert.is(precision.status, 2);
  assert.match(
    precision.stderr,
    /^error: --precision must be one of float32, float16, int8, found "int4"\. Did you mean int8\?\n$/,
  );
  const missing = run('--model', './nowhere');
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /^error: --model \.\/nowhere: there is no such folder/);
});
test.run();
