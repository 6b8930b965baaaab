import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlbertTokenizer } from '../../src/tokenizer/tokenizer.ts';
import { tokenizerFiles } from '../../src/tokenizer/tokenizer_files.ts';
import { fixture } from '../support.ts';
import { bytes, folders, json, load } from './folders.ts';

const parsed = (files: Map<string, string | Uint8Array>, name: string): Record<string, unknown> =>
  JSON.parse(files.get(name) as string) as Record<string, unknown>;

const test = suite('tokenizer_files');
for (const [name, folder] of Object.entries(folders)) {
  (folder ? test : test.skip)(`${name}: what is written says what transformers wrote`, () => {
    const files = tokenizerFiles(load(folder!), { modelMaxLength: 512 });
    assert.equal(parsed(files, 'tokenizer.json'), json(`${folder}/tokenizer.json`));
    const written = parsed(files, 'tokenizer_config.json');
    const stored = json(`${folder}/tokenizer_config.json`) as Record<string, unknown>;
    for (const key of Object.keys(written))
      if (key !== 'model_max_length') assert.equal(written[key], stored[key], key);
    assert.is(written.model_max_length, 512);
    assert.is(parsed(files, 'special_tokens_map.json').mask_token, '[MASK]');
  });
}
test('a SentencePiece model goes along, byte for byte', () => {
  const spieceModel = bytes(fixture('tokenizer/small-cased/spiece.model'));
  const tokenizer = load(fixture('tokenizer/small-cased'));
  assert.is(tokenizerFiles(tokenizer, { spieceModel }).get('spiece.model'), spieceModel);
  assert.not.ok(tokenizerFiles(tokenizer).has('spiece.model'));
});
test('no limit is written where there is none', () => {
  const config = parsed(tokenizerFiles(load(fixture('tokenizer/small-cased'))), 'tokenizer_config.json');
  assert.not.ok('model_max_length' in config);
});
test('the settings are those of tokenizer.json, whatever tokenizer_config.json said', () => {
  const cased = json(fixture('tokenizer/small-cased/tokenizer.json'));
  const config = parsed(tokenizerFiles(AlbertTokenizer.fromJson(cased)), 'tokenizer_config.json');
  assert.equal([config.do_lower_case, config.keep_accents], [false, true]);
});
test('a tokenizer that AlbertTokenizer cannot be is written as one that takes the whole file', () => {
  const cased = json(fixture('tokenizer/small-cased/tokenizer.json')) as object;
  const other = AlbertTokenizer.fromJson({ ...cased, pre_tokenizer: { type: 'Metaspace', replacement: '▁' } });
  const config = parsed(tokenizerFiles(other), 'tokenizer_config.json');
  assert.is(config.tokenizer_class, 'PreTrainedTokenizerFast');
  assert.not.ok('do_lower_case' in config);
});
test('what is written reads as the same tokenizer', () => {
  for (const { parts } of json(fixture('tokenizer/variants.json')) as { parts: object }[]) {
    const cased = json(fixture('tokenizer/small-cased/tokenizer.json')) as object;
    const tokenizer = AlbertTokenizer.fromJson({ ...cased, ...parts });
    const files = tokenizerFiles(tokenizer);
    const again = AlbertTokenizer.fromJson(parsed(files, 'tokenizer.json'), parsed(files, 'tokenizer_config.json'));
    const text = "Die  Straße [MASK] (x) ``ab'' é ";
    assert.equal(again.encode(text), tokenizer.encode(text));
  }
});
test.run();
