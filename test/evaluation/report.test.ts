import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scoresToJson, scoreTable } from '../../src/evaluation/report.ts';
import { scoreEntities } from '../../src/evaluation/scores.ts';

const test = suite('score table');

const gold = ['B-LOC', 'O', 'B-PER', 'I-PER', 'B-LOC'];
const scores = scoreEntities([{ gold, predicted: ['B-LOC', 'O', 'B-PER', 'I-PER', 'O'] }]);
const baseline = scoreEntities([{ gold, predicted: ['B-LOC', 'B-ORG', 'B-PER', 'O', 'B-LOC'] }]);

test('a line a type, micro, macro, accuracy', () => {
  assert.is(
    scoreTable(scores),
    [
      'type   precision     recall         F1     gold    found  correct',
      'LOC       100.00      50.00      66.67        2        1        1',
      'PER       100.00     100.00     100.00        1        1        1',
      'micro     100.00      66.67      80.00        3        2        2',
      'macro     100.00      75.00      83.33',
      'accuracy of 5 labels: 80.00',
      '',
    ].join('\n'),
  );
});

test("a baseline's F1 beside it, with types that only the baseline found", () => {
  assert.is(
    scoreTable(scores, baseline),
    [
      'type   precision     recall         F1     gold    found  correct  baseline F1   difference',
      'LOC       100.00      50.00      66.67        2        1        1       100.00       -33.33',
      'ORG         0.00       0.00       0.00        0        0        0         0.00         0.00',
      'PER       100.00     100.00     100.00        1        1        1         0.00      +100.00',
      'micro     100.00      66.67      80.00        3        2        2        57.14       +22.86',
      'macro     100.00      75.00      83.33                                   33.33       +50.00',
      'accuracy of 5 labels: 80.00 (baseline 60.00)',
      '',
    ].join('\n'),
  );
});

test('JSON holds fractions', () => {
  const json = JSON.parse(JSON.stringify(scoresToJson(scores)));
  assert.equal(json.types.LOC, { gold: 2, found: 1, correct: 1, precision: 1, recall: 0.5, f1: 2 / 3 });
  assert.is(json.accuracy, 0.8);
  assert.is(json.micro.f1, 0.8);
});

test('nothing at all, and nothing but O, give zeros and no NaN', () => {
  for (const sentences of [[], [{ gold: ['O', 'O'], predicted: ['O', 'O'] }]]) {
    const empty = scoreEntities(sentences);
    assert.not.match(scoreTable(empty, empty), /NaN|Infinity|undefined/);
    assert.not.match(JSON.stringify(scoresToJson(empty)), /null/);
  }
});
test.run();
