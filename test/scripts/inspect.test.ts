import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fixture } from '../support.ts';

const test = suite('scripts/inspect.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'inspect-'));
test.after(() => rmSync(temporary, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'scripts/inspect.ts', ...args], { cwd: root, encoding: 'utf8' });

/** A folder with a model's and a tokenizer's fixtures. */
function folderOf(name: string, model: string, tokenizer?: string): string {
  const folder = join(temporary, name);
  cpSync(fixture(`models/${model}`), folder, { recursive: true });
  if (tokenizer) {
    cpSync(fixture(`tokenizer/${tokenizer}`), folder, { recursive: true, filter: (p) => !p.endsWith('cases.json') });
  }
  return folder;
}

test('what is there and what becomes of it, in words', () => {
  const folder = folderOf('whole', 'pickle', 'small-cased');
  const { status, stdout } = run(folder, '--tensors');
  assert.match(stdout, /^model +ALBERT, 12,553 parameters: E 16, H 32, 3 layers in 1 × 1, 4 heads/m);
  assert.match(stdout, /^labels +25: O B-LOC I-LOC /m);
  assert.match(stdout, /^weights +PyTorch \(zip\): pytorch_model\.bin \(6\d\.\d kB\)\n +25 tensors of F32/m);
  assert.match(stdout, /^loaded +25 tensors; 0 begin anew; 0 left out/m);
  assert.match(stdout, /^ {2}F32 +\[97, 16\] {2}albert\.embeddings\.word_embeddings\.weight$/m);
  assert.match(stdout, /^tokenizer +\d+ pieces; keeps capitals, keeps accents/m);
  assert.match(stdout, /^warning: the tokenizer has \d+ pieces, the model 97: they do not belong together/m);
  assert.is(status, 0);
});
test('the same as JSON', () => {
  const { status, stdout } = run(folderOf('json', 'tensorflow', 'small-cased'), '--json');
  const found = JSON.parse(stdout) as {
    parameters: number;
    config: { labels: string[] };
    weights: { format: string; tensors: { name: string; loadedAs: string | null; bytes: number }[] };
    errors: string[];
  };
  assert.is(status, 0);
  assert.is(found.parameters, 11_893);
  assert.is(found.weights.format, 'TensorFlow (HDF5)');
  assert.equal(found.errors, []);
  assert.ok(found.weights.tensors.every(({ name, loadedAs }) => name === loadedAs));
  assert.is(
    found.weights.tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    4 * 11_893,
  );
});
test('a cased vocabulary without tokenizer_config.json: the warning that saves a training run', () => {
  const folder = folderOf('settings', 'tiny', 'small-cased');
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) rmSync(join(folder, name));
  const { stdout } = run(folder);
  assert.match(stdout, /^warning: the tokenizer turns capitals into small letters, but .* set "do_lower_case": false/m);
});
test('everything that is wrong, each thing once, and exit code 1', () => {
  const folder = folderOf('faulty', 'tiny');
  const config = { model_type: 'albert', hidden_size: 40, num_attention_heads: 5, embedding_size: 16 };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const { status, stdout, stderr } = run(folder);
  assert.is(status, 1);
  assert.match(stdout, /^weights +safetensors: model\.safetensors/m);
  assert.match(stderr, /^error: .*faulty does not hold the model that its config\.json describes: .*word_embeddings/m);
  assert.match(stderr, /^error: .*faulty has no tokenizer/m);
  assert.is(stderr.match(/^error: /gm)!.length, 2);
});
test('wrong use', () => {
  const none = run();
  assert.is(none.status, 2);
  assert.match(none.stderr, /^error: which model\?/);
  assert.is(run('a', 'b').status, 2);
  const missing = run('./nowhere');
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /^error: MODEL \.\/nowhere: there is no such folder/);
});
test.run();
