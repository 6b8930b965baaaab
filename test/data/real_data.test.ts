/** The real data sets read without an error, with the figures that are published of them. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSentences } from '../../src/data/read.ts';
import { sharedData } from '../support.ts';

interface Figures {
  sentences: number;
  tokens: number;
  outer: number;
  inner?: number;
}
const FIGURES: Record<string, Figures> = {
  'germeval2014/NER-de-dev.tsv': { sentences: 2_200, tokens: 41_653, outer: 2_674, inner: 212 },
  'germeval2014/NER-de-test.tsv': { sentences: 5_100, tokens: 96_499, outer: 6_178, inner: 515 },
  'wikiann-de/train.txt': { sentences: 20_000, tokens: 195_387, outer: 27_643 },
  'wikiann-de/dev.txt': { sentences: 10_000, tokens: 97_805, outer: 13_818 },
  'wikiann-de/test.txt': { sentences: 10_000, tokens: 97_646, outer: 13_868 },
  'wnut17/train.conll': { sentences: 3_394, tokens: 62_730, outer: 1_975 },
  'wnut17/dev.conll': { sentences: 1_009, tokens: 15_733, outer: 836 },
  'wnut17/test.conll': { sentences: 1_287, tokens: 23_394, outer: 1_079 },
};

const test = suite('real_data');
for (const [name, figures] of Object.entries(FIGURES)) {
  const file = sharedData(name);
  (file ? test : test.skip)(name, () => {
    const { sentences, problems } = readSentences({ file: name, bytes: readFileSync(file!) });
    const begins = (labels: readonly string[] = []) => labels.filter((label) => label.startsWith('B-')).length;
    assert.equal(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    );
    const total = (of: (sentence: (typeof sentences)[number]) => number) =>
      sentences.reduce((sum, s) => sum + of(s), 0);
    assert.is(sentences.length, figures.sentences);
    assert.is(
      total(({ words }) => words.length),
      figures.tokens,
    );
    assert.is(
      total(({ labels }) => begins(labels)),
      figures.outer,
    );
    assert.is(
      total(({ inner }) => begins(inner)),
      figures.inner ?? 0,
    );
  });
}
const wnutDev = sharedData('wnut17/dev.conll');
(wnutDev ? test : test.skip)('what is odd in WNUT 2017’s dev file is told with its lines', () => {
  const { problems } = readSentences({ file: 'dev.conll', bytes: readFileSync(wnutDev!) });
  assert.equal(
    problems.map(({ line, kind }) => [line, kind]),
    [
      [1674, 'I- without B-'],
      [16742, 'invisible line'],
    ],
  );
});
test.run();
