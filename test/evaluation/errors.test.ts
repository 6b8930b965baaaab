import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { analyseErrors, ERROR_KINDS, errorReport, exampleErrors } from '../../src/evaluation/errors.ts';
import { scoreEntities } from '../../src/evaluation/scores.ts';

const test = suite('error analysis');

const sentence = (text: string) => {
  const cells = text.split(' ').map((cell) => cell.split('/'));
  return { words: cells.map((c) => c[0]!), gold: cells.map((c) => c[1]!), predicted: cells.map((c) => c[2]!) };
};
const kinds = (text: string) => analyseErrors([sentence(text)]).errors.map(({ kind }) => kind);

test('each kind of error', () => {
  assert.equal(kinds('in/O/O Bonn/B-LOC/O'), ['missed']);
  assert.equal(kinds('das/O/B-LOC Haus/O/O'), ['spurious']);
  assert.equal(kinds('Krause/B-PER/B-LOC'), ['wrong type']);
  assert.equal(kinds('Anna/B-PER/B-PER Weidner/I-PER/O'), ['wrong boundary']);
  assert.equal(kinds('FC/B-ORG/O Köln/I-ORG/B-LOC'), ['wrong boundary and type']);
  assert.equal(kinds('Bonn/B-LOC/B-LOC'), []);
});

test('an entity stands in one error: of two predictions the one more alike is paired', () => {
  assert.equal(kinds('Anna/B-PER/B-LOC Maria/I-PER/B-PER Weidner/I-PER/I-PER'), ['wrong boundary', 'spurious']);
  assert.equal(kinds('Bonn/B-LOC/B-LOC Köln/B-LOC/I-LOC'), ['wrong boundary', 'missed']);
});

test('gold = correct + missed + wrong, found = correct + spurious + wrong', () => {
  // Every sequence of three labels against every other.
  const labels = ['O', 'B-A', 'I-A', 'B-B', 'I-B'];
  const triples = labels.flatMap((a) => labels.flatMap((b) => labels.map((c) => [a, b, c])));
  const sentences = triples.flatMap((gold) => triples.map((predicted) => ({ gold, predicted })));
  const { counts, errors } = analyseErrors(sentences);
  const { gold, found, correct } = scoreEntities(sentences).micro;
  const wrong = counts['wrong type'] + counts['wrong boundary'] + counts['wrong boundary and type'];
  assert.is(gold, correct + counts.missed + wrong);
  assert.is(found, correct + counts.spurious + wrong);
  assert.is(
    errors.length,
    ERROR_KINDS.reduce((n, kind) => n + counts[kind], 0),
  );
});

test('examples are spread over the text', () => {
  const analysis = analyseErrors(Array.from({ length: 10 }, () => sentence('Bonn/B-LOC/O')));
  assert.equal(
    exampleErrors(analysis, 'missed', 2).map((error) => error.sentence),
    [0, 5],
  );
  assert.is(exampleErrors(analysis, 'missed', 99).length, 10);
  assert.equal(exampleErrors(analysis, 'spurious', 3), []);
});

test('the report shows them in context', () => {
  const sentences = [
    sentence('Der/O/O FC/B-ORG/B-ORG Bonn/I-ORG/O siegt/O/O'),
    sentence('a/O/O b/O/O c/O/O d/O/O e/O/O Krause/B-PER/B-LOC f/O/O g/O/O h/O/O i/O/O j/O/O'),
  ];
  const report = errorReport(analyseErrors(sentences), sentences, {
    examples: 1,
    locate: (index, word) => `${index}:${word}`,
  });
  assert.is(
    report,
    [
      'errors by kind (gold → predicted)',
      '      1  wrong type',
      '           1:5  PER → LOC: … b c d e [Krause] f g h i …',
      '      1  wrong boundary',
      '           0:1  ORG "FC Bonn" → ORG "FC": Der [FC Bonn] siegt',
      'types most often confused (gold → predicted)',
      '      1  PER → LOC',
      '',
    ].join('\n'),
  );
});

test('no errors', () => {
  assert.is(errorReport(analyseErrors([]), [], { examples: 3, locate: () => '' }), 'no errors\n');
});
test.run();
