import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import {
  albertConfigToJson,
  classifierDropout,
  groupOfLayer,
  parseAlbertConfig,
} from '../../src/formats/albert_config.ts';
import { expectedParameters } from '../../src/formats/albert_parameters.ts';
import { PRESET_SIZES } from '../../src/formats/albert_presets.ts';
import { reference } from '../support.ts';

const test = suite('albert config');

function refused(json: unknown, ...expected: RegExp[]): void {
  try {
    parseAlbertConfig(json, 'm/config.json');
  } catch (error) {
    assert.instance(error, UserError);
    for (const pattern of [/^m\/config\.json: /, ...expected]) assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable('accepted');
}

test("an empty object is transformers' AlbertConfig()", () => {
  // print(AlbertConfig()) in transformers 5.23
  assert.equal(parseAlbertConfig({}), {
    vocab_size: 30000,
    embedding_size: 128,
    hidden_size: 4096,
    num_hidden_layers: 12,
    num_hidden_groups: 1,
    inner_group_num: 1,
    num_attention_heads: 64,
    intermediate_size: 16384,
    hidden_act: 'gelu_new',
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    classifier_dropout_prob: 0.1,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    initializer_range: 0.02,
    pad_token_id: 0,
    bos_token_id: 2,
    eos_token_id: 3,
    labels: ['LABEL_0', 'LABEL_1'],
  });
});
test("albert-base's config.json of 2019, with keys that mean nothing here", () => {
  const config = parseAlbertConfig({
    attention_probs_dropout_prob: 0,
    bos_token_id: 2,
    down_scale_factor: 1,
    embedding_size: 128,
    eos_token_id: 3,
    gap_size: 0,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0,
    hidden_size: 768,
    initializer_range: 0.02,
    inner_group_num: 1,
    intermediate_size: 3072,
    max_position_embeddings: 512,
    net_structure_type: 0,
    num_attention_heads: 12,
    num_hidden_groups: 1,
    num_hidden_layers: 12,
    num_labels: 3,
    num_memory_blocks: 0,
    pad_token_id: 0,
    type_vocab_size: 2,
    vocab_size: 30000,
    classifier_dropout_prob: null,
  });
  assert.is(config.hidden_act, 'gelu');
  assert.equal(config.labels, ['LABEL_0', 'LABEL_1', 'LABEL_2']);
  assert.is(classifierDropout(config), 0, 'null means hidden_dropout_prob');
  assert.is(config.layer_norm_eps, 1e-12);
});
test('labels in the order of their numbers, not of the keys', () => {
  const labels = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [String(11 - i), `L${11 - i}`]));
  assert.equal(
    parseAlbertConfig({ id2label: labels }).labels,
    Array.from({ length: 12 }, (_, i) => `L${i}`),
  );
});
test("every name of transformers' activations that is one of ours", () => {
  for (const name of ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'gelu_accurate'])
    assert.is(parseAlbertConfig({ hidden_act: name }).hidden_act, 'gelu_new');
  for (const name of ['gelu', 'gelu_python']) assert.is(parseAlbertConfig({ hidden_act: name }).hidden_act, 'gelu');
  refused({ hidden_act: 'silu' }, /hidden_act is "silu", expected one of gelu_new/);
});
test('all faults at once', () => {
  refused(
    { vocab_size: -1, hidden_size: '768', layer_norm_eps: -1, hidden_dropout_prob: 1, id2label: { 0: 'O', 2: 'B' } },
    /vocab_size is -1/,
    /hidden_size is "768"/,
    /layer_norm_eps is -1/,
    /hidden_dropout_prob is 1/,
    /id2label has "2": "B", expected ids 0 to 1/,
  );
  refused({ hidden_size: 100, num_attention_heads: 3 }, /gives heads of 33\.3/);
  refused({ hidden_size: 36, num_attention_heads: 6 }, /heads of 6, expected a multiple of 4/);
  refused({ embedding_size: 30, num_hidden_groups: 13 }, /embedding_size is 30/, /num_hidden_groups is 13, more than/);
  refused({ id2label: { 0: 'O', 1: 'O' } }, /names a label twice/);
});
test('another model, or none', () => {
  refused({ model_type: 'bert' }, /model_type is "bert"; this package reads "albert" alone/);
  for (const json of [null, [], 'albert']) refused(json, /expected a JSON object/);
});
test('layers take their groups as transformers does: int(layer / (layers / groups))', () => {
  // [int(i / (5 / 2)) for i in range(5)] and [int(i / (12 / 4)) for i in range(12)]
  const groups = (num_hidden_layers: number, num_hidden_groups: number) => {
    const config = parseAlbertConfig({ num_hidden_layers, num_hidden_groups });
    return Array.from({ length: num_hidden_layers }, (_, i) => groupOfLayer(config, i));
  };
  assert.equal(groups(5, 2), [0, 0, 0, 1, 1]);
  assert.equal(groups(12, 4), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
});
for (const name of ['tiny', 'groups', 'odd', 'relu_eps']) {
  const folder = reference(`models/${name}`);
  (folder ? test : test.skip)(`what transformers 5 wrote comes out as it went in: ${name}`, async () => {
    const { transformers_version: _, ...json } = JSON.parse(await readFile(`${folder}/config.json`, 'utf8')) as Record<
      string,
      unknown
    >;
    const written = albertConfigToJson(parseAlbertConfig(json));
    assert.equal(written, json);
    assert.equal(Object.keys(written), Object.keys(json), 'in the same order');
  });
}
test("the published models' sizes", () => {
  // Parameters of AlbertModel without its pooler, in transformers; Lan et al. 2020 round them to 12, 18, 60 and 235 million.
  const expected = { base: 11_092_992, large: 16_634_368, xlarge: 54_528_512, xxlarge: 205_814_272 };
  for (const [name, count] of Object.entries(expected)) {
    const config = parseAlbertConfig({ ...PRESET_SIZES[name as keyof typeof expected] });
    const body = expectedParameters(config).filter((parameter) => !parameter.name.startsWith('classifier'));
    assert.is(
      body.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0),
      count,
      name,
    );
  }
});
test.run();
