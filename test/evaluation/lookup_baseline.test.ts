import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDataFile } from '../../src/data/dataset_node.ts';
import { readSentences } from '../../src/data/read.ts';
import { trainLookupBaseline } from '../../src/evaluation/lookup_baseline.ts';
import { scoreEntities } from '../../src/evaluation/scores.ts';
import { sharedData } from '../support.ts';

const test = suite('lookup baseline');

test('the most frequent label; of two as frequent the first; O for a word unseen', () => {
  const predict = trainLookupBaseline([
    { words: ['Essen', 'in', 'Essen'], labels: ['O', 'O', 'B-LOC'] },
    { words: ['Bonn', 'Bonn', 'Bonn'], labels: ['B-PER', 'B-LOC', 'B-LOC'] },
  ]);
  assert.equal(predict(['Essen', 'Bonn', 'bonn', 'constructor']), ['O', 'B-LOC', 'O', 'O']);
  assert.equal(predict([]), []);
});

const [trainFile, devFile] = [sharedData('germeval2014/NER-de-test.tsv'), sharedData('germeval2014/NER-de-dev.tsv')];
if (trainFile && devFile) {
  test('trained on the test file of GermEval 2014 it has F1 32.87 on the dev file', async () => {
    const [train, dev] = await Promise.all(
      [trainFile, devFile].map(async (file) => readSentences(await readDataFile(file)).sentences),
    );
    const predict = trainLookupBaseline(train!);
    const scores = scoreEntities(dev!.map(({ words, labels }) => ({ gold: labels, predicted: predict(words) })));
    assert.is((100 * scores.micro.f1).toFixed(2), '32.87');
    assert.equal([scores.micro.gold, scores.micro.found, scores.micro.correct], [2674, 1409, 671]);
  });
} else test.skip('on GermEval 2014');
test.run();
