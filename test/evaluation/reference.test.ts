import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePredictions } from '../../scripts/evaluation_input.ts';
import { conllevalLatex, conllevalReport } from '../../src/evaluation/conlleval.ts';
import { scoreEntities } from '../../src/evaluation/scores.ts';
import { type ReportRow, seqevalReport, seqevalTable } from '../../src/evaluation/seqeval.ts';
import { strictSpansOf } from '../../src/evaluation/spans.ts';
import { fixture, reference } from '../support.ts';

const test = suite('metrics against conlleval and seqeval');

const sentencesOf = async (file: string) => {
  const { sentences, problems } = parsePredictions(
    { file, bytes: await readFile(file) },
    { encoding: 'utf-8', delimiter: null },
  );
  assert.equal(problems, []);
  return sentences;
};

// germeval-dev is too large for the project's own fixtures.
const folder = reference('metrics');
const names = (folder ? readdirSync(folder) : [])
  .filter((name) => name.endsWith('.seqeval.json'))
  .map((name) => name.replace('.seqeval.json', ''));
for (const name of new Set([...names, 'germeval-dev'])) {
  const files = ['.txt', '.conlleval.txt', '.seqeval.json'].map((end) => reference(`metrics/${name}${end}`));
  if (files.some((file) => file === undefined)) {
    test.skip(name);
    continue;
  }
  test(`${name}: conlleval's report to the character, seqeval's figures in both modes`, async () => {
    const sentences = await sentencesOf(files[0]!);
    const [report, json] = await Promise.all(files.slice(1).map((file) => readFile(file!, 'utf8')));
    const scores = scoreEntities(sentences);
    assert.is(conllevalReport(scores), report);
    const want = JSON.parse(json!) as Record<'default' | 'strict_iob2', Record<string, ReportRow>>;
    const same = (got: Record<string, ReportRow>, expected: Record<string, ReportRow>) => {
      assert.equal(Object.keys(got), Object.keys(expected));
      for (const [type, row] of Object.entries(expected)) {
        for (const [key, value] of Object.entries(row)) {
          const found = got[type]![key as keyof ReportRow];
          assert.ok(Math.abs(found - value) < 1e-12, `${type} ${key}: ${found}, expected ${value}`);
        }
      }
    };
    same(seqevalReport(scores), want.default);
    same(seqevalReport(scoreEntities(sentences, strictSpansOf)), want.strict_iob2);
  });
}

test("conlleval's LaTeX rows and seqeval's table, to the character", async () => {
  const scores = scoreEntities(await sentencesOf(fixture('metrics/edges.txt')));
  assert.is(conllevalLatex(scores), await readFile(fixture('metrics/edges.conlleval.tex'), 'utf8'));
  assert.is(seqevalTable(scores, 4), await readFile(fixture('metrics/edges.seqeval.txt'), 'utf8'));
});

test('of no words conlleval says one line, of nothing but O a line of zeros', () => {
  assert.is(conllevalReport(scoreEntities([])), 'processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n');
  assert.is(
    conllevalReport(scoreEntities([{ gold: ['O'], predicted: ['O'] }])),
    'processed 1 tokens with 0 phrases; found: 0 phrases; correct: 0.\n' +
      'accuracy: 100.00%; precision:   0.00%; recall:   0.00%; FB1:   0.00\n',
  );
  assert.equal(seqevalReport(scoreEntities([]))['macro avg'], { precision: 0, recall: 0, 'f1-score': 0, support: 0 });
});
test.run();
