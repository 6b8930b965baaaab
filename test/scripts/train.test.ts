import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { HubServer } from '../formats/hub_server.ts';
import { parquetOf } from '../formats/parquet_support.ts';

const test = suite('scripts/train.ts and scripts/predict.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'albert-webgpu-test-'));
const at = (name: string) => join(folder, name);

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a script to its end. @param env added to the environment @param watch sees the process and what it has printed so far. */
function run(
  script: string,
  args: string[],
  input = '',
  { env, watch }: { env?: NodeJS.ProcessEnv; watch?: (child: ChildProcess, printed: string) => void } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', `scripts/${script}.ts`, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      watch?.(child, stdout);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.end(input);
  });
}
interface Card {
  language: string[];
  license: string;
  'model-index': { results: { dataset: { split: string }; metrics: { type: string; value: number }[] }[] }[];
}
/** The one line that an error should be. */
const message = ({ stderr }: Ended): string => stderr.trim();

test('wrong use ends with code 2 and names what was meant', async () => {
  const flag = await run('train', ['--lerning-rate', '1']);
  assert.is(flag.code, 2);
  assert.is(message(flag), 'error: unknown setting --lerning-rate. Did you mean --learning-rate?');
  const range = await run('train', ['--num-train-epochs', '-1']);
  assert.is(range.code, 2);
  assert.match(message(range), /--num-train-epochs must be a number, at least 0/);
  assert.is((await run('train', ['--resume', '--overwrite'])).code, 2);
  assert.is((await run('train', ['--preset', 'germeval-notebook'])).code, 2);
});

test('bad data ends with code 1, one message and no stack trace', async () => {
  await writeFile(at('empty.conll'), '');
  await writeFile(at('latin1.conll'), Buffer.from('M\xfcller B-PER\n\nBerlin B-LOC\n', 'latin1'));
  await writeFile(at('good.conll'), 'Berlin B-LOC\nist O\n\nRom B-LOC\n');
  const good = at('good.conll');
  const cases: [string[], RegExp][] = [
    [['--train-file', at('nowhere.conll')], /no file .*nowhere\.conll/],
    [['--train-file', at('empty.conll'), '--validation-file', good, '--test-file', good], /empty\.conll.*is empty/s],
    [
      ['--train-file', at('latin1.conll'), '--validation-file', good, '--test-file', good],
      /latin1\.conll:1.*--encoding/s,
    ],
    [['--train-file', good], /no sentences to score as the dev set/],
    [['--config', at('nowhere.json')], /nowhere\.json can't be read/],
  ];
  for (const [args, pattern] of cases) {
    const ended = await run('train', [...args, '--output-dir', at('never')]);
    assert.is(ended.code, 1, args.join(' '));
    assert.match(message(ended), pattern);
    assert.not.match(ended.stderr, /\n\s+at /);
    assert.not.ok(existsSync(at('never')), 'nothing is written');
  }
});

test('trains, scores, saves, refuses to overwrite, and what it saved tags text', async () => {
  const args = ['--max-steps', '3', '--logging-steps', '1', '--output-dir', at('run')];
  const ended = await run('train', args);
  assert.is(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /test set, in percent/);
  assert.match(ended.stdout, /no better than the lookup baseline/);
  const log = (await readFile(at('run/train_log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { loss?: number });
  assert.is(log.filter((entry) => entry.loss !== undefined).length, 3);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'test_predictions.txt', 'settings.json']) {
    assert.ok(existsSync(at(`run/${name}`)), name);
  }
  const gold = (await readFile(join(root, 'data/sample/test.tsv'), 'utf8'))
    .split('\n')
    .filter((l) => /^\d/.test(l)).length;
  const predicted = (await readFile(at('run/test_predictions.txt'), 'utf8')).split('\n').filter((l) => l !== '').length;
  assert.is(predicted, gold, 'a prediction for every word');

  const card = await readFile(at('run/README.md'), 'utf8');
  const front = parse(/^---\n([\s\S]*?\n)---\n/.exec(card)![1]!) as Card;
  assert.equal([front.language, front.license], [['de'], 'apache-2.0']);
  const results = front['model-index'][0]!.results;
  assert.equal(
    results.map(({ dataset }) => dataset.split),
    ['dev', 'test'],
  );
  const stored = JSON.parse(await readFile(at('run/test_results.json'), 'utf8')) as { accuracy: number };
  const accuracy = results[1]!.metrics.find(({ type }) => type === 'accuracy')!;
  assert.ok(Math.abs(accuracy.value - stored.accuracy) < 1e-6);
  assert.match(card, /\| `max_steps` \| 3 \|/);
  assert.match(card, /F1 of the lookup baseline/);
  assert.not.match(card, folder, 'whose machine it was is left out');

  const scored = await run('evaluate', ['--model', at('run'), '--data', 'data/sample/test.tsv', '--format', 'json']);
  const { micro } = JSON.parse(scored.stdout) as { micro: object };
  assert.equal(micro, (stored as { micro?: object }).micro, 'the figures that training wrote');

  const again = await run('train', args);
  assert.is(again.code, 1);
  assert.match(message(again), /is not empty: --resume .* --overwrite/);

  const tagged = await run('predict', ['--model', at('run'), '--output', 'conll'], 'Er wohnt in (Berlin).\n');
  assert.is(tagged.code, 0, tagged.stderr);
  assert.equal(
    tagged.stdout
      .trim()
      .split('\n')
      .map((l) => l.split(' ')[0]),
    ['Er', 'wohnt', 'in', '(', 'Berlin', ')', '.'],
  );
  const json = await run(
    'predict',
    ['--model', at('run'), '--input', 'jsonl', '--output', 'jsonl'],
    '{"text": "Rom", "id": 7}\n',
  );
  const answer = JSON.parse(json.stdout) as { id: number; entities: unknown[] };
  assert.is(answer.id, 7);
  assert.instance(answer.entities, Array);
});

test('a model without a classifier: training gives it one and says so, tagging refuses it', async () => {
  // The classifier of run/ is for 17 labels; with other ones in config.json it fits no more.
  for (const name of ['model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    await cp(at(`run/${name}`), at(`body/${name}`));
  const config = JSON.parse(await readFile(at('run/config.json'), 'utf8')) as Record<string, unknown>;
  const { id2label: _, label2id: __, ...rest } = config;
  await writeFile(at('body/config.json'), JSON.stringify(rest));
  const refused = await run('predict', ['--model', at('body'), 'Rom']);
  assert.is(refused.code, 1);
  assert.match(
    message(refused),
    /^error: .*body is no trained token classifier: the classifier for 2 labels begins anew/,
  );
  assert.not.match(refused.stderr, /\n\s+at |adapter/);

  const args = ['--model', at('body'), '--max-steps', '1', '--output-dir', at('head'), '--hub-model-id', 'anna/head'];
  const ended = await run('train', args);
  assert.is(ended.code, 0, ended.stderr);
  assert.is(ended.stdout.match(/warning: the classifier for 17 labels begins anew/g)?.length, 1);
  const card = await readFile(at('head/README.md'), 'utf8');
  assert.match(card, /from the weights of body\./);
  assert.match(card, /--model anna\/head /);
  assert.not.match(card, /base_model/);
});

test('trains on the inner level of a data set on the hub, and the card says which one', async () => {
  const hub = await HubServer.start();
  const one = (words: string[], inner: string[]) =>
    parquetOf({ tokens: [words], ner_tags: [words.map(() => 'O')], nested_ner_tags: [inner] });
  hub.repos.set('datasets/anna/nested', {
    revisions: {
      main: { 'train.parquet': one(['Ulmer', 'Hof'], ['B-LOC', 'O']), 'validation.parquet': one(['Rom'], ['B-LOC']) },
    },
  });
  const args = ['--dataset', 'anna/nested', '--level', 'inner', '--allow-empty', '--size', 'tiny', '--max-steps', '1'];
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: at('cache'), HF_TOKEN: '', HF_TOKEN_PATH: at('none') };
  const ended = await run('train', [...args, '--output-dir', at('nested')], '', { env });
  await hub.stop();
  assert.is(ended.code, 0, ended.stderr);
  assert.is(await readFile(at('nested/labels.txt'), 'utf8'), 'O\nB-LOC\n');
  assert.match(await readFile(at('nested/README.md'), 'utf8'), /\ndatasets:\n {2}- anna\/nested\n/);
});

test('Ctrl-C in the middle, then --resume: the weights of a run that was not interrupted', async () => {
  // A progress line comes only every ten seconds where there is no terminal; the score of each epoch is printed at once.
  const args = ['--max-steps', '102', '--output-dir'];
  let sent = false;
  const watch = (child: ChildProcess, printed: string) => {
    if (sent || !printed.includes('dev at step 34')) return;
    sent = true;
    child.kill('SIGINT');
  };
  const cut = await run('train', [...args, at('cut')], '', { watch });
  assert.is(cut.code, 130, cut.stderr);
  assert.match(cut.stdout, /interrupted after step \d+; the same command with --resume/);
  const resumed = await run('train', [...args, at('cut'), '--resume']);
  assert.is(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stdout, /resumed at step \d+/);
  const whole = await run('train', [...args, at('whole')]);
  assert.is(whole.code, 0, whole.stderr);
  const bytes = (name: string) => readFile(at(`${name}/model.safetensors`));
  assert.ok((await bytes('cut')).equals(await bytes('whole')), 'the same bits');
});

test.after(() => rm(folder, { recursive: true }));
test.run();
