import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { conllevalReport } from '../../src/evaluation/conlleval.ts';
import { germevalReport, scoreGermEval } from '../../src/evaluation/germeval.ts';
import { trainLookupBaseline } from '../../src/evaluation/lookup_baseline.ts';
import { scoreTable } from '../../src/evaluation/report.ts';
import { scoreEntities } from '../../src/evaluation/scores.ts';
import { spansOf, strictSpansOf } from '../../src/evaluation/spans.ts';
import { sharedData } from '../support.ts';

const test = suite('metrics at the edges');
const spans = (labels: string) => spansOf(labels.split(' ')).map((s) => `${s.type}:${s.start}-${s.end}`);

test('adjacent entities, I- without B-, and a type that changes in the middle', () => {
  assert.equal(spans('B-LOC B-LOC I-LOC O'), ['LOC:0-1', 'LOC:1-3']);
  assert.equal(spans('O I-PER I-PER'), ['PER:1-3']);
  assert.equal(spans('B-PER I-LOC I-LOC'), ['PER:0-1', 'LOC:1-3']);
  assert.equal(spans('S-LOC B-PER E-PER I-PER'), ['LOC:0-1', 'PER:1-3', 'PER:3-4']);
});

test('strict IOB2 drops what does not begin with B-', () => {
  assert.equal(strictSpansOf(['I-LOC', 'B-LOC', 'I-PER', 'I-LOC']), [{ start: 1, end: 2, type: 'LOC' }]);
});

test('nothing at all, and nothing but O, give zeros and no NaN', () => {
  for (const sentences of [[], [{ gold: ['O', 'O'], predicted: ['O', 'O'] }]]) {
    const scores = scoreEntities(sentences);
    assert.is(scores.micro.f1, 0);
    assert.is(scores.macro.f1, 0);
    assert.not.match(conllevalReport(scores), /NaN/);
    assert.not.match(scoreTable(scores, scores), /NaN/);
  }
});

test("GermEval's three metrics on the figures of the shared task's sample", () => {
  // 10 outer and 5 inner found, 12 and 1 gold; 6 right, and 2 more but for deriv or part.
  const labels = (list: string[]) => list.flatMap((type) => (type === '' ? ['O', 'O'] : [`B-${type}`, 'O']));
  const gold = {
    outer: labels([
      'LOC',
      'LOC',
      'PER',
      'PER',
      'ORG',
      'OTH',
      'LOCderiv',
      'ORGpart',
      'LOC',
      'PER',
      'PER',
      'ORG',
      '',
      '',
      '',
      '',
      '',
    ]),
    inner: labels(['LOC', ...new Array<string>(16).fill('')]),
  };
  const predicted = {
    outer: labels(['LOC', 'LOC', 'PER', 'PER', 'ORG', 'OTH', 'LOC', 'ORG', 'PER', 'ORG', '', '', '', '', '', '', '']),
    inner: labels(['', 'LOC', 'LOC', 'LOC', 'LOC', 'LOC', ...new Array<string>(11).fill('')]),
  };
  const scores = scoreGermEval([{ gold, predicted }]);
  assert.is(
    germevalReport(scores),
    [
      '                             precision    recall        F1',
      'M1 strict, outer and inner       40.00     46.15     42.86',
      'M2 loose types                   53.33     61.54     57.14',
      'M3 outer                         60.00     50.00     54.55',
      'M3 inner                          0.00      0.00      0.00',
      '',
    ].join('\n'),
  );
});

const [trainFile, devFile] = [sharedData('germeval2014/NER-de-test.tsv'), sharedData('germeval2014/NER-de-dev.tsv')];
if (trainFile && devFile) {
  test('the lookup baseline from the test file scores 32.87 on the dev file of GermEval 2014', async () => {
    const read = async (file: string) =>
      (await readFile(file, 'utf8'))
        .split('\n\n')
        .map((block) =>
          block
            .split('\n')
            .filter((line) => line !== '' && !line.startsWith('#'))
            .map((line) => line.split('\t')),
        )
        .filter((rows) => rows.length > 0)
        .map((rows) => ({ words: rows.map((r) => r[1]!), labels: rows.map((r) => r[2]!) }));
    const predict = trainLookupBaseline(await read(trainFile));
    const scores = scoreEntities((await read(devFile)).map((s) => ({ gold: s.labels, predicted: predict(s.words) })));
    assert.is((100 * scores.micro.f1).toFixed(2), '32.87');
  });
} else test.skip('the lookup baseline on GermEval 2014');
test.run();
