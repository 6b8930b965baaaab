import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parquetOf } from '../formats/parquet_support.ts';
import { makeModelFolder } from '../made_model.ts';
import { fixture } from '../support.ts';

const test = suite('scripts/evaluate.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
test.after(() => rmSync(folder, { recursive: true }));

const evaluate = (args: string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/evaluate.ts', ...args], {
    cwd: root,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const edges = fixture('metrics/edges.txt');
const text = (path: string) => readFileSync(path, 'utf8');

test("conlleval's and seqeval's reports, from a file and from standard input", () => {
  const conlleval = evaluate(['--format', 'conlleval', edges]);
  assert.equal(conlleval, { status: 0, stdout: text(fixture('metrics/edges.conlleval.txt')), stderr: '' });
  assert.equal(evaluate(['--format', 'conlleval', '-'], text(edges)), conlleval);
  assert.equal(evaluate(['--format=conlleval'], text(edges)), conlleval);
  const seqeval = evaluate(['--format', 'seqeval', '--digits', '4', edges]);
  assert.is(seqeval.stdout, text(fixture('metrics/edges.seqeval.txt')));
});

test("GermEval's report from columns, and from a pair of GermEval's files", () => {
  const sample = fixture('metrics/germeval-sample.tsv');
  const want = text(fixture('metrics/germeval-sample.nereval.txt'));
  assert.equal(evaluate(['--format', 'germeval', sample]), { status: 0, stdout: want, stderr: '' });
  const columns = (pick: (cells: string[]) => string[]) =>
    text(sample)
      .split('\n')
      .map((line) => (line === '' ? '' : pick(line.split('\t')).join('\t')))
      .join('\n');
  const gold = file(
    'gold.tsv',
    columns((c) => c.slice(0, 4)),
  );
  const predicted = file(
    'predicted.tsv',
    columns((c) => [c[0]!, c[1]!, c[4]!, c[5]!]),
  );
  assert.equal(evaluate(['--format', 'germeval', '--gold', gold, predicted]), { status: 0, stdout: want, stderr: '' });
});

test('the table with the lookup baseline beside it, and the errors', () => {
  const train = file('train.txt', 'Bonn B-LOC\nist O\nschön O\n');
  const predicted = file('predicted.txt', 'Bonn B-LOC O\nund O O\nUlm B-LOC B-LOC\n');
  const { status, stdout, stderr } = evaluate(['--train-file', train, predicted]);
  assert.equal([status, stderr], [0, '']);
  assert.match(stdout, /^type .* baseline F1 +difference\nLOC +100\.00 +50\.00 +66\.67 +2 +1 +1 +66\.67 +0\.00\n/);
  assert.match(stdout, /warning: the predictions are no better than that/);
  assert.match(stdout, /1 {2}missed\n +\S*predicted\.txt:1 {2}LOC: \[Bonn\] und Ulm\n/);
});

test('JSON: one object for a file, a list for several', () => {
  const one = JSON.parse(evaluate(['--format', 'json', edges]).stdout);
  assert.equal([one.sentences, one.words, one.micro.gold, one.micro.correct], [8, 24, 12, 4]);
  assert.is(
    one.micro.gold,
    one.micro.correct +
      one.errors.counts.missed +
      one.errors.counts['wrong type'] +
      one.errors.counts['wrong boundary'] +
      one.errors.counts['wrong boundary and type'],
  );
  const two = JSON.parse(evaluate(['--format', 'json', edges, edges]).stdout);
  assert.equal(two, [one, one]);
});

test('strict IOB2 counts what seqeval counts', () => {
  const { strict_iob2: want } = JSON.parse(text(fixture('metrics/edges.seqeval.json')));
  const got = JSON.parse(evaluate(['--format', 'json', '--scheme', 'strict-iob2', edges]).stdout);
  assert.is(got.micro.gold, want['micro avg'].support);
  assert.is(got.micro.f1, want['micro avg']['f1-score']);
});

test('IOBES is refused where only IOB2 has a meaning', () => {
  const { status, stderr } = evaluate(['--scheme', 'strict-iob2', '-'], 'Bonn S-LOC B-LOC\nund O O\n');
  assert.is(status, 1);
  assert.match(stderr, /standard input:1: error: the gold label is 'S-LOC'.*expected O, B-TYPE or I-TYPE/);
});

test('bad input ends with every problem named, without a stack trace', () => {
  const bad = file('bad.txt', 'Bonn B-LOC O\nin X O\nUlm O\nda O O\ndort O O\n');
  const { status, stdout, stderr } = evaluate([bad, edges]);
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /bad\.txt:2: error/);
  assert.match(stderr, /bad\.txt:3: error/);
  assert.match(stderr, /2 errors/);
  assert.not.match(stderr, /\n {4}at /);
  const missing = evaluate([join(folder, 'edgs.txt')]);
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /^error: there is no file/);
  assert.is(evaluate(['-'], '').status, 1);
  assert.is(evaluate(['--allow-empty', '-'], '').status, 0);
});

test('labels of a pair of files count as they stand, I- without B- too', () => {
  const gold = file('pair_gold.txt', 'Bad B-LOC\nEms I-LOC\n');
  const predicted = file('pair_predicted.txt', 'Bad O\nEms I-LOC\n');
  const { stdout } = evaluate(['--format', 'conlleval', '--gold', gold, predicted]);
  assert.match(stdout, /^processed 2 tokens with 1 phrases; found: 1 phrases; correct: 0\.\naccuracy: {2}50\.00%/);
  const strict = evaluate(['--format', 'json', '--scheme', 'strict-iob2', '--gold', gold, predicted]);
  assert.is(JSON.parse(strict.stdout).micro.found, 0);
});

test('gold and predictions over other words are refused', () => {
  const gold = file('g.txt', 'Bonn B-LOC\nam O\n\nEr O\n');
  const other = evaluate(['--gold', gold, file('p.txt', 'Bonn B-LOC\nan O\n\nEr O\n')]);
  assert.is(other.status, 1);
  assert.match(other.stderr, /p\.txt:2: error: 'an' where \S*g\.txt:2 has 'am'/);
  const fewer = evaluate(['--gold', gold, file('q.txt', 'Bonn B-LOC\nam O\n')]);
  assert.match(fewer.stderr, /q\.txt: error: has 1 sentence where \S*g\.txt has 2/);
  const flat = evaluate(['--format', 'germeval', '--gold', gold, gold]);
  assert.match(flat.stderr, /has no column of inner labels/);
});

test('settings that contradict each other or are unknown exit with 2', () => {
  for (const args of [
    ['--latex', edges],
    ['--format', 'conlleval', '--scheme', 'strict-iob2', edges],
    ['--outside', 'X', edges],
    ['--raw', '--train-file', edges, edges],
    ['--level', 'inner', edges],
    ['--output', 'x', edges],
    ['--data', edges],
    ['--model', 'x'],
    ['--model', 'x', '--gold', edges, edges],
    ['--model', 'x', '--output', 'y', '--data', edges, '--data', edges],
    ['--model', 'x', '--output', edges, '--data', edges],
    ['--fromat', 'json', edges],
    ['-', '-'],
  ]) {
    const { status, stderr } = evaluate(args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, /^error: /);
  }
});

const model = join(folder, 'model');
await makeModelFolder(model, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
const GOLD = '# one\n1\tUlm\tB-LOC\tO\n2\tlag\tO\tO\n\n# two\n1\tAnna\tB-PER\tB-LOC\n2\tam\tO\tO\n3\t\u00ad\tO\tO\n';

test('a model tags labelled sentences: the figures of the prediction file that it writes', () => {
  const data = file('gold.conll', 'Ulm I-LOC\nlag O\n\nAnna I-PER\nam O\n');
  const output = join(folder, 'predictions.txt');
  const own = evaluate(['--model', model, '--data', data, '--output', output, '--format', 'conlleval']);
  assert.is(own.status, 0, own.stderr);
  assert.match(own.stderr, /gold\.conll: tagging 2 sentences, 4 words\n/);
  assert.equal(
    text(output)
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['Ulm B-LOC', 'lag O', '', 'Anna B-PER', 'am O', '', ''],
    'gold labels in IOB2',
  );
  assert.equal(evaluate(['--format', 'conlleval', output]).stdout, own.stdout);
  const json = JSON.parse(evaluate(['--model', model, '--data', data, '--format', 'json']).stdout);
  assert.equal([json.file, json.sentences, json.words], [data, 2, 4]);
  const seqeval = evaluate(['--model', model, '--format', 'seqeval', '--data', '-'], text(data));
  assert.is(seqeval.stdout, evaluate(['--format', 'seqeval', output]).stdout);
});
test("a model on GermEval's two levels: it predicts one, the other is all O", () => {
  const data = file('gold2.tsv', GOLD);
  const output = join(folder, 'nested.txt');
  const args = ['--model', model, '--data', data, '--format', 'germeval', '--output', output];
  const inner = evaluate([...args, '--level', 'inner']);
  assert.is(inner.status, 0, inner.stderr);
  assert.match(inner.stderr, /predicts the inner level; its predictions for the outer one are all O/);
  const rows = text(output)
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
  assert.is(rows.length, 5, 'a prediction for every word, one that tokenises to nothing too');
  assert.equal(
    rows.map((cells) => [cells[1], cells[2], cells[3]]),
    [
      ['B-LOC', 'O', 'O'],
      ['O', 'O', 'O'],
      ['B-PER', 'B-LOC', 'O'],
      ['O', 'O', 'O'],
      ['O', 'O', 'O'],
    ],
  );
  assert.is(evaluate(['--format', 'germeval', output]).stdout, inner.stdout);
});
test('errors stand where they are in the labelled file, and the baseline beside them', () => {
  const train = file('train3.conll', 'Ulm B-LOC\n');
  const { status, stdout } = evaluate(['--model', model, '--train-file', train, file('gold3.tsv', GOLD)]);
  assert.is(status, 0);
  assert.match(stdout, /baseline: each word its most frequent label in \S*train3\.conll/);
  assert.match(stdout, /gold3\.tsv:(2|6) /);
});
test('Parquet, and labels that the model lacks', async () => {
  const data = join(folder, 'gold.parquet');
  writeFileSync(data, parquetOf({ tokens: [['Ulm'], ['x', 'y']], ner_tags: [['B-LOC'], ['O', 'B-RIVER']] }));
  const { status, stdout, stderr } = evaluate(['--model', model, '--data', data, '--format', 'json']);
  assert.is(status, 0, stderr);
  assert.is(JSON.parse(stdout).words, 3);
  assert.match(
    stderr,
    /gold\.parquet, row 2: warning: B-RIVER, which occurs 1 time, here first, is no label of the model/,
  );
});
test('what a model or its data lack ends with a message', () => {
  const cases: [string[], RegExp][] = [
    [['--model', join(folder, 'nowhere'), '--data', edges], /no such folder/],
    [['--model', model, '--data', join(folder, 'nowhere.tsv')], /there is no file/],
    [['--model', model, '--data', file('bad3.tsv', 'Ulm LOC\nam O\nx O\n')], /bad3\.tsv:1: error: 'LOC' is no label/],
    [['--model', model, '--data', file('flat.conll', 'Ulm B-LOC\n'), '--nested'], /has no inner level/],
    [
      ['--model', model, '--data', file('ok.conll', 'Ulm B-LOC\n'), '--output', join(folder, 'no/x')],
      /can't be written/,
    ],
    [['--model', fixture('models/tiny'), '--data', edges], /has no tokenizer/],
  ];
  for (const [args, pattern] of cases) {
    const { status, stdout, stderr } = evaluate(args);
    assert.equal([status, stdout], [1, ''], args.join(' '));
    assert.match(stderr, pattern);
    assert.not.match(stderr, /\n {4}at /);
  }
  const config = JSON.parse(text(join(model, 'config.json')));
  const names = Object.fromEntries(Object.keys(config.id2label).map((id) => [id, `LABEL_${id}`]));
  const other = join(folder, 'unnamed');
  cpSync(model, other, { recursive: true });
  const label2id = Object.fromEntries(Object.entries(names).map(([id, label]) => [label, Number(id)]));
  writeFileSync(join(other, 'config.json'), JSON.stringify({ ...config, id2label: names, label2id }));
  const unnamed = evaluate(['--model', other, '--data', file('ok.conll', 'Ulm B-LOC\n')]);
  assert.is(unnamed.status, 1);
  assert.match(unnamed.stderr, /gives labels that can't be scored: LABEL_0, .*id2label/);
});

test('--help names every setting', () => {
  const { status, stdout } = evaluate(['--help']);
  assert.is(status, 0);
  for (const name of [
    '--format',
    '--scheme',
    '--train-file',
    '--gold',
    '--model',
    '--data',
    '--level',
    '--output',
    '--nested',
    '--raw',
    '--latex',
    '--examples',
  ]) {
    assert.match(stdout, name);
  }
});
test.run();
