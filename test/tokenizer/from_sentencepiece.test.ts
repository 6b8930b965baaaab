import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { readSentencePiece } from '../../src/formats/sentencepiece.ts';
import { tokenizerJsonFromSentencePiece } from '../../src/tokenizer/from_sentencepiece.ts';
import type { NormalizerJson } from '../../src/tokenizer/tokenizer_json.ts';
import { fixture } from '../support.ts';
import { bytes, folders, json } from './folders.ts';

const test = suite('from_sentencepiece');
for (const [name, folder] of Object.entries(folders))
  (folder ? test : test.skip)(`${name}: the tokenizer.json that transformers wrote, to the last score`, () => {
    const model = readSentencePiece(bytes(`${folder}/spiece.model`));
    const built = tokenizerJsonFromSentencePiece(model, json(`${folder}/tokenizer_config.json`));
    assert.equal(JSON.parse(JSON.stringify(built)), json(`${folder}/tokenizer.json`));
  });

const model = readSentencePiece(bytes(fixture('tokenizer/small-cased/spiece.model')));
const steps = (config?: unknown): string[] => {
  const { normalizer } = tokenizerJsonFromSentencePiece(model, config);
  return (normalizer as { normalizers: NormalizerJson[] }).normalizers.map(({ type }) => type);
};
test('the settings decide about case and accents; transformers’ defaults hold without them', () => {
  const quotes = ['Replace', 'Replace'];
  assert.equal(steps(), [...quotes, 'NFKD', 'StripAccents', 'Lowercase', 'Precompiled']);
  assert.equal(steps({ keep_accents: true }), [...quotes, 'Lowercase', 'Precompiled']);
  assert.equal(steps({ do_lower_case: false }), [...quotes, 'NFKD', 'StripAccents', 'Precompiled']);
  assert.equal(steps({ do_lower_case: false, keep_accents: true }), [...quotes, 'Precompiled']);
});
test('a model without a normalisation table gets no step for it', () => {
  const plain = { ...model, normalizer: { ...model.normalizer, precompiledCharsmap: new Uint8Array() } };
  const { normalizer } = tokenizerJsonFromSentencePiece(plain, { do_lower_case: false, keep_accents: true });
  assert.is((normalizer as { normalizers: NormalizerJson[] }).normalizers.length, 2);
});
test('refuses a vocabulary that is no ALBERT’s', () => {
  const rejects = (parts: object, pattern: RegExp) =>
    assert.throws(
      () => tokenizerJsonFromSentencePiece({ ...model, ...parts }),
      (error: unknown) => error instanceof UserError && pattern.test(error.message),
    );
  rejects({ modelType: 'bpe' }, /of type bpe/);
  rejects({ unkId: 270 }, /names 270 as its unknown piece and has 270 pieces/);
  rejects({ pieces: model.pieces.filter(({ piece }) => piece !== '[SEP]') }, /lacks the piece \[SEP\]/);
});
test.run();
