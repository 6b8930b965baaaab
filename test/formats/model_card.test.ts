import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { scoreEntities } from '../../src/evaluation/scores.ts';
import { type CardFacts, modelCard } from '../../src/formats/model_card.ts';

const test = suite('model card');
const gold = ['B-PER', 'I-PER', 'O', 'B-LOC', 'O'];
const scores = scoreEntities([{ gold, predicted: ['B-PER', 'I-PER', 'O', 'O', 'O'] }]);
const facts: CardFacts = {
  name: 'anna/albert-ner',
  dataset: 'GermEval 2014',
  datasetId: 'germeval_14',
  languages: ['de', 'no'],
  license: 'cc-by-4.0',
  baseModel: { name: 'anna/albert-german', onHub: true },
  labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'],
  parameters: 11_093_000,
  sizes: 'E 128, H 768, 12 layers',
  sentences: { train: 24_000, dev: 2_200, test: 5_100 },
  settings: { learning_rate: 5e-5, num_train_epochs: 3, shuffle: true, max_steps: null },
  evaluations: [{ split: 'test', scores, baseline: scoreEntities([{ gold, predicted: gold }]) }],
  caveats: ['No word of the dialects.'],
  example: 'Anna sagt: "Das\'s Köln."',
};
const frontMatter = (card: string, version: '1.1' | '1.2' = '1.1') =>
  parse(/^---\n([\s\S]*?\n)---\n/.exec(card)![1]!, { version }) as Record<string, unknown>;

test('the front matter says what the hub asks for', () => {
  const card = modelCard(facts);
  const expected = {
    language: ['de', 'no'],
    license: 'cc-by-4.0',
    library_name: 'transformers',
    pipeline_tag: 'token-classification',
    tags: ['albert', 'token-classification', 'named-entity-recognition', 'albert-webgpu'],
    base_model: 'anna/albert-german',
    datasets: ['germeval_14'],
    metrics: ['precision', 'recall', 'f1', 'accuracy'],
    'model-index': [
      {
        name: 'albert-ner',
        results: [
          {
            task: { type: 'token-classification', name: 'Named-entity recognition' },
            dataset: { type: 'germeval_14', name: 'GermEval 2014', split: 'test' },
            metrics: [
              { type: 'precision', name: 'precision', value: 1 },
              { type: 'recall', name: 'recall', value: 0.5 },
              { type: 'f1', name: 'F1', value: 0.666667 },
              { type: 'accuracy', name: 'accuracy', value: 0.8 },
            ],
          },
        ],
      },
    ],
  };
  assert.equal(frontMatter(card), expected, 'read as YAML 1.1, where a bare no is false');
  assert.equal(frontMatter(card, '1.2'), expected);
});
test('the text: types, results with baseline, settings, caveats, uses', () => {
  const card = modelCard(facts);
  for (const text of [
    '# albert-ner\n',
    '11,093,000 parameters (E 128, H 768, 12 layers), trained on GermEval 2014',
    '2 types: PER, LOC',
    'On the test set, in percent; accuracy of single labels 80.00.',
    '| LOC | 0.00 | 0.00 | 0.00 | 1 | 100.00 |',
    '| PER | 100.00 | 100.00 | 100.00 | 1 | 100.00 |',
    '| all entities (micro) | 100.00 | 50.00 | 66.67 | 2 | 100.00 |',
    'no better than looking up each word',
    'wrong and doubtful labels',
    'Fewer than 30 entities of LOC, PER',
    '- No word of the dialects.',
    '24000 train, 2200 dev, 5100 test',
    'from the weights of anna/albert-german',
    '| `learning_rate` | 0.00005 |',
    'pipeline("token-classification", model="anna/albert-ner", aggregation_strategy="simple")',
    'print(ner("Anna sagt: \\"Das\'s Köln.\\""))',
    `--model anna/albert-ner 'Anna sagt: "Das'\\''s Köln."'`,
    'onnxruntime.InferenceSession',
  ]) {
    assert.ok(card.includes(text), `${text} in\n${card}`);
  }
  assert.not.match(card, /max_steps/);
});
test('a base model that is a folder is told, but is no name on the hub', () => {
  const card = modelCard({ ...facts, baseModel: { name: 'my-albert', onHub: false } });
  assert.ok(card.includes('from the weights of my-albert'));
  assert.not('base_model' in frontMatter(card));
});
test('little known: nothing is made up', () => {
  const card = modelCard({
    name: 'runs/mine',
    dataset: 'my data',
    labels: ['NAME', 'OTHER'],
    parameters: 10,
    sizes: 'E 4',
    sentences: {},
    settings: {},
    evaluations: [],
    example: 'x',
  });
  assert.equal(Object.keys(frontMatter(card)), ['library_name', 'pipeline_tag', 'tags', 'metrics']);
  for (const text of ['# mine\n', 'from random weights', 'Not evaluated.', '2 labels: NAME, OTHER']) {
    assert.ok(card.includes(text), text);
  }
  assert.not.match(card, /undefined|NaN|null/);
});
test.run();
