import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePredictions } from '../../scripts/evaluation_input.ts';
import { germevalReport, germevalTable, type NestedSentence, scoreGermEval } from '../../src/evaluation/germeval.ts';
import { fixture } from '../support.ts';

const test = suite("GermEval 2014's metrics");

const outer = (gold: string, predicted: string): NestedSentence => {
  const none = gold.split(' ').map(() => 'O');
  return { gold: gold.split(' '), predicted: predicted.split(' '), inner: { gold: none, predicted: none } };
};

async function sample(): Promise<NestedSentence[]> {
  const file = fixture('metrics/germeval-sample.tsv');
  const { sentences } = parsePredictions(
    { file, bytes: await readFile(file) },
    { encoding: 'utf-8', delimiter: null, nested: true },
  );
  return sentences as unknown as NestedSentence[];
}

test('the figures that the shared task gives for its sample: 10 + 5 found, 12 + 1 gold', async () => {
  assert.is(
    germevalTable(scoreGermEval(await sample())),
    [
      '                        precision   recall       F1     gold    found  correct',
      'M1 strict, both levels      40.00    46.15    42.86       13       15        6',
      'M2 loose types              53.33    61.54    57.14       13       15        8',
      'M3 outer                    60.00    50.00    54.55       12       10        6',
      'M3 inner                     0.00     0.00     0.00        1        5        0',
      '',
    ].join('\n'),
  );
});

test('the report of nereval.perl, to the character', async () => {
  const report = germevalReport(scoreGermEval(await sample()));
  assert.is(report, await readFile(fixture('metrics/germeval-sample.nereval.txt'), 'utf8'));
});

test('the right entity on the wrong level is wrong', () => {
  const scores = scoreGermEval([{ gold: ['B-LOC'], predicted: ['O'], inner: { gold: ['O'], predicted: ['B-LOC'] } }]);
  assert.equal([scores.strict.gold, scores.strict.found, scores.strict.correct], [1, 1, 0]);
  assert.is(scores.loose.correct, 0);
});

test('a type that changes within an entity does not end it, but makes it wrong', () => {
  const { strict } = scoreGermEval([outer('B-LOC I-LOC O', 'B-LOC I-ORG O'), outer('O B-PER I-PER', 'O I-PER I-PER')]);
  assert.equal([strict.gold, strict.found, strict.correct], [2, 2, 1]);
});

test('loose types: deriv and part count as their base type, and only at the end of its name', () => {
  const { strict, loose } = scoreGermEval([
    outer('B-LOCderiv B-ORGpart B-LOCderiv B-part', 'B-LOC B-ORGderiv B-PERderiv B-part'),
  ]);
  assert.is(strict.correct, 1);
  assert.is(loose.correct, 3);
});

test('no sentence at all', () => {
  assert.is(
    germevalReport(scoreGermEval([])),
    'STRICT: Found: 0 outer and 0 inner phrases; Gold: 0 (outer) and 0 (inner).\n' +
      'LOOSE: Found: 0 outer and 0 inner phrases; Gold: 0 (outer) and 0 (inner).\n' +
      '\nEvaluation per type and mode:\n=============================\n\n\n',
  );
});
test.run();
