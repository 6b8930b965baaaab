import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
  const { status, stdout, stderr } = evaluate(['--train', train, predicted]);
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
    ['--raw', '--train', edges, edges],
    ['--fromat', 'json', edges],
    ['-', '-'],
  ]) {
    const { status, stderr } = evaluate(args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, /^error: /);
  }
});

test('--help names every setting', () => {
  const { status, stdout } = evaluate(['--help']);
  assert.is(status, 0);
  for (const name of ['--format', '--scheme', '--train', '--gold', '--nested', '--raw', '--latex', '--examples']) {
    assert.match(stdout, name);
  }
});
test.run();
