import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { albertCheckpoint, canonicalName } from '../../src/formats/albert_checkpoint.ts';
import { type AlbertConfig, parseAlbertConfig } from '../../src/formats/albert_config.ts';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import type { TensorInfo } from '../../src/formats/safetensors.ts';
import type { WeightSource } from '../../src/formats/weight_source.ts';

const test = suite('albert checkpoint');
const config: AlbertConfig = parseAlbertConfig({
  vocab_size: 7,
  embedding_size: 4,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 5,
  id2label: { 0: 'O', 1: 'B-X', 2: 'I-X' },
});
type Shapes = Record<string, number[]>;
const shapes: Shapes = Object.fromEntries(expectedParameters(config).map(({ name, shape }) => [name, shape]));
const renamed = (rename: (name: string) => string): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [rename(name), shape]));

/** Weights that answer a read with the number of their place. */
function weightsOf(tensors: Shapes): WeightSource {
  const infos = Object.entries(tensors).map(([name, shape]): [string, TensorInfo] => [name, { dtype: 'F32', shape }]);
  return {
    format: 'made up',
    files: [],
    tensors: new Map(infos),
    read: async (name) => Float32Array.of(Object.keys(tensors).indexOf(name)),
    close() {},
  };
}
const map = (tensors: Shapes, keepsClassifier = true) =>
  albertCheckpoint(config, weightsOf(tensors), 'm', { keepsClassifier });
const stored = (tensors: Shapes) => Object.fromEntries(map(tensors).stored);

test('a complete checkpoint: every parameter from the tensor of its name, nothing to say', () => {
  const checkpoint = map(shapes);
  assert.equal([...checkpoint.stored.keys()], Object.keys(shapes));
  for (const [name, from] of checkpoint.stored) assert.is(from, name);
  assert.equal([checkpoint.fresh, checkpoint.ignored, checkpoint.warnings], [[], [], []]);
});
test('names of AlbertModel, without the prefix', async () => {
  const bare = renamed((name) => name.replace(/^albert\./, ''));
  const checkpoint = map(bare);
  const words = 'albert.embeddings.word_embeddings.weight';
  assert.is(checkpoint.stored.get(words), 'embeddings.word_embeddings.weight');
  assert.equal([...(await checkpoint.read('classifier.bias'))], [Object.keys(bare).indexOf('classifier.bias')]);
  assert.equal(checkpoint.warnings, []);
});
test("LayerNorm's names of TensorFlow times: gamma and beta", () => {
  const old = renamed((name) =>
    /LayerNorm|layer_norm/.test(name) ? name.replace(/weight$/, 'gamma').replace(/bias$/, 'beta') : name,
  );
  assert.is(stored(old)['albert.embeddings.LayerNorm.weight'], 'albert.embeddings.LayerNorm.gamma');
  assert.is(canonicalName('encoder.x.full_layer_layer_norm.beta'), 'albert.encoder.x.full_layer_layer_norm.bias');
});
test('where both names are there, the new one counts', () => {
  const both = { ...shapes, 'albert.embeddings.LayerNorm.gamma': [4], 'embeddings.word_embeddings.weight': [7, 4] };
  const found = stored(both);
  assert.is(found['albert.embeddings.LayerNorm.weight'], 'albert.embeddings.LayerNorm.weight');
  assert.is(found['albert.embeddings.word_embeddings.weight'], 'albert.embeddings.word_embeddings.weight');
  assert.is(
    stored({ 'albert.embeddings.LayerNorm.gamma': [4], ...shapes })['albert.embeddings.LayerNorm.weight'],
    'albert.embeddings.LayerNorm.weight',
  );
});
test('a checkpoint from pretraining: heads, pooler and buffers are left out and listed once, the classifier begins anew', () => {
  const { 'classifier.weight': _, 'classifier.bias': __, ...body } = shapes;
  const { fresh, ignored, warnings, stored } = map({
    ...body,
    'albert.embeddings.position_ids': [1, 5],
    'albert.pooler.weight': [8, 8],
    'albert.pooler.bias': [8],
    'predictions.bias': [7],
    'predictions.LayerNorm.weight': [4],
    'predictions.decoder.weight': [7, 4],
    'sop_classifier.classifier.weight': [2, 8],
    'albert.something.else': [1],
  });
  assert.equal(fresh, ['classifier.weight', 'classifier.bias']);
  assert.not(stored.has('classifier.weight'));
  assert.is(ignored.length, 8);
  assert.equal(warnings, [
    'the classifier for 3 labels begins anew and has to be trained: classifier.weight [3,8] is missing; classifier.bias [3] is missing',
    'tensors that a token classifier has no use for were left out: index buffers (1), pooler (2), masked-language head (3), ' +
      'sentence-order head (1)',
    '1 tensors that ALBERT does not know were left out: albert.something.else',
  ]);
});
test('a classifier of another size begins anew as a whole', () => {
  const { fresh, ignored, warnings, stored } = map({ ...shapes, 'classifier.weight': [9, 8], 'classifier.bias': [9] });
  assert.equal(fresh, ['classifier.weight', 'classifier.bias']);
  assert.equal(ignored, ['classifier.weight', 'classifier.bias']);
  assert.is(warnings.length, 1);
  assert.match(warnings[0]!, /classifier\.weight is \[9,8\], expected \[3,8\]/);
  assert.is(stored.size, Object.keys(shapes).length - 2);
});
test('half a classifier is none', () => {
  const { 'classifier.bias': _, ...rest } = shapes;
  assert.equal(map(rest).fresh, ['classifier.weight', 'classifier.bias']);
});
test('a classifier of the right size for other labels begins anew too', () => {
  const { fresh, warnings } = map(shapes, false);
  assert.equal(fresh, ['classifier.weight', 'classifier.bias']);
  assert.match(warnings.join(), /the stored one is for others/);
});
test('word embeddings that were stored under the name of the head they are tied to', () => {
  const { 'albert.embeddings.word_embeddings.weight': words, ...rest } = shapes;
  const found = stored({ ...rest, 'predictions.decoder.weight': words! });
  assert.is(found['albert.embeddings.word_embeddings.weight'], 'predictions.decoder.weight');
});
test('whatever is missing or has another shape: one error that lists all', () => {
  const {
    'albert.encoder.embedding_hidden_mapping_in.bias': _,
    'albert.embeddings.LayerNorm.weight': __,
    ...rest
  } = shapes;
  try {
    map({ ...rest, 'albert.embeddings.position_embeddings.weight': [512, 4] });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UserError);
    const { message } = error as Error;
    assert.match(message, /^m does not hold the model that its config\.json describes: /);
    assert.match(message, /albert\.embeddings\.position_embeddings\.weight is \[512,4\], expected \[5,4\]/);
    assert.match(message, /albert\.encoder\.embedding_hidden_mapping_in\.bias \[8\] is missing/);
    assert.match(message, /albert\.embeddings\.LayerNorm\.weight \[4\] is missing/);
  }
});
test('weights of another architecture', () => {
  assert.throws(
    () => map({ 'bert.embeddings.word_embeddings.weight': [7, 4], 'cls.bias': [7] }),
    /None of its 2 tensors is one of ALBERT's: bert\.embeddings\.word_embeddings\.weight, cls\.bias/,
  );
});
test.run();
